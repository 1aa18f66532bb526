// The Worker that a WAL thread runs in: has a WalWriter step over the real disk, and sleeps on its
// doorbell when there is nothing to do.
//
// In its loop it hears no messages. It leaves the loop when a call has been counted whose message
// it has not heard, and that message brings it back.

import { loadUringLibc } from "../uring/uring-libc.ts";
import { DiskError } from "../wal/disk.ts";
import { RealDisk } from "../wal/real-disk.ts";
import { WalDoorbell } from "../wal/wal-control.ts";
import { WalWriter } from "../wal/wal-writer.ts";
import type { FromWalThread, ToWalThread, WalStartMessage } from "./wal-message.ts";

declare const self: Worker;

let writer: WalWriter | null = null;
let doorbell: WalDoorbell | null = null;
let heardCount = 0;
let isFailureReported = false;

self.onmessage = (event: MessageEvent<ToWalThread>) => {
  heardCount = (heardCount + 1) | 0;
  answer(event.data);
  // Not before what was answered has left.
  setTimeout(run, 0);
};

function answer(message: ToWalThread): void {
  if (message.kind === "start") start(message);
  else if (message.kind === "start-epoch") startEpoch(message);
  else {
    writer!.endEpoch(performance.now());
    report({ kind: "epoch-ended", failure: writer!.error?.message ?? "" });
  }
}

function start(message: WalStartMessage): void {
  const { directory, partitions, options, ringDescriptors } = message;
  doorbell = new WalDoorbell(message.doorbell);
  const ring = makeRing(ringDescriptors);
  writer = new WalWriter(new RealDisk(directory), partitions, options, ring);
  report({ kind: "started" });
}

function startEpoch({
  epoch,
  position,
  isAfterFailure,
}: ToWalThread & { kind: "start-epoch" }): void {
  try {
    writer!.startEpoch(epoch, position, isAfterFailure);
    isFailureReported = false;
    report({ kind: "epoch-started", epoch });
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    report({ kind: "epoch-failed", code: error.code, message: error.message });
  }
}

function makeRing(descriptors: readonly number[]): () => void {
  if (descriptors.length === 0) return () => report({ kind: "progress" });
  const libc = loadUringLibc();
  return () => {
    for (const descriptor of descriptors) libc?.eventfdWrite(descriptor, 1);
  };
}

/** Steps until a message has been posted. */
function run(): void {
  const stepping = writer!;
  const bell = doorbell!;
  const isCalled = (): boolean => bell.callCount() !== heardCount;
  const step = (): boolean => stepping.step(performance.now()) === "worked";
  while (!isCalled()) {
    if (step()) continue;
    reportFailure();
    bell.sleep(() => {
      stepping.armWakeUps();
      if (isCalled() || step()) return 0;
      return stepping.nextDueMs() - performance.now();
    });
  }
}

function reportFailure(): void {
  const error = writer!.error;
  if (error === null || isFailureReported) return;
  isFailureReported = true;
  report({ kind: "failed", code: error.code, message: error.message });
}

function report(message: FromWalThread): void {
  self.postMessage(message);
}
