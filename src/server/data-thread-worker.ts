// The Worker that a data thread runs in: starts it, and does what the mailbox asks.
//
// An engine with a loop of its own keeps the thread until it is to stop: then no message arrives,
// and the doorbell is an eventfd.

import { lookup } from "node:dns/promises";
import { threadClock, type Clock } from "../lib/clock.ts";
import { Log, type LogLevel } from "../lib/log.ts";
import { loadLibc } from "../lib/libc.ts";
import type { EngineLoop, ListenAddress } from "../net/engine.ts";
import { DataThread, TICK_INTERVAL_MS } from "./data-thread.ts";
import { createWalProducer } from "../wal/wal-buffer.ts";
import { WalDoorbell } from "../wal/wal-control.ts";
import type { WalConnection } from "./durability.ts";
import { chooseEngine } from "./engine-choice.ts";
import { Mailbox, REQUEST } from "./mailbox.ts";
import { SnapshotControl } from "./snapshot-control.ts";
import { recoverThread } from "./thread-recovery.ts";
import type { WalSetup } from "./wal-setup.ts";
import type { FromDataThread, StartMessage, ToDataThread } from "./thread-message.ts";

declare const self: Worker;

let thread: DataThread | null = null;
let mailbox: Mailbox | null = null;

let logStarted: () => void = () => {};

self.onmessage = (event: MessageEvent<ToDataThread>) => {
  if (event.data.kind === "start") void start(event.data);
  else if (event.data.kind === "log-started") logStarted();
  else answerDoorbell();
};

async function start(message: StartMessage): Promise<void> {
  mailbox = new Mailbox(message.mailbox);
  let isRecovery = false;
  try {
    const { make, reason } = chooseEngine(message.io);
    const libc = loadLibc();
    const options = { ...message.options, engineReason: reason };
    const { wal } = message;
    const calls = {
      wantMemory: () => report({ kind: "want-memory" }),
      requestStop: () => report({ kind: "stop-requested" }),
      closed: () => report({ kind: "closed" }),
    };
    const clock = threadClock(libc);
    const log = wal === null ? null : connectLog(wal);
    thread = new DataThread(options, clock, libc, make, calls, log);
    isRecovery = wal !== null;
    if (wal !== null) await recoverFrom(wal, thread, clock, options.resp.logLevel);
    isRecovery = false;
    const { loop, name } = thread.engine;
    const wanted = loop === null ? message.addresses : await resolveHosts(message.addresses);
    const addresses = thread.listen(wanted);
    const doorbell = loop?.doorbell ?? -1;
    report({ kind: "ready", addresses, engine: name, engineReason: reason, doorbell });
    // Not before the message has left.
    if (loop !== null) setTimeout(() => serve(loop), 0);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const text = error instanceof Error ? error.message : `${error}`;
    report({ kind: "failed", code, message: text, isRecovery });
  }
}

function connectLog(setup: WalSetup): WalConnection {
  const doorbells = setup.doorbells.map((buffer) => new WalDoorbell(buffer));
  return {
    producers: setup.buffers.map((buffer, partition) =>
      createWalProducer(buffer, doorbells[partition % doorbells.length]!, 0),
    ),
    policy: setup.policy,
    segmentBits: setup.meta.segmentBits,
    timeoutMs: setup.timeoutMs,
    snapshots: {
      control: new SnapshotControl(setup.snapshotControl),
      chunks: setup.snapshotChunks,
      send: report,
      intervalMs: setup.snapshotIntervalMs,
      walBytes: setup.snapshotWalBytes,
    },
  };
}

/** Settles when the log takes records where the recovered ones end. */
async function recoverFrom(
  setup: WalSetup,
  recovering: DataThread,
  clock: Clock,
  level: LogLevel,
): Promise<void> {
  const result = recoverThread(recovering, setup, clock, new Log({ level }));
  const { nextEpoch, nextPosition, nextSnapshotNumber } = result;
  recovering.durability!.start(nextEpoch, nextPosition, nextSnapshotNumber);
  recovering.persistence!.recoveredKeyCount = recovering.store.keyCount;
  // The next start would refuse what this one has passed over.
  if (result.lost.length > 0) recovering.durability!.save();
  const started = new Promise<void>((resolve) => {
    logStarted = resolve;
  });
  const doorbell = recovering.engine.loop?.doorbell ?? -1;
  report({ kind: "recovered", epoch: nextEpoch, position: nextPosition, doorbell });
  await started;
}

function serve(loop: EngineLoop): void {
  loop.run(TICK_INTERVAL_MS, () => thread!.tick(), answerDoorbell);
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
