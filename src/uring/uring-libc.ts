// The functions of the C library that the ring and its engine are built on, through bun:ffi.
// Nothing here throws: what fails answers minus its error number.
//
// errno belongs to a thread, so its address is asked for once and the object belongs to the thread
// that loaded it. It is read as the very next step after a call, because the runtime makes system
// calls of its own whenever it allocates.
//
// Addresses are numbers: user space ends far below 2^53. A view whose address is taken must be made
// over an ArrayBuffer of its own (`allocateWords`), because JavaScriptCore keeps the bytes of a
// small view made by length next to the object, and moves them when its buffer is asked for.

import { dlopen, FFIType, ptr, read, toArrayBuffer, type Pointer } from "bun:ffi";
import {
  F_DUPFD_CLOEXEC,
  SYS_IO_URING_ENTER,
  SYS_IO_URING_REGISTER,
  SYS_IO_URING_SETUP,
} from "./kernel-constants.ts";

// `long syscall(long number, ...)`: i64_fast takes a number of any size without a BigInt.
const LONG = FFIType.i64_fast;
const SYMBOLS = {
  syscall: { args: [LONG, LONG, LONG, LONG, LONG, LONG, LONG], returns: LONG },
  mmap: { args: [LONG, LONG, FFIType.i32, FFIType.i32, FFIType.i32, LONG], returns: LONG },
  munmap: { args: [LONG, LONG], returns: FFIType.i32 },
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  connect: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  listen: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  setsockopt: {
    args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i32,
  },
  getsockname: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
  shutdown: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  getpeername: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
  fcntl: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  eventfd: { args: [FFIType.u32, FFIType.i32], returns: FFIType.i32 },
  eventfd_write: { args: [FFIType.i32, FFIType.u64_fast], returns: FFIType.i32 },
  __errno_location: { args: [], returns: FFIType.ptr },
} as const;

/** Results are what the call returns, or minus the error number. */
export interface UringLibc {
  /** The ring's descriptor; `params` is a struct io_uring_params. */
  ioUringSetup(entryCount: number, params: Int32Array): number;
  /** Submissions taken; `argument` is an address or 0. */
  ioUringEnter(
    descriptor: number,
    submitCount: number,
    minComplete: number,
    flags: number,
    argument: number,
    argumentSize: number,
  ): number;
  ioUringRegister(descriptor: number, opcode: number, argument: number, count: number): number;
  /** The address of the new mapping. */
  mmap(
    length: number,
    protection: number,
    flags: number,
    descriptor: number,
    offset: number,
  ): number;
  munmap(address: number, length: number): number;
  /** Memory at an address as a buffer, which must not be used once it is unmapped. */
  bufferAt(address: number, length: number): ArrayBuffer;
  /** Address of a view's first byte; holds while its buffer lives. */
  addressOf(view: Uint8Array | Int32Array | Uint16Array): number;
  socket(family: number, type: number, protocol: number): number;
  bind(descriptor: number, address: Uint8Array): number;
  /** Blocks until the connection is there, at most as long as SO_SNDTIMEO says. */
  connect(descriptor: number, address: Uint8Array): number;
  listen(descriptor: number, backlog: number): number;
  /** Sets an option whose value is an int, or is laid out in the words. */
  setsockopt(descriptor: number, level: number, name: number, value: number | Int32Array): number;
  /** Length of the address, which is cut off where `address` ends. */
  getsockname(descriptor: number, address: Uint8Array): number;
  getpeername(descriptor: number, address: Uint8Array): number;
  /** `how` is SHUT_…. */
  shutdown(descriptor: number, how: number): number;
  close(descriptor: number): number;
  /** Another descriptor of the same file, not for programs that are started. */
  duplicate(descriptor: number): number;
  eventfd(count: number, flags: number): number;
  /** Adds to the count and so wakes whoever waits for it; of any thread. */
  eventfdWrite(descriptor: number, count: number): number;
}

/** Zeroed words whose address stays the same. */
export function allocateWords(count: number): Int32Array<ArrayBuffer> {
  return new Int32Array(new ArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));
}

/** For the calling thread; null where this is not 64-bit little-endian Linux with bun:ffi. */
export function loadUringLibc(): UringLibc | null {
  const isKnown = process.arch === "x64" || process.arch === "arm64";
  if (process.platform !== "linux" || !isKnown) return null;
  try {
    return createUringLibc();
  } catch {
    return null;
  }
}

function createUringLibc(): UringLibc {
  const { symbols } = dlopen("libc.so.6", SYMBOLS);
  const { syscall } = symbols;
  const errnoAddress = symbols.__errno_location() as Pointer;
  const optionValue = allocateWords(1);
  const addressLength = allocateWords(1);

  function answer(result: number | bigint): number {
    return result === -1 ? -read.i32(errnoAddress, 0) : Number(result);
  }

  return {
    ioUringSetup: (entryCount, params) =>
      answer(syscall(SYS_IO_URING_SETUP, entryCount, Number(ptr(params)), 0, 0, 0, 0)),
    ioUringEnter: (descriptor, submitCount, minComplete, flags, argument, argumentSize) =>
      answer(
        syscall(
          SYS_IO_URING_ENTER,
          descriptor,
          submitCount,
          minComplete,
          flags,
          argument,
          argumentSize,
        ),
      ),
    ioUringRegister: (descriptor, opcode, argument, count) =>
      answer(syscall(SYS_IO_URING_REGISTER, descriptor, opcode, argument, count, 0, 0)),
    mmap: (length, protection, flags, descriptor, offset) =>
      answer(symbols.mmap(0, length, protection, flags, descriptor, offset)),
    munmap: (address, length) => answer(symbols.munmap(address, length)),
    bufferAt: (address, length) => toArrayBuffer(address as Pointer, 0, length),
    addressOf: (view) => Number(ptr(view)),
    socket: (family, type, protocol) => answer(symbols.socket(family, type, protocol)),
    bind: (descriptor, address) => answer(symbols.bind(descriptor, address, address.length)),
    connect: (descriptor, address) => answer(symbols.connect(descriptor, address, address.length)),
    listen: (descriptor, backlog) => answer(symbols.listen(descriptor, backlog)),
    setsockopt(descriptor, level, name, value) {
      optionValue[0] = typeof value === "number" ? value : 0;
      const words = typeof value === "number" ? optionValue : value;
      return answer(symbols.setsockopt(descriptor, level, name, words, words.byteLength));
    },
    getsockname(descriptor, address) {
      addressLength[0] = address.length;
      const result = answer(symbols.getsockname(descriptor, address, addressLength));
      return result < 0 ? result : Math.min(addressLength[0], address.length);
    },
    getpeername(descriptor, address) {
      addressLength[0] = address.length;
      const result = answer(symbols.getpeername(descriptor, address, addressLength));
      return result < 0 ? result : Math.min(addressLength[0], address.length);
    },
    shutdown: (descriptor, how) => answer(symbols.shutdown(descriptor, how)),
    close: (descriptor) => answer(symbols.close(descriptor)),
    duplicate: (descriptor) => answer(symbols.fcntl(descriptor, F_DUPFD_CLOEXEC, 0)),
    eventfd: (count, flags) => answer(symbols.eventfd(count, flags)),
    eventfdWrite: (descriptor, count) => answer(symbols.eventfd_write(descriptor, count)),
  };
}
