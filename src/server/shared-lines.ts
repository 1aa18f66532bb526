// Lines of text that one thread shows to all others, in shared memory:
//
//   +----------+--------+----------------------------+
//   | sequence | length | lines, each with LF behind |
//   +----------+--------+----------------------------+
//   0          4        8
//
// The sequence is odd while the lines are being written, so a reader that finds it odd, or another
// than before, has to look again. The writer never waits.

const SEQUENCE = 0;
const LENGTH = 1;
export const LINES_HEADER_BYTES = 8;

/** A write takes some milliseconds at most; then the reader makes do with what it had before. */
const ATTEMPT_COUNT_MAX = 1000;

export class SharedLines {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  #known: readonly string[] = [];

  constructor(buffer: SharedArrayBuffer, offset: number, sizeBytes: number) {
    this.#words = new Int32Array(buffer, offset, 2);
    const length = sizeBytes - LINES_HEADER_BYTES;
    this.#bytes = new Uint8Array(buffer, offset + LINES_HEADER_BYTES, length);
  }

  /** Lines without LF. Those that there is no room for are left out; their number. */
  write(lines: readonly string[]): number {
    const words = this.#words;
    Atomics.add(words, SEQUENCE, 1);
    let position = 0;
    let writtenCount = 0;
    for (const line of lines) {
      const bytes = Buffer.from(`${line}\n`);
      if (position + bytes.length > this.#bytes.length) break;
      this.#bytes.set(bytes, position);
      position += bytes.length;
      writtenCount++;
    }
    words[LENGTH] = position;
    Atomics.add(words, SEQUENCE, 1);
    return lines.length - writtenCount;
  }

  /** The lines that were written last. */
  read(): readonly string[] {
    for (let attempt = 0; attempt < ATTEMPT_COUNT_MAX; attempt++) {
      const sequence = Atomics.load(this.#words, SEQUENCE);
      if (sequence % 2 !== 0) continue;
      const bytes = this.#bytes.slice(0, this.#words[LENGTH]!);
      if (Atomics.load(this.#words, SEQUENCE) !== sequence) continue;
      this.#known = Buffer.from(bytes.buffer, 0, bytes.length).toString().split("\n").slice(0, -1);
      break;
    }
    return this.#known;
  }
}
