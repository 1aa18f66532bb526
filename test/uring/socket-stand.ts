// The other ends of sockets in the tests: blocking and non-blocking calls of the C library that the
// engine has no need of.

import { dlopen, FFIType, read, type Pointer } from "bun:ffi";
import {
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SHUT_WR,
  SOCK_STREAM,
} from "../../src/uring/kernel-constants.ts";

const { symbols } = dlopen("libc.so.6", {
  socketpair: { args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
  connect: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  send: {
    args: [FFIType.i32, FFIType.ptr, FFIType.u64_fast, FFIType.i32],
    returns: FFIType.i64_fast,
  },
  recv: {
    args: [FFIType.i32, FFIType.ptr, FFIType.u64_fast, FFIType.i32],
    returns: FFIType.i64_fast,
  },
  shutdown: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  __errno_location: { args: [], returns: FFIType.ptr },
});

const errnoAddress = symbols.__errno_location() as Pointer;

function answer(result: number | bigint): number {
  return result === -1 ? -read.i32(errnoAddress, 0) : Number(result);
}

/** Two connected unix sockets. */
export function makeSocketPair(): [number, number] {
  const descriptors = new Int32Array(2);
  const result = answer(symbols.socketpair(AF_UNIX, SOCK_STREAM, 0, descriptors));
  if (result < 0) throw new Error(`socketpair: ${result}`);
  return [descriptors[0]!, descriptors[1]!];
}

export function connectSocket(descriptor: number, address: Uint8Array): number {
  return answer(symbols.connect(descriptor, address, address.length));
}

export function sendText(descriptor: number, text: string): number {
  const bytes = new TextEncoder().encode(text);
  return answer(symbols.send(descriptor, bytes, bytes.length, MSG_NOSIGNAL));
}

/** What has arrived, "" when nothing has. */
export function receiveText(descriptor: number, lengthMax = 65536): string {
  const bytes = new Uint8Array(lengthMax);
  const length = answer(symbols.recv(descriptor, bytes, lengthMax, MSG_DONTWAIT));
  return length <= 0 ? "" : new TextDecoder().decode(bytes.subarray(0, length));
}

export function endSending(descriptor: number): number {
  return answer(symbols.shutdown(descriptor, SHUT_WR));
}
