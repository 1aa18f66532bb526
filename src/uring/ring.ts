// One io_uring: a queue of submissions (SQEs) to the kernel and a queue of completions (CQEs) back,
// both in memory shared with it (ring-memory.ts).
//
//   submissions      |   free   |#### queued ####|     free      |
//                               ^ head           ^ tail             0 ≤ tail − head ≤ sqEntryCount
//   completions      |   free   |#### unread ####|     free      |
//                               ^ head           ^ tail             0 ≤ tail − head ≤ cqEntryCount
//
// Heads and tails count up and wrap at 2^32; the place is the count masked. Each is written by one
// side: here the submissions' tail and the completions' head, in the kernel the other two.
//
// Order in memory. What stands in an entry must be visible before the count that hands it over, so
// counts cross by Atomics alone: the submissions' tail is stored after their entries were written,
// and the completions' head after theirs were read, so that the kernel fills no entry still being
// read. The completions' tail and the submissions' head are loaded before the entries they cover
// are read or written. Atomics are sequentially consistent, which is more than the acquire and
// release that the kernel asks for, and at one of each per system call not worth saving. Between
// two of them the entries are plain memory.
//
// The kernel writes entries under the eyes of compiled code that does not know of it; a call into
// C and an Atomics operation are both points across which JavaScriptCore keeps no loaded value.
//
// - A submission taken from `takeSqe` is written in full before the next take or enter. Nothing
//   happens to it before an enter, except that a take which finds the queue full enters by itself.
// - A completion from `nextCqe` may be read until the next `nextCqe`, `takeSqe` or `enter`.
// - Completions that find their queue full stay in the kernel, in order, and arrive at an `enter`
//   after some have been read.
// - The ring belongs to the thread that made it; with deferred task work the kernel insists. Inside
//   `enter` the thread runs no timers and receives no messages.
//
// A closure over constants rather than a class: JavaScriptCore compiles the address of a typed
// array that a constant refers to into the code. Queueing and reading allocate nothing.

import { ERRNO, SystemCallError } from "./errno.ts";
import {
  CQE_RES_WORD,
  CQE_USER_DATA_HIGH_WORD,
  CQE_USER_DATA_LOW_WORD,
  CQE_WORDS,
  IORING_ENTER_EXT_ARG,
  IORING_ENTER_GETEVENTS,
  IORING_ENTER_REGISTERED_RING,
  IORING_FEAT_EXT_ARG,
  IORING_OP_TIMEOUT,
  IORING_SQ_CQ_OVERFLOW,
  SQE_ADDR_WORD,
  SQE_LEN_WORD,
  SQE_OFF_WORD,
  SQE_OPCODE_WORD,
  SQE_USER_DATA_WORD,
  SQE_WORDS,
} from "./kernel-constants.ts";
import { Registration } from "./registration.ts";
import { mapRingMemory, type RingOptions } from "./ring-memory.ts";
import type { UringLibc } from "./uring-libc.ts";
import { createWaitLimit } from "./wait-limit.ts";
import { writeLong } from "./words.ts";

/** User data of the ring's own timeouts; both words of one of the caller's must not be this. */
export const RESERVED_USER_DATA = -1;
export const NO_CQE = -1;
export const NO_TIMEOUT = -1;
/** Enters that may make no room in the submission queue before it counts as stuck. */
const ROOM_ATTEMPT_COUNT = 16;
const CLOSED = "the ring is closed";
const TOO_MANY = "more submissions than the queue has entries";

export interface Ring {
  readonly descriptor: number;
  /** IORING_SETUP_… in effect, and IORING_FEAT_… of the kernel. */
  readonly setupFlags: number;
  readonly features: number;
  readonly isRegistered: boolean;
  readonly sqEntryCount: number;
  readonly cqEntryCount: number;
  readonly registration: Registration;
  /** Entries as words; gone with `close`. */
  readonly sqes: Int32Array;
  readonly cqes: Int32Array;
  /** Index in `sqes` of a zeroed submission. Throws if the kernel takes none; see makeRoom. */
  takeSqe(): number;
  /** Submissions that can be taken without entering the kernel. */
  room(): number;
  /**
   * Enters the kernel until there is room for `count` submissions, which then stay together. False
   * if it takes none before completions have been read.
   */
  makeRoom(count: number): boolean;
  /**
   * Submits everything and waits for `minComplete` unread completions, at most `timeoutMs` if that
   * is not negative. Answers the number of submissions taken; if there were none, possibly minus
   * the error number of what is no failure: ETIME, EINTR, and EAGAIN or EBUSY if completions have
   * to be read first. Throws SystemCallError on the rest.
   */
  enter(minComplete: number, timeoutMs: number): number;
  /** Index in `cqes` of the next completion, NO_CQE when all that `enter` found have been read. */
  nextCqe(): number;
  /** Completions that can be read now, without a system call. */
  refresh(): number;
  /** Whether completions wait in the kernel for room in their queue. */
  hasOverflow(): boolean;
  /** Submissions that the kernel threw away as malformed, completions that it had no memory for. */
  droppedCount(): number;
  overflowCount(): number;
  /** Cancels what is under way and gives everything back. The views are invalid from here on. */
  close(): void;
}

