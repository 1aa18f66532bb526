// The data thread's Worker, with the fault that its environment names.

import { StringCommands } from "../../src/command/string-commands.ts";
import { FAULT_MESSAGE, FAULT_VARIABLE } from "./data-thread-fault.ts";
import "../../src/server/data-thread-worker.ts";

declare const self: Worker;

if (process.env[FAULT_VARIABLE] === "dies-at-start") self.onmessage = breakInvariant;
StringCommands.prototype.del =
  process.env[FAULT_VARIABLE] === "exits-at-del" ? () => process.exit(0) : breakInvariant;

function breakInvariant(): never {
  throw new Error(FAULT_MESSAGE);
}
