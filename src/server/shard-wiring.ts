// Joins sharded mode to a data thread: virtual connections behind those of clients, the rings to
// the other threads, and how this one is woken for them. A thread without it has nothing of all
// that.

import type { SendRegion, Transport } from "../batch/send-windows.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import type { Clock } from "../lib/clock.ts";
import type { ForeignLocal } from "../lib/thread-mode.ts";
import type { Engine } from "../net/engine.ts";
import type { ShardBuffers } from "../shard/shard-buffers.ts";
import { Shards, virtualConnectionCount } from "../shard/shards.ts";
import { loadUringLibc } from "../uring/uring-libc.ts";
import type { DataThread, DataThreadOptions } from "./data-thread.ts";
import type { Pipeline } from "./pipeline.ts";

export interface ShardOptions {
  /** With it, the keys are divided among the threads. */
  readonly shards?: ShardBuffers;
  /** Left out, a thread executes what it can of requests for others' keys. */
  readonly foreignLocal?: ForeignLocal;
}

/** Connection numbers besides those of clients. */
export function virtualCountOf({ shards, threads }: DataThreadOptions): number {
  return shards === undefined || threads === undefined ? 0 : virtualConnectionCount(threads.count);
}

type SharedParts = "batch" | "store" | "windows" | "sends" | "connections";

/** Null when the keys are not divided among threads. The pipeline may come later. */
export function openShards(
  thread: Pick<DataThread, SharedParts | "pipeline">,
  options: DataThreadOptions,
  clock: Clock,
): Shards | null {
  const { shards: buffers, threads, maxClients: clientCount } = options;
  if (buffers === undefined || threads === undefined) return null;
  const pipeline = (): Pipeline => thread.pipeline;
  const { batch, store, windows, sends, connections } = thread;
  return new Shards({
    index: threads.index,
    buffers,
    batch,
    store,
    windows,
    sends,
    connections,
    clientCount,
    segmentBits: options.store.segmentBits,
    foreignLocal: options.foreignLocal ?? "writes",
    clock,
    host: {
      decode: (connection) => pipeline().turn.decode(connection),
      release: (connection) => pipeline().turn.release(connection),
      touch: (connection) => pipeline().turn.touch(connection),
      unpark: (connection) => pipeline().unpark(connection),
      requestTurn: () => pipeline().requestTurn(),
    },
  });
}

/** To sockets; replies of virtual connections go to the shards. The engine may come later. */
export function makeTransport(
  thread: Pick<DataThread, "engine" | "shards">,
  { shards, maxClients }: DataThreadOptions,
): Transport {
  const toSockets: Transport = {
    send: (connection: number, bytes: ByteArea, offset: number, length: number) =>
      thread.engine.send(connection, bytes, offset, length),
    sendRegions: (connection: number, regions: readonly SendRegion[]) =>
      thread.engine.sendRegions(connection, regions),
  };
  if (shards === undefined) return toSockets;
  return {
    send: toSockets.send,
    sendRegions: (connection, regions) =>
      connection < maxClients
        ? thread.engine.sendRegions(connection, regions)
        : thread.shards!.sendRegions(regions),
  };
}

/** The engine is there: it can be woken. */
export function attachShards(shards: Shards | null, engine: Engine, pipeline: Pipeline): void {
  if (shards === null) return;
  const libc = engine.loop === null ? null : loadUringLibc();
  shards.attach({
    descriptor: engine.loop?.doorbell ?? -1,
    ringDescriptor: (descriptor) => libc?.eventfdWrite(descriptor, 1),
    heard: () => pipeline.runTurn(),
  });
}