/** Throws SystemCallError when the kernel refuses; probe.ts says why in a sentence. */
export function createRing(libc: UringLibc, options: RingOptions): Ring {
  const memory = mapRingMemory(libc, options);
  const { descriptor, features, sqEntryCount, cqEntryCount } = memory;
  const { sq, sqHeadWord, sqTailWord, sqFlagsWord, sqDroppedWord, sqes } = memory;
  const { cq, cqHeadWord, cqTailWord, cqOverflowWord, cqesWord } = memory;
  const registration = new Registration(libc, descriptor);
  const place = registration.registerRing();
  const isRegistered = place >= 0;
  const ringNumber = isRegistered ? place : descriptor;
  // GETEVENTS even where nothing is waited for: it runs deferred task work and brings completions
  // that had found their queue full.
  const enterFlags = IORING_ENTER_GETEVENTS | (isRegistered ? IORING_ENTER_REGISTERED_RING : 0);
  const hasExtArg = (features & IORING_FEAT_EXT_ARG) !== 0;
  const limit = createWaitLimit(libc);
  // Zeroing eight words of 64 bits takes half the stores of sixteen.
  const sqeLongs = new Float64Array(sqes.buffer);
  const sqMask = sqEntryCount - 1;
  const cqMask = cqEntryCount - 1;
  let isOpen = true;
  let sqHead = Atomics.load(sq, sqHeadWord);
  let sqTail = Atomics.load(sq, sqTailWord);
  let cqHead = Atomics.load(cq, cqHeadWord);
  /** As of the last enter. */
  let cqTail = cqHead;

  function takeSqe(): number {
    if (((sqTail - sqHead) | 0) === sqEntryCount) requireRoom();
    const sqe = (sqTail & sqMask) * SQE_WORDS;
    sqTail = (sqTail + 1) | 0;
    const long = sqe >> 1;
    sqeLongs[long] = 0;
    sqeLongs[long + 1] = 0;
    sqeLongs[long + 2] = 0;
    sqeLongs[long + 3] = 0;
    sqeLongs[long + 4] = 0;
    sqeLongs[long + 5] = 0;
    sqeLongs[long + 6] = 0;
    sqeLongs[long + 7] = 0;
    return sqe;
  }

  function room(): number {
    return sqEntryCount - ((sqTail - sqHead) | 0);
  }

  function makeRoom(count: number): boolean {
    if (!isOpen) throw new Error(CLOSED);
    if (count > sqEntryCount) throw new Error(TOO_MANY);
    for (let attempt = 0; room() < count; attempt++) {
      if (attempt === ROOM_ATTEMPT_COUNT) return false;
      publish();
      submit(0, 0, 0, 0);
    }
    return true;
  }

  function requireRoom(): void {
    if (!makeRoom(1)) throw new SystemCallError("io_uring_enter for room", ERRNO.EBUSY);
  }

  /** Hands the kernel what has been queued, and back what has been read. */
  function publish(): void {
    Atomics.store(sq, sqTailWord, sqTail);
    Atomics.store(cq, cqHeadWord, cqHead);
  }

  function enter(minComplete: number, timeoutMs: number): number {
    if (!isOpen) throw new Error(CLOSED);
    let result: number;
    if (timeoutMs < 0 || minComplete === 0) {
      publish();
      result = submit(minComplete, 0, 0, 0);
    } else if (hasExtArg) {
      limit.set(timeoutMs);
      publish();
      result = submit(minComplete, IORING_ENTER_EXT_ARG, limit.address, limit.size);
    } else {
      return enterWithTimeout(minComplete, timeoutMs);
    }
    cqTail = Atomics.load(cq, cqTailWord);
    return result;
  }

  /** For kernels before 5.11: the time limit is an operation among the others. */
  function enterWithTimeout(minComplete: number, timeoutMs: number): number {
    if (!makeRoom(1)) return -ERRNO.EBUSY;
    queueTimeout(minComplete, timeoutMs);
    const result = enter(minComplete, NO_TIMEOUT);
    if (result <= 0) return result;
    const takenCount = result - 1;
    return takenCount === 0 && isTimedOut() ? -ERRNO.ETIME : takenCount;
  }

  /**
   * Submits until the kernel has everything: it stops early at an entry it refuses and when it is
   * out of memory, and then does not wait either.
   */
  function submit(
    minComplete: number,
    flags: number,
    argument: number,
    argumentSize: number,
  ): number {
    let takenCount = 0;
    for (;;) {
      const count = (sqTail - sqHead) | 0;
      const result = libc.ioUringEnter(
        ringNumber,
        count,
        minComplete,
        enterFlags | flags,
        argument,
        argumentSize,
      );
      sqHead = Atomics.load(sq, sqHeadWord);
      if (result < 0) {
        if (!isOrdinary(result)) throw new SystemCallError("io_uring_enter", result);
        return takenCount > 0 ? takenCount : result;
      }
      takenCount += result;
      if (result === 0 || sqHead === sqTail) return takenCount;
    }
  }

  /** Completes after `minComplete` others as well, so that timeouts do not pile up. */
  function queueTimeout(minComplete: number, timeoutMs: number): void {
    // The kernel has copied the time of an earlier timeout by now: IORING_FEAT_SUBMIT_STABLE.
    limit.set(timeoutMs);
    const sqe = takeSqe();
    sqes[sqe + SQE_OPCODE_WORD] = IORING_OP_TIMEOUT;
    writeLong(sqes, sqe + SQE_ADDR_WORD, limit.timespecAddress);
    sqes[sqe + SQE_LEN_WORD] = 1;
    sqes[sqe + SQE_OFF_WORD] = minComplete;
    sqes[sqe + SQE_USER_DATA_WORD] = RESERVED_USER_DATA;
    sqes[sqe + SQE_USER_DATA_WORD + 1] = RESERVED_USER_DATA;
  }

  function isTimedOut(): boolean {
    for (let position = cqHead; position !== cqTail; position = (position + 1) | 0) {
      const cqe = cqesWord + (position & cqMask) * CQE_WORDS;
      if (isOwn(cqe) && cq[cqe + CQE_RES_WORD] === -ERRNO.ETIME) return true;
    }
    return false;
  }

  function isOwn(cqe: number): boolean {
    return (
      cq[cqe + CQE_USER_DATA_HIGH_WORD] === RESERVED_USER_DATA &&
      cq[cqe + CQE_USER_DATA_LOW_WORD] === RESERVED_USER_DATA
    );
  }

  function nextCqe(): number {
    while (cqHead !== cqTail) {
      const cqe = cqesWord + (cqHead & cqMask) * CQE_WORDS;
      cqHead = (cqHead + 1) | 0;
      if (hasExtArg || !isOwn(cqe)) return cqe;
    }
    return NO_CQE;
  }

  function refresh(): number {
    if (!isOpen) return 0;
    Atomics.store(cq, cqHeadWord, cqHead);
    cqTail = Atomics.load(cq, cqTailWord);
    return (cqTail - cqHead) | 0;
  }

  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    // The functions above find a full queue and an empty one, and so touch no memory any more.
    sqHead = (sqTail - sqEntryCount) | 0;
    cqTail = cqHead;
    registration.cancelAll();
    if (isRegistered) registration.unregisterRing(place);
    memory.unmap();
  }

  return {
    descriptor,
    setupFlags: memory.setupFlags,
    features,
    isRegistered,
    sqEntryCount,
    cqEntryCount,
    registration,
    sqes,
    cqes: cq,
    takeSqe,
    room,
    makeRoom,
    enter,
    nextCqe,
    refresh,
    hasOverflow: () => isOpen && (Atomics.load(sq, sqFlagsWord) & IORING_SQ_CQ_OVERFLOW) !== 0,
    droppedCount: () => (isOpen ? Atomics.load(sq, sqDroppedWord) >>> 0 : 0),
    overflowCount: () => (isOpen ? Atomics.load(cq, cqOverflowWord) >>> 0 : 0),
    close,
  };
}

/** Answers of io_uring_enter after which the caller reads completions and enters again. */
function isOrdinary(result: number): boolean {
  return (
    result === -ERRNO.ETIME ||
    result === -ERRNO.EINTR ||
    result === -ERRNO.EAGAIN ||
    result === -ERRNO.EBUSY
  );
}
