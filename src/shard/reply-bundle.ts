// How replies lie in the ring between two threads (ring.ts): many together, so that what an owner
// has written to a window one behind the other is copied at once.
//
//   count u32 | size u32 | an entry for each reply | bytes of all replies, up to the next word
//
//   entry:   length | IS_WRITE | HAS_REFERENCE
//            then, with HAS_REFERENCE:  reference | split      see splices.ts
//
// Replies come in the order of their requests, so nothing says whose they are. `size` is that of
// the whole bundle.

export const BUNDLE_HEAD_SIZE = 8;
export const IS_WRITE = 1 << 30;
export const HAS_REFERENCE = 1 << 31;
export const LENGTH_MASK = IS_WRITE - 1;

/** What a reply takes of the ring at most, alone in its bundle. */
export function replySizeMax(length: number): number {
  return length + REPLY_OVERHEAD_MAX;
}

/** Head of the bundle, entry, reference and split, and up to three bytes. */
const REPLY_OVERHEAD_MAX = BUNDLE_HEAD_SIZE + 12 + 4;

/** The error texts of writes are shorter. */
export const RESERVATION_MIN = 256;

/**
 * Room that is reserved for the reply to a request of that size (outbox.ts). No reply to a write is
 * longer: the longest, that of v1's SET, repeats its value.
 */
export function reservationFor(requestSize: number): number {
  return Math.max(RESERVATION_MIN, replySizeMax(requestSize));
}
