// Tells which requests a data thread executes, in the order in which it does, by listening in front
// of its executor and of its front; in sharded mode also which it leaves to the owner of their key,
// and which it executes as owner for another thread.

import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { ROUTE } from "../../src/command/row-router.ts";
import { PART, RESP_OPCODE, RESP_OPCODE_MIN } from "../../src/protocol/resp-opcode.ts";
import type { DataThread } from "../../src/server/data-thread.ts";
import { virtualConnectionCount } from "../../src/shard/shards.ts";

/** Why writes are refused while a request is executed. */
export type Refusal = "none" | "failed" | "refused";

/** How a thread executes a request of one of its own clients. */
export interface Manner {
  readonly refusal: Refusal;
  /** It may come before what other threads have of its client: its key is not theirs. */
  readonly mayOvertake: boolean;
  /** Its reply waits for those of other threads. */
  readonly isKept: boolean;
  /** Of its key; null = it may have several. */
  readonly hash: number | null;
}

export interface ExecutionWatcher {
  executed(connection: number, manner: Manner): void;
  /** Left to another thread; not `isSent`: its client is told that this took too long. */
  sent?(connection: number, owner: number, isSent: boolean, hash: number): void;
  /** The next one that another thread has sent, over its virtual connection of that kind. */
  served?(guest: number, refusal: Refusal): void;
}

interface Row {
  readonly connection: number;
  readonly frameOffset: number;
  readonly isLast: boolean;
  readonly mayOvertake: boolean;
  readonly hash: number;
}

export function watchExecution(
  thread: DataThread,
  watcher: ExecutionWatcher,
  clientCount: number,
): void {
  const { batch, executor, front, connections, windows, shards, store } = thread;
  const { journal } = thread.durability!;
  const shift = 32 - Math.log2(store.segments.segmentCount);
  const threadCount = shards === null ? 1 : countOf(thread, clientCount);
  const left = new Map<number, boolean>();
  const kept = new Set<number>();

  function refusal(): Refusal {
    if (journal.failure() !== 0 || journal.isSuspended) return "failed";
    return journal.isRefusing ? "refused" : "none";
  }

  if (shards !== null) {
    const { router, figures } = shards;
    for (const name of ["route", "pass"] as const) {
      const ask = router[name].bind(router);
      router[name] = (row, connection) => {
        const sentCount = figures.foreignCount;
        const target = ask(row, connection);
        if (target === ROUTE.SENT) left.set(row, figures.foreignCount !== sentCount);
        else if (target >= 0 && target !== connection) kept.add(row);
        return target;
      };
    }
  }

  function readRows(): Row[] {
    return Array.from({ length: batch.count }, (_, row) => {
      const opcode = batch.opcodes[row]!;
      const isV1 = opcode < RESP_OPCODE_MIN;
      const isOfOneKey = batch.parts[row] === PART.ONLY && batch.databases[row] === 0;
      return {
        connection: batch.connections[row]!,
        frameOffset: batch.frameOffsets[row]!,
        isLast: isV1 || (batch.parts[row]! & PART.LAST) !== 0,
        mayOvertake: isV1 || opcode === RESP_OPCODE.PING || isOfOneKey,
        hash: batch.hashes[row]!,
      };
    });
  }

  function tell(row: Row, index: number, before: Refusal): void {
    const { connection } = row;
    if (connection >= clientCount) {
      watcher.served!(connection - clientCount, before);
      return;
    }
    const isSent = left.get(index);
    if (isSent !== undefined) {
      watcher.sent!(connection, (row.hash >>> shift) % threadCount, isSent, row.hash);
      return;
    }
    const { mayOvertake, hash } = row;
    watcher.executed(connection, { refusal: before, mayOvertake, isKept: kept.has(index), hash });
  }

  const run = executor.run;
  executor.run = () => {
    const rows = readRows();
    const before = refusal();
    left.clear();
    kept.clear();
    run();
    for (const [index, row] of rows.entries()) {
      const isBlocked = connections.is(row.connection, CONNECTION.BLOCKED);
      if (isBlocked && row.frameOffset >= windows.begins[row.connection]!) continue;
      if (row.isLast) tell(row, index, before);
    }
  };
  for (const name of ["execute", "executeInline", "executeLongCommand"] as const) {
    const execute = front[name].bind(front);
    front[name] = (connection) => {
      const before = refusal();
      const isExecuted = execute(connection);
      const manner = { refusal: before, mayOvertake: false, isKept: false, hash: null };
      if (isExecuted) watcher.executed(connection, manner);
      return isExecuted;
    };
  }
}

/** Of threads, by the virtual connections that there are for them. */
function countOf({ connections }: DataThread, clientCount: number): number {
  const virtualCount = connections.flags.length - clientCount;
  return virtualCount - virtualConnectionCount(0);
}
