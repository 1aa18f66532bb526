// How a request lies in the ring between two threads (ring.ts): what its row of the batch says, and
// the bytes that the row refers to. So its owner neither decodes nor hashes it again.
//
//   word 0   opcode | version of RESP << 8 | key length << 16
//   word 1   the key's hash
//   word 2   value length | expiry length << 26
//   word 3   size of the record
//   from 16  key, value, expiry, each up to the next word; the record up to the next 16 bytes
//
// Only requests of one key in database 0 travel. A record that a receive window cannot hold whole
// does not travel either.

export const RECORD_HEAD_SIZE = 16;
export const RECORD_HEAD_WORDS = RECORD_HEAD_SIZE / 4;
export const KEY_LENGTH_SHIFT = 16;
export const VERSION_SHIFT = 8;
export const OPCODE_MASK = 0xff;
export const EXPIRY_LENGTH_SHIFT = 26;
export const VALUE_LENGTH_MASK = 2 ** EXPIRY_LENGTH_SHIFT - 1;
/** Of a record's head, in words. */
export const HASH_WORD = 1;
export const VALUE_WORD = 2;
export const SIZE_WORD = 3;

/** Bytes up to the next word. */
export function wholeWords(length: number): number {
  return (length + 3) & ~3;
}

export function requestSize(keyLength: number, valueLength: number, expiryLength: number): number {
  const payload = wholeWords(keyLength) + wholeWords(valueLength) + wholeWords(expiryLength);
  return (RECORD_HEAD_SIZE + payload + 15) & ~15;
}
