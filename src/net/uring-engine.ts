// The engine over io_uring: one system call a turn submits every reply and every next receive,
// waits, and brings whatever has happened on any socket.
//
//   turn   enter ─▶ completions ─▶ received(), sent(), opened() … ─▶ turnEnded() ─▶ sends, receives
//            ▲                                                                           │ queued
//            └───────────────────────────────────────────────────────────────────────────┘
//
// A thread that serves stays in `run` and takes no timers or messages meanwhile: what it has to do
// now and then is an operation of the ring (a timeout), and so is what others want of it (an
// eventfd, the doorbell). Without `run` the ring is looked at from the event loop: tests do so, and
// a server that stops.
//
// Closures over constants: see src/command/fast-commands.ts.

import type { ReceiveWindows } from "../batch/receive-windows.ts";
import {
  CQE_FLAGS_WORD,
  CQE_RES_WORD,
  CQE_USER_DATA_HIGH_WORD,
  CQE_USER_DATA_LOW_WORD,
  EFD_CLOEXEC,
  IORING_CQE_F_MORE,
  IOSQE_FIXED_FILE,
  TIMESPEC_NANOSECONDS_WORD,
  TIMESPEC_WORDS,
} from "../uring/kernel-constants.ts";
import { NO_CQE, NO_TIMEOUT, createRing } from "../uring/ring.ts";
import { createSubmissions } from "../uring/submissions.ts";
import { allocateWords, type UringLibc } from "../uring/uring-libc.ts";
import type { Engine, EngineHandlers, ListenAddress } from "./engine.ts";
import { createUringListeners } from "./uring-listeners.ts";
import { createUringSockets } from "./uring-sockets.ts";
import { INDEX_MASK, KIND, KIND_SHIFT, userDataOf } from "./uring-user-data.ts";

const SQ_ENTRIES = 4096;
const CQ_ENTRIES_MAX = 32768;
const EVENTFD_SIZE = 8;
/** While nothing happens and nobody is in `run`. */
const POLL_INTERVAL_MS = 1;

