// What comes back with each completion, in the low word of its user data: which kind of operation
// it was, in the top 4 bits, and of which connection or listener, in the others. The high word is
// the connection's generation.

export const KIND = {
  ACCEPT: 1,
  RECEIVE: 2,
  SEND: 3,
  DOORBELL: 4,
  TICK: 5,
  IGNORED: 6,
  ACCEPT_AGAIN: 7,
} as const;
export const KIND_SHIFT = 28;
export const INDEX_MASK = 2 ** KIND_SHIFT - 1;

export function userDataOf(kind: number, index: number): number {
  return (kind << KIND_SHIFT) | index;
}
