// 64-bit numbers in arrays of 32-bit words, low word first, as the kernel's structures have them.
// Numbers here are lengths, seconds and user-space addresses: whole, not negative, below 2^53.

const WORD_RANGE = 2 ** 32;

export function lowWord(value: number): number {
  return value | 0;
}

export function highWord(value: number): number {
  return (value / WORD_RANGE) | 0;
}

export function writeLong(words: Int32Array, index: number, value: number): void {
  words[index] = lowWord(value);
  words[index + 1] = highWord(value);
}

export function readLong(words: Int32Array, index: number): number {
  return words[index + 1]! * WORD_RANGE + (words[index]! >>> 0);
}
