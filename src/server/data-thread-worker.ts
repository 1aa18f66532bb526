// The Worker that a data thread runs in: starts it, and does what the mailbox asks.
//
// An engine with a loop of its own keeps the thread until it is to stop: then no message arrives,
// and the doorbell is an eventfd.

import { lookup } from "node:dns/promises";
import { threadClock, type Clock } from "../lib/clock.ts";
import { threadHeap } from "../lib/heap.ts";
import { Log, type LogLevel } from "../lib/log.ts";
import { loadLibc } from "../lib/libc.ts";
import type { EngineLoop, ListenAddress } from "../net/engine.ts";
import { DataThread, TICK_INTERVAL_MS } from "./data-thread.ts";
import type { SnapshotOptions, WalConnection } from "./durability.ts";
import { chooseEngine } from "./engine-choice.ts";
import { GarbageSchedule } from "./garbage-schedule.ts";
import { Mailbox, REQUEST } from "./mailbox.ts";
import { SnapshotControl } from "./snapshot-control.ts";
import { recoverThread } from "./thread-recovery.ts";
import { connectRings, type WalSetup } from "./wal-setup.ts";
import type {
  FromDataThread,
  ListenMessage,
  LogBeginning,
  StartMessage,
  ToDataThread,
} from "./thread-message.ts";
import { ONLY_THREAD } from "./thread-setup.ts";

declare const self: Worker;

let thread: DataThread | null = null;
let mailbox: Mailbox | null = null;

const mayListen = Promise.withResolvers<ListenMessage>();
const othersStopped = Promise.withResolvers<void>();

self.onmessage = (event: MessageEvent<ToDataThread>) => {
  const message = event.data;
  if (message.kind === "start") void start(message);
  else if (message.kind === "listen") mayListen.resolve(message);
  else if (message.kind === "others-stopped") othersStopped.resolve();
  else answerDoorbell();
};

async function start(message: StartMessage): Promise<void> {
  mailbox = new Mailbox(message.mailbox);
  const { wal } = message;
  const { threads = ONLY_THREAD } = message.options;
  const isFirst = threads.index === 0;
  let isRecovery = false;
  try {
    const { make, reason } = chooseEngine(message.io);
    const libc = loadLibc();
    const options = { ...message.options, engineReason: reason };
    const calls = {
      wantMemory: () => report({ kind: "want-memory" }),
      requestStop: () => report({ kind: "stop-requested" }),
      closed: async () => {
        report({ kind: "closed" });
        if (isFirst && threads.count > 1) await othersStopped.promise;
      },
    };
    const clock = threadClock(libc);
    const connection = wal === null ? null : connectLog(wal, threads.index);
    thread = new DataThread(options, clock, libc, make, calls, connection);
    const recovers = wal !== null && isFirst;
    isRecovery = recovers;
    const log = recovers ? recoverFrom(wal, thread, clock, options.resp.logLevel) : null;
    isRecovery = false;
    const { loop, name } = thread.engine;
    report({ kind: "prepared", doorbell: loop?.doorbell ?? -1, log });
    const { addresses: wanted } = await mayListen.promise;
    // One that has recovered nothing writes to the log that the first has begun.
    if (!isFirst) thread.durability?.join();
    const addresses = thread.listen(loop === null ? wanted : await resolveHosts(wanted));
    report({ kind: "ready", addresses, engine: name, engineReason: reason });
    const collectGarbage = makeGarbageTick(thread);
    // Not before the message has left.
    if (loop !== null) setTimeout(() => serve(loop, collectGarbage), 0);
    else setInterval(collectGarbage, TICK_INTERVAL_MS).unref();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const text = error instanceof Error ? error.message : `${error}`;
    report({ kind: "failed", code, message: text, isRecovery });
  }
}

/** Only the first thread makes snapshots. */
function connectLog(setup: WalSetup, threadIndex: number): WalConnection {
  const snapshots: SnapshotOptions = {
    control: new SnapshotControl(setup.snapshotControl),
    chunks: setup.snapshotChunks,
    send: report,
    intervalMs: setup.snapshotIntervalMs,
    walBytes: setup.snapshotWalBytes,
  };
  return {
    ...connectRings(setup, threadIndex),
    policy: setup.policy,
    segmentBits: setup.meta.segmentBits,
    timeoutMs: setup.timeoutMs,
    snapshots: threadIndex === 0 ? snapshots : null,
  };
}

/** Where the log is to go on; until it does, nothing may be written to it. */
function recoverFrom(
  setup: WalSetup,
  recovering: DataThread,
  clock: Clock,
  level: LogLevel,
): LogBeginning {
  const result = recoverThread(recovering, setup, clock, new Log({ level }));
  const { nextEpoch: epoch, nextPosition: position, nextSnapshotNumber } = result;
  recovering.durability!.start(epoch, position, nextSnapshotNumber);
  recovering.persistence!.recoveredKeyCount = recovering.store.keyCount;
  // The next start would refuse what this one has passed over.
  if (result.lost.length > 0) recovering.durability!.save();
  return { epoch, position };
}

function serve(loop: EngineLoop, collectGarbage: () => void): void {
  const tick = (): void => {
    thread!.tick();
    collectGarbage();
  };
  loop.run(TICK_INTERVAL_MS, tick, answerDoorbell);
}

/** To be called at each tick. */
function makeGarbageTick({ executor, service, connections }: DataThread): () => void {
  const schedule = new GarbageSchedule(threadHeap);
  return () => {
    const requestCount = executor.totalCount() + service.stats.totalCalls;
    const workCount = requestCount + connections.acceptedCount;
    schedule.tick(performance.now(), workCount, executor.fastCount);
  };
}

function answerDoorbell(): void {
  if (mailbox === null || thread === null) return;
  thread.durability?.progress();
  if ((mailbox.take() & REQUEST.STOP) === 0) return;
  thread.engine.loop?.leave();
  void stop(thread);
}

async function stop(stopping: DataThread): Promise<void> {
  await stopping.stop();
  report({ kind: "stopped", failure: stopping.durability?.failure() ?? "" });
}

/** Names become addresses, as Bun would make them. */
async function resolveHosts(addresses: readonly ListenAddress[]): Promise<ListenAddress[]> {
  return Promise.all(
    addresses.map(async (address) => {
      if (address.kind === "unix") return address;
      return { ...address, host: (await lookup(address.host)).address };
    }),
  );
}

function report(message: FromDataThread): void {
  self.postMessage(message);
}
