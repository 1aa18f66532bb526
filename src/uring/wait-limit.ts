// How long io_uring_enter may wait: a struct io_uring_getevents_arg that points to a struct
// __kernel_timespec. Both are made once and rewritten for each wait.

import {
  GETEVENTS_SIGMASK_SIZE_WORD,
  GETEVENTS_TS_WORD,
  GETEVENTS_WORDS,
  SIGMASK_SIZE,
  TIMESPEC_NANOSECONDS_WORD,
  TIMESPEC_SECONDS_WORD,
  TIMESPEC_WORDS,
} from "./kernel-constants.ts";
import { allocateWords, type UringLibc } from "./uring-libc.ts";
import { writeLong } from "./words.ts";

export interface WaitLimit {
  /** For IORING_ENTER_EXT_ARG, and where it is. */
  readonly argument: Int32Array;
  readonly address: number;
  readonly size: number;
  /** Of the time alone, for IORING_OP_TIMEOUT. */
  readonly timespecAddress: number;
  /** Milliseconds, with fractions. */
  set(timeoutMs: number): void;
}

export function createWaitLimit(libc: UringLibc): WaitLimit {
  const timespec = allocateWords(TIMESPEC_WORDS);
  const timespecAddress = libc.addressOf(timespec);
  const argument = allocateWords(GETEVENTS_WORDS);
  argument[GETEVENTS_SIGMASK_SIZE_WORD] = SIGMASK_SIZE;
  writeLong(argument, GETEVENTS_TS_WORD, timespecAddress);
  return {
    argument,
    address: libc.addressOf(argument),
    size: argument.byteLength,
    timespecAddress,
    set(timeoutMs) {
      const seconds = Math.floor(timeoutMs / 1000);
      writeLong(timespec, TIMESPEC_SECONDS_WORD, seconds);
      timespec[TIMESPEC_NANOSECONDS_WORD] = Math.floor((timeoutMs - seconds * 1000) * 1e6);
    },
  };
}
