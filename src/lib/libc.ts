// The few functions of the C library that Bun has no call for, through bun:ffi. Everything here is
// optional: where it cannot be loaded, `loadLibc` answers null and the callers do without.

import { dlopen, FFIType, ptr, read, type Pointer } from "bun:ffi";

const SYMBOLS = {
  sendmsg: { args: [FFIType.i32, FFIType.ptr, FFIType.i32], returns: FFIType.i64_fast },
  madvise: { args: [FFIType.ptr, FFIType.u64_fast, FFIType.i32], returns: FFIType.i32 },
  clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
  flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  __errno_location: { args: [], returns: FFIType.ptr },
} as const;

export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const MADV_DONTNEED = 4;
export const MADV_HUGEPAGE = 14;
const CLOCK_THREAD_CPUTIME_ID = 3;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const EAGAIN = 11;
export const EINTR = 4;

export interface Libc {
  /** Bytes sent, or minus the error number. */
  sendmsg(descriptor: number, message: Uint8Array, flags: number): number;
  /** Whether the advice was taken; `address` comes from `addressOf`. */
  madvise(address: number, length: number, advice: number): boolean;
  /** CPU time of the calling thread in milliseconds, with fractions. */
  threadCpuMs(): number;
  /** 0, or minus the error number; EAGAIN = another has the lock. */
  flock(descriptor: number, operation: number): number;
  /** Address of a view's first byte; holds while its buffer lives. */
  addressOf(bytes: Uint8Array): number;
}

/** The C library of 64-bit Linux, whose structures the callers lay out; null elsewhere. */
export function loadLibc(): Libc | null {
  if (process.platform !== "linux") return null;
  try {
    const { symbols } = dlopen("libc.so.6", SYMBOLS);
    const errno = (): number => read.i32(symbols.__errno_location() as Pointer, 0);
    // struct timespec of 64-bit systems: seconds and nanoseconds, two words each.
    const timespec = new Uint32Array(4);
    return {
      sendmsg(descriptor, message, flags) {
        const sent = Number(symbols.sendmsg(descriptor, ptr(message), flags));
        return sent >= 0 ? sent : -errno();
      },
      madvise(address, length, advice) {
        return symbols.madvise(address as Pointer, length, advice) === 0;
      },
      threadCpuMs() {
        symbols.clock_gettime(CLOCK_THREAD_CPUTIME_ID, timespec);
        const seconds = timespec[1]! * 2 ** 32 + timespec[0]!;
        return seconds * 1000 + timespec[2]! / 1e6;
      },
      flock(descriptor, operation) {
        return symbols.flock(descriptor, operation) === 0 ? 0 : -errno();
      },
      addressOf: (bytes) => Number(ptr(bytes)),
    };
  } catch {
    return null;
  }
}