/** Throws SystemCallError where there is no io_uring: ask the probe first. */
export function createUringEngine(
  libc: UringLibc,
  windows: ReceiveWindows,
  handlers: EngineHandlers,
  connectionCount: number,
): Engine {
  const ring = createRing(libc, {
    sqEntryCount: SQ_ENTRIES,
    cqEntryCount: Math.min(CQ_ENTRIES_MAX, 2 * SQ_ENTRIES + 2 * connectionCount),
  });
  const { cqes } = ring;
  const hasFiles = ring.registration.reserveFiles(connectionCount, ring.features);
  const submit = createSubmissions(ring, hasFiles ? IOSQE_FIXED_FILE : 0);
  const parts = { hasFiles, libc, ring, submit, windows, handlers, connectionCount, requestTurn };
  const sockets = createUringSockets(parts);
  const listeners = createUringListeners(libc, ring, submit, sockets.open);
  const doorbell = libc.eventfd(0, EFD_CLOEXEC);
  const doorbellCount = allocateWords(EVENTFD_SIZE / Int32Array.BYTES_PER_ELEMENT);
  const tickTime = allocateWords(TIMESPEC_WORDS);
  let isTurnRequested = false;
  let isRunning = false;
  let isOpen = true;
  /** Others know the doorbell's number, and may ring it to the end of the process. */
  let isDoorbellShared = false;
  let isPollDue = false;
  let tick: () => void = () => {};
  let rung: () => void = () => {};

  function requestTurn(): void {
    isTurnRequested = true;
  }

  /** One round; whether anything happened. */
  function turn(waitCount: number): boolean {
    sockets.rearm();
    const wait = isTurnRequested ? 0 : waitCount;
    ring.enter(wait, NO_TIMEOUT);
    // Not so when the kernel wants completions to be read first.
    if (ring.room() === ring.sqEntryCount) sockets.submitted();
    const hasCompleted = reap();
    if (!hasCompleted && !isTurnRequested) return false;
    isTurnRequested = false;
    handlers.turnEnded();
    return true;
  }

  function reap(): boolean {
    let hasCompleted = false;
    for (;;) {
      const cqe = ring.nextCqe();
      if (cqe === NO_CQE) return hasCompleted;
      hasCompleted = true;
      const low = cqes[cqe + CQE_USER_DATA_LOW_WORD]!;
      const result = cqes[cqe + CQE_RES_WORD]!;
      const index = low & INDEX_MASK;
      const kind = low >>> KIND_SHIFT;
      if (kind === KIND.RECEIVE || kind === KIND.SEND) {
        sockets.complete(kind, index, cqes[cqe + CQE_USER_DATA_HIGH_WORD]!, result);
      } else {
        complete(kind, index, result, cqes[cqe + CQE_FLAGS_WORD]!);
      }
    }
  }

  /** Everything that is not the traffic of a connection. */
  function complete(kind: number, index: number, result: number, flags: number): void {
    if (kind === KIND.ACCEPT) {
      listeners.accepted(index, result, (flags & IORING_CQE_F_MORE) !== 0);
    } else if (kind === KIND.ACCEPT_AGAIN) {
      listeners.acceptAgain();
    } else if (kind === KIND.DOORBELL) {
      armDoorbell();
      rung();
    } else if (kind === KIND.TICK && isRunning) {
      armTick();
      listeners.acceptAgain();
      tick();
    }
  }

  function run(tickIntervalMs: number, onTick: () => void, onRung: () => void): void {
    tick = onTick;
    rung = onRung;
    isRunning = true;
    isDoorbellShared = true;
    tickTime[TIMESPEC_NANOSECONDS_WORD] = tickIntervalMs * 1e6;
    armDoorbell();
    armTick();
    while (isRunning) turn(1);
    pollLater(true);
  }

  function leave(): void {
    isRunning = false;
  }

  /** Looks at the ring without waiting, from the event loop, as long as there is something open. */
  function poll(): void {
    isPollDue = false;
    if (isRunning || !isOpen) return;
    const hasHappened = turn(0);
    listeners.acceptAgain();
    if (!listeners.isListening && sockets.connectedCount === 0 && !isTurnRequested) close();
    else pollLater(hasHappened);
  }

  function pollLater(isSoon: boolean): void {
    if (isPollDue) return;
    isPollDue = true;
    if (isSoon) setImmediate(poll);
    else setTimeout(poll, POLL_INTERVAL_MS);
  }

  function close(): void {
    isOpen = false;
    ring.close();
    // A number that is free is the next file's, and what rings the doorbell would be written there:
    // eight bytes in the middle of the log.
    if (!isDoorbellShared) libc.close(doorbell);
  }

  function armDoorbell(): void {
    const address = libc.addressOf(doorbellCount);
    submit.read(doorbell, address, EVENTFD_SIZE, userDataOf(KIND.DOORBELL, 0), 0);
  }

  function armTick(): void {
    submit.timeout(libc.addressOf(tickTime), userDataOf(KIND.TICK, 0), 0);
  }

  function listen(address: ListenAddress): ListenAddress {
    const bound = listeners.listen(address);
    pollLater(true);
    return bound;
  }

  async function quiet(): Promise<void> {
    let known = -1;
    while (known !== sockets.receivedCount) {
      known = sockets.receivedCount;
      for (let round = 0; round < 2; round++) {
        await new Promise<void>((resolve) => setTimeout(resolve, 2 * POLL_INTERVAL_MS));
      }
    }
  }

  return {
    name: "uring",
    dispatcher: "io_uring",
    loop: { doorbell, run, leave },
    addressesOf: sockets.addressesOf,
    acceptFailureCount: () => listeners.failureCount,
    unacknowledgedBytes: sockets.unacknowledgedBytes,
    listen,
    stopListening: listeners.stop,
    requestTurn,
    resumeReceiving: sockets.resumeReceiving,
    send: sockets.send,
    sendRegions: sockets.sendRegions,
    finish: sockets.finish,
    close: sockets.close,
    destroy: sockets.destroy,
    quiet,
  };
}
