// The Worker that a data thread runs in: starts it, and does what the mailbox asks.

import { threadClock } from "../lib/clock.ts";
import { loadLibc } from "../lib/libc.ts";
import { DataThread, makeListenEngine } from "./data-thread.ts";
import { Mailbox, REQUEST } from "./mailbox.ts";
import type { FromDataThread, StartMessage, ToDataThread } from "./thread-message.ts";

declare const self: Worker;

let thread: DataThread | null = null;
let mailbox: Mailbox | null = null;

self.onmessage = (event: MessageEvent<ToDataThread>) => {
  if (event.data.kind === "start") start(event.data);
  else void answerDoorbell();
};

function start(message: StartMessage): void {
  mailbox = new Mailbox(message.mailbox);
  try {
    const libc = loadLibc();
    thread = new DataThread(message.options, threadClock(libc), libc, makeListenEngine, () =>
      report({ kind: "want-memory" }),
    );
    const addresses = thread.listen(message.addresses);
    report({ kind: "ready", addresses, engine: thread.engine.name });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    report({ kind: "failed", code, message: error instanceof Error ? error.message : `${error}` });
  }
}

async function answerDoorbell(): Promise<void> {
  if (mailbox === null || thread === null) return;
  if ((mailbox.take() & REQUEST.STOP) === 0) return;
  await thread.stop();
  report({ kind: "stopped" });
}

function report(message: FromDataThread): void {
  self.postMessage(message);
}
