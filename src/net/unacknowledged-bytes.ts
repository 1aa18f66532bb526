// How much of what a socket was given is still with the kernel: ioctl(2) SIOCOUTQ. A full socket is
// said to take bytes again when a third of its buffer is free, megabytes later at times; this tells
// of a peer that reads slowly that it does read.

import { dlopen, FFIType, ptr } from "bun:ffi";

/** <linux/sockios.h>, the same on every architecture that Bun runs on. */
const SIOCOUTQ = 0x5411;

const SYMBOLS = {
  ioctl: { args: [FFIType.i32, FFIType.u64_fast, FFIType.ptr], returns: FFIType.i32 },
} as const;

/**
 * By descriptor: bytes that the peer has not acknowledged (TCP, whose FIN counts as one) or not
 * read (Unix sockets); 0 for a descriptor that is none. Always 0 where nobody can tell.
 */
export type UnacknowledgedBytes = (descriptor: number) => number;

export function loadUnacknowledgedBytes(): UnacknowledgedBytes {
  if (process.platform !== "linux") return () => 0;
  try {
    const { symbols } = dlopen("libc.so.6", SYMBOLS);
    const count = new Int32Array(new ArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const address = ptr(count);
    return (descriptor) => (symbols.ioctl(descriptor, SIOCOUTQ, address) < 0 ? 0 : count[0]!);
  } catch {
    return () => 0;
  }
}
