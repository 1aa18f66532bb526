// The data threads of a simulated server, all in the test's own thread: they have everything in
// common that those of a real one have, and go on one at a time, when the test says so.
//
//   thread 0 ─┬─ store, rings, board, …     one for all
//   thread 1 ─┘
//   thread 0 ◀─▶ thread 1                   sharded mode: rings, and a bell instead of an eventfd

import type { Clock } from "../../src/lib/clock.ts";
import type { Log } from "../../src/lib/log.ts";
import { DataThread, type DataThreadOptions } from "../../src/server/data-thread.ts";
import type { SnapshotOptions, WalConnection } from "../../src/server/durability.ts";
import { reserveSharedBuffers } from "../../src/server/shared-buffers.ts";
import { setUpThreads, type ThreadSetup } from "../../src/server/thread-setup.ts";
import type { ForeignLocal, ThreadMode } from "../../src/lib/thread-mode.ts";
import { reserveShardBuffers } from "../../src/shard/shard-buffers.ts";
import { createJoinedProducer } from "../../src/wal/joined-producer.ts";
import { JournalShare } from "../../src/wal/journal-share.ts";
import { createWalProducer } from "../../src/wal/staged-producer.ts";
import type { WalProducer } from "../../src/wal/wal-buffer.ts";
import { WalDoorbell } from "../../src/wal/wal-control.ts";
import { SimulatedEngine } from "./simulated-engine.ts";

export interface ThreadChoice {
  readonly count: number;
  readonly mode: ThreadMode;
  readonly foreignLocal?: ForeignLocal;
  /** Bytes of each ring between two threads of sharded mode. */
  readonly shardRingSize?: number;
}

export const ONE_THREAD: ThreadChoice = { count: 1, mode: "shared" };

export interface DataThreadsParts {
  readonly choice: ThreadChoice;
  readonly options: DataThreadOptions;
  readonly clock: Clock;
  readonly log: Log;
  /** The rings, by partition. */
  readonly buffers: readonly SharedArrayBuffer[];
  readonly wal: Pick<WalConnection, "policy" | "segmentBits" | "timeoutMs">;
  readonly snapshots: SnapshotOptions;
  readonly wrapProducer: (producer: WalProducer) => WalProducer;
  /** A thread of sharded mode rings for another. */
  readonly ring: (thread: number) => void;
}

export interface DataThreads {
  readonly threads: readonly DataThread[];
  /** By partition: those of the first thread, whatever stands before them. */
  readonly producers: readonly WalProducer[];
}

export function makeDataThreads(parts: DataThreadsParts): DataThreads {
  const { choice, options, buffers, wrapProducer } = parts;
  const setups = setUpThreads(choice.count, choice.mode);
  const shared = { ...options, ...reserveShared(choice, setups[0]!, options.maxMemoryBytes) };
  const doorbell = new WalDoorbell();
  const share = choice.count === 1 ? null : JournalShare.reserve(choice.count);
  const producersOf = setups.map(() =>
    buffers.map((buffer) =>
      share === null
        ? createWalProducer(buffer, doorbell, 0)
        : createJoinedProducer(buffer, doorbell),
    ),
  );
  const threads = setups.map((threads, index) => {
    const wal: WalConnection = {
      ...parts.wal,
      producers: producersOf[index]!.map(wrapProducer),
      share: share === null ? null : new JournalShare(share, index),
      snapshots: index === 0 ? parts.snapshots : null,
    };
    return makeDataThread(parts, choice.count === 1 ? options : { ...shared, threads }, wal);
  });
  return { threads, producers: producersOf[0]! };
}

function reserveShared(
  { count, shardRingSize, foreignLocal = "writes" }: ThreadChoice,
  setup: ThreadSetup,
  maxMemoryBytes: number,
): Partial<DataThreadOptions> {
  const shared = reserveSharedBuffers({ ...setup, mode: "shared" }, maxMemoryBytes);
  if (setup.mode === "shared") return shared;
  return { ...shared, foreignLocal, shards: reserveShardBuffers(count, shardRingSize) };
}

function makeDataThread(
  { clock, log, ring }: DataThreadsParts,
  options: DataThreadOptions,
  wal: WalConnection,
): DataThread {
  const thread = new DataThread(
    options,
    clock,
    null,
    (windows, handlers, count) => new SimulatedEngine(windows, handlers, count),
    { log },
    wal,
  );
  // As an engine with an eventfd is woken: nothing comes by message.
  thread.shards?.close();
  thread.shards?.attach({
    descriptor: options.threads!.index,
    ringDescriptor: ring,
    heard: () => {},
  });
  return thread;
}
