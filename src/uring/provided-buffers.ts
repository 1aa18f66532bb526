// Buffers that the kernel chooses from when bytes arrive, instead of one that waits for them with
// every socket: a ring of struct io_uring_buf, registered as a group.
//
//   ring      |  taken  |#### provided ####|  free  |        entry: address, length, buffer number
//                       ^ head (kernel's own)      ^ tail (a u16 inside entry 0)
//   memory    buffer 0 | buffer 1 | …                          one mapping, behind the ring
//
// All buffers begin as provided. A completion with IORING_CQE_F_BUFFER says which one it took, and
// the buffer is the caller's until `give`. There are as many entries as buffers, so the ring cannot
// be overfilled unless a buffer is given twice. When the kernel finds none the operation completes
// with ENOBUFS.

import { checkResult } from "./errno.ts";
import {
  BUF_ADDR_WORD,
  BUF_BID_HALF,
  BUF_HALVES,
  BUF_LEN_WORD,
  BUF_TAIL_HALF,
  BUF_WORDS,
  IORING_CQE_BUFFER_SHIFT,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  PROT_READ,
  PROT_WRITE,
} from "./kernel-constants.ts";
import type { Registration } from "./registration.ts";
import type { UringLibc } from "./uring-libc.ts";
import { writeLong } from "./words.ts";

export const PROVIDED_BUFFER_COUNT_MAX = 2 ** 15;
const BUF_SIZE = BUF_WORDS * Int32Array.BYTES_PER_ELEMENT;

export interface ProvidedBuffersOptions {
  readonly group: number;
  /** A power of two. */
  readonly count: number;
  readonly size: number;
}

export interface ProvidedBuffers {
  /** All buffers, one after the other; gone with `close`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Gives a buffer back; the kernel sees it after `publish`. */
  give(buffer: number): void;
  publish(): void;
  /** Once no operation uses the group any more. */
  close(): void;
}

/** Number of the buffer that a completion with IORING_CQE_F_BUFFER is about. */
export function bufferOf(cqeFlags: number): number {
  return cqeFlags >>> IORING_CQE_BUFFER_SHIFT;
}

/** Throws SystemCallError, before kernel 5.19 for one, and has left nothing open then. */
export function createProvidedBuffers(
  libc: UringLibc,
  registration: Registration,
  { group, count, size }: ProvidedBuffersOptions,
): ProvidedBuffers {
  if (count > PROVIDED_BUFFER_COUNT_MAX || (count & (count - 1)) !== 0) {
    throw new RangeError("the number of provided buffers is a power of two up to 2^15");
  }
  const length = count * (BUF_SIZE + size);
  const protection = PROT_READ | PROT_WRITE;
  const ringAddress = libc.mmap(length, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  checkResult("mmap of provided buffers", ringAddress);
  const memory = libc.bufferAt(ringAddress, length);
  const words = new Int32Array(memory, 0, count * BUF_WORDS);
  const halves = new Uint16Array(memory, 0, count * BUF_HALVES);
  const bytes = new Uint8Array(memory, count * BUF_SIZE, count * size);
  const mask = count - 1;
  let tail = 0;
  let isOpen = true;

  function give(buffer: number): void {
    const entry = tail & mask;
    tail = (tail + 1) & 0xffff;
    const address = ringAddress + count * BUF_SIZE + buffer * size;
    writeLong(words, entry * BUF_WORDS + BUF_ADDR_WORD, address);
    words[entry * BUF_WORDS + BUF_LEN_WORD] = size;
    // Not the half behind it, which is the tail if this is entry 0.
    halves[entry * BUF_HALVES + BUF_BID_HALF] = buffer;
  }

  /** The entries have to be there before the tail that covers them. */
  function publish(): void {
    Atomics.store(halves, BUF_TAIL_HALF, tail);
  }

  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    registration.unregisterBufferRing(group);
    libc.munmap(ringAddress, length);
  }

  try {
    registration.registerBufferRing(group, ringAddress, count);
  } catch (error) {
    libc.munmap(ringAddress, length);
    throw error;
  }
  for (let buffer = 0; buffer < count; buffer++) give(buffer);
  publish();
  return { bytes, give, publish, close };
}
