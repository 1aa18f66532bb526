// The data thread's Worker, with the fault that its environment names.

import { StringCommands } from "../../src/command/string-commands.ts";
import type { StartMessage, ToDataThread } from "../../src/server/thread-message.ts";
import { STRUCTURE_LOCK } from "../../src/store/control-memory.ts";
import type { StoreBuffers } from "../../src/store/store-buffers.ts";
import { FAULT_MESSAGE, FAULT_VARIABLE, FAULTY_THREAD_VARIABLE } from "./data-thread-fault.ts";
import "../../src/server/data-thread-worker.ts";

declare const self: Worker;

/** Behind the lock's word, those who sleep on it: store-locks.ts. */
const STRUCTURE_SLEEPERS = STRUCTURE_LOCK + 1;

const fault = process.env[FAULT_VARIABLE];
const faultyThread = Number(process.env[FAULTY_THREAD_VARIABLE] ?? 0);
const receive = self.onmessage!;

self.onmessage = (event: MessageEvent<ToDataThread>) => {
  const { data: message } = event;
  const isFaulty =
    message.kind === "start" && (message.options.threads?.index ?? 0) === faultyThread;
  if (isFaulty) breakThread(message);
  receive.call(self, event);
};

function breakThread({ options }: StartMessage): void {
  if (fault === "dies-at-start") breakInvariant();
  const { prototype } = StringCommands;
  if (fault === "exits-at-del") prototype.del = () => process.exit(0);
  else if (fault === "dies-locked-at-del") prototype.del = () => dieLocked(options.store);
  else prototype.del = breakInvariant;
}

/** DEL is executed with the lock, because it may remove a key. */
function dieLocked({ control }: StoreBuffers): never {
  const words = new Int32Array(control);
  while (Atomics.load(words, STRUCTURE_SLEEPERS) === 0);
  breakInvariant();
}

function breakInvariant(): never {
  throw new Error(FAULT_MESSAGE);
}
