// Tells which requests a data thread executes, in the order in which it does, by listening in front
// of its executor and of its front.

import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { PART, RESP_OPCODE_MIN } from "../../src/protocol/resp-opcode.ts";
import type { DataThread } from "../../src/server/data-thread.ts";

/** Why writes are refused while a request is executed. */
export type Refusal = "none" | "failed" | "refused";

export type OnExecuted = (connection: number, refusal: Refusal) => void;

export function watchExecution(thread: DataThread, onExecuted: OnExecuted): void {
  const { batch, executor, front, connections, windows } = thread;
  const { journal } = thread.durability!;

  function refusal(): Refusal {
    if (journal.failure() !== 0 || journal.isSuspended) return "failed";
    return journal.isRefusing ? "refused" : "none";
  }

  const run = executor.run;
  executor.run = () => {
    const rows = Array.from({ length: batch.count }, (_, row) => ({
      connection: batch.connections[row]!,
      frameOffset: batch.frameOffsets[row]!,
      isLast: batch.opcodes[row]! < RESP_OPCODE_MIN || (batch.parts[row]! & PART.LAST) !== 0,
    }));
    const before = refusal();
    run();
    for (const { connection, frameOffset, isLast } of rows) {
      const isBlocked = connections.is(connection, CONNECTION.BLOCKED);
      if (isBlocked && frameOffset >= windows.begins[connection]!) continue;
      if (isLast) onExecuted(connection, before);
    }
  };
  for (const name of ["execute", "executeInline", "executeLongCommand"] as const) {
    const execute = front[name].bind(front);
    front[name] = (connection) => {
      const before = refusal();
      const isExecuted = execute(connection);
      if (isExecuted) onExecuted(connection, before);
      return isExecuted;
    };
  }
}
