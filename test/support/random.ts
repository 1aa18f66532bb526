// Numbers that look random and follow from a seed, so that a failing history can be run again.
// The generator is Mulberry32: one word of state, and good enough to drive a test.

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
    // The first numbers of neighbouring seeds are alike otherwise.
    this.word();
    this.word();
  }

  /** A signed 32-bit integer. */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let word = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return word ^ (word >>> 14);
  }

  /** An integer from 0 to `end` − 1. */
  below(end: number): number {
    return Math.floor(((this.word() >>> 0) / 2 ** 32) * end);
  }

  /** An integer from `begin` to `end` − 1. */
  between(begin: number, end: number): number {
    return begin + this.below(end - begin);
  }

  /** True once in `count` calls on average. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.word();
  }

  /** Text of one byte a character. */
  text(length: number): string {
    const bytes = Buffer.alloc(length);
    this.fill(bytes);
    return bytes.toString("latin1");
  }
}
