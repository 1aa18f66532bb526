// Glob patterns over bytes, as Redis matches them in KEYS, SCAN, CONFIG GET and elsewhere.
//
//   *        any bytes, also none          [abc]    one of these bytes
//   ?        one byte                      [a-f]    one byte of a range, its ends in either order
//   \x       the byte x itself             [^…]     one byte that is none of these
//
// A class takes in escapes (`[\]]`); it ends with the pattern when it is not closed. The range of
// `[a-]` ends at the bracket, so that class is not closed. `[]` matches no byte and `[^]` each.
// Bytes of 128 and more stand before the others in ranges, because Redis compares signed chars.
// An empty text is matched by the empty pattern alone, not even by `*`.
//
// A pattern becomes tokens once, then matching is a loop that goes back to the last `*` only: no
// recursion, and no more than STEP_COUNT_MAX steps for one text. A match that needs more counts as
// none, and so does a pattern longer than any key.

export interface Glob {
  matches(text: Uint8Array): boolean;
}

/** Keys have at most 65,535 bytes, so this wants a pattern and a key that are both made for it. */
const STEP_COUNT_MAX = 1_000_000;
const PATTERN_LENGTH_MAX = 64 * 1024;

/** Tokens below this are bytes that match themselves. */
const BYTE_COUNT = 256;
const ANY_BYTE = BYTE_COUNT;
const ANY_BYTES = BYTE_COUNT + 1;
/** Tokens from here on are classes, in the order of the pattern. */
const FIRST_CLASS = BYTE_COUNT + 2;
/** Words of a class: a bit for each byte. */
const CLASS_WORDS = BYTE_COUNT / 32;

const STAR = 0x2a;
const DASH = 0x2d;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE = 0x5d;
const CARET = 0x5e;
const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
const LOWER_A = 0x61;
const LOWER_Z = 0x7a;
const CASE_BIT = 0x20;

const MATCHES_NOTHING: Glob = { matches: () => false };

/** Caseless is so for ASCII letters, except for those that are escaped within a class. */
export function createGlob(pattern: Uint8Array, options: { isCaseless?: boolean } = {}): Glob {
  if (pattern.length > PATTERN_LENGTH_MAX) return MATCHES_NOTHING;
  return new TokenGlob(pattern, options.isCaseless ?? false);
}

class TokenGlob implements Glob {
  readonly #isCaseless: boolean;
  readonly #tokens: Uint16Array;
  readonly #classes: Uint32Array;
  #tokenCount = 0;
  #classCount = 0;

  constructor(pattern: Uint8Array, isCaseless: boolean) {
    this.#isCaseless = isCaseless;
    this.#tokens = new Uint16Array(pattern.length);
    this.#classes = new Uint32Array(countBytes(pattern, OPEN) * CLASS_WORDS);
    for (let position = 0; position < pattern.length;) {
      position = this.#compile(pattern, position);
    }
  }

  matches(text: Uint8Array): boolean {
    const tokens = this.#tokens;
    const tokenCount = this.#tokenCount;
    let index = 0;
    let position = 0;
    // Where to go on after a mismatch: behind the last `*`, which takes one byte more each time.
    let retryIndex = -1;
    let retryPosition = 0;
    for (let stepCount = 0; stepCount < STEP_COUNT_MAX; stepCount++) {
      // Going back would not help: it leaves the same tokens to fewer bytes.
      if (position === text.length) return this.#isRestEmpty(index, text.length);
      const token = index < tokenCount ? tokens[index]! : -1;
      if (token === ANY_BYTES) {
        index++;
        if (index === tokenCount) return true;
        retryIndex = index;
        retryPosition = position;
      } else if (token !== -1 && this.#accepts(token, text[position]!)) {
        index++;
        position++;
      } else {
        if (retryIndex === -1) return false;
        index = retryIndex;
        position = ++retryPosition;
      }
    }
    return false;
  }

  #isRestEmpty(index: number, textLength: number): boolean {
    let end = index;
    while (textLength > 0 && this.#tokens[end] === ANY_BYTES) end++;
    return end === this.#tokenCount;
  }

  #accepts(token: number, byte: number): boolean {
    if (token < BYTE_COUNT) return token === (this.#isCaseless ? lowerCase(byte) : byte);
    if (token === ANY_BYTE) return true;
    const word = (token - FIRST_CLASS) * CLASS_WORDS + (byte >>> 5);
    return ((this.#classes[word]! >>> (byte & 31)) & 1) === 1;
  }

  /** Appends the token at a position of the pattern; where the next one begins. */
  #compile(pattern: Uint8Array, position: number): number {
    const byte = pattern[position]!;
    switch (byte) {
      case STAR:
        if (this.#tokens[this.#tokenCount - 1] !== ANY_BYTES) this.#append(ANY_BYTES);
        return position + 1;
      case QUESTION:
        this.#append(ANY_BYTE);
        return position + 1;
      case OPEN:
        this.#append(FIRST_CLASS + this.#classCount);
        return this.#compileClass(pattern, position + 1);
      case BACKSLASH:
        // At the end of the pattern it stands for itself.
        if (position + 1 === pattern.length) break;
        this.#append(this.#literal(pattern[position + 1]!));
        return position + 2;
    }
    this.#append(this.#literal(byte));
    return position + 1;
  }

  /** The same for the inside of a class. */
  #compileClass(pattern: Uint8Array, begin: number): number {
    const isNegated = pattern[begin] === CARET;
    let position = isNegated ? begin + 1 : begin;
    while (position < pattern.length && pattern[position] !== CLOSE) {
      const byte = pattern[position]!;
      const restLength = pattern.length - position;
      if (byte === BACKSLASH && restLength >= 2) {
        this.#include(pattern[position + 1]!);
        position += 2;
      } else if (restLength >= 3 && pattern[position + 1] === DASH) {
        this.#includeRange(byte, pattern[position + 2]!);
        position += 3;
      } else {
        this.#includeLiteral(byte);
        position++;
      }
    }
    if (isNegated) this.#invert();
    this.#classCount++;
    return position + 1;
  }

  #include(byte: number): void {
    this.#classes[this.#classCount * CLASS_WORDS + (byte >>> 5)]! |= 1 << (byte & 31);
  }

  #includeLiteral(byte: number): void {
    this.#include(byte);
    if (!this.#isCaseless) return;
    this.#include(lowerCase(byte));
    this.#include(upperCase(byte));
  }

  /**
   * The ends are put in order before they lose their case, so `[Z-a]` is an empty range when case
   * does not matter: that is how Redis has it.
   */
  #includeRange(first: number, second: number): void {
    const isOrdered = signed(first) <= signed(second);
    const low = signed(this.#literal(isOrdered ? first : second));
    const high = signed(this.#literal(isOrdered ? second : first));
    for (let byte = 0; byte < BYTE_COUNT; byte++) {
      const value = signed(this.#literal(byte));
      if (value >= low && value <= high) this.#include(byte);
    }
  }

  #invert(): void {
    const begin = this.#classCount * CLASS_WORDS;
    for (let i = begin; i < begin + CLASS_WORDS; i++) this.#classes[i] = ~this.#classes[i]!;
  }

  #literal(byte: number): number {
    return this.#isCaseless ? lowerCase(byte) : byte;
  }

  #append(token: number): void {
    this.#tokens[this.#tokenCount++] = token;
  }
}

function lowerCase(byte: number): number {
  return byte >= UPPER_A && byte <= UPPER_Z ? byte | CASE_BIT : byte;
}

function upperCase(byte: number): number {
  return byte >= LOWER_A && byte <= LOWER_Z ? byte & ~CASE_BIT : byte;
}

/** A byte as a signed char. */
function signed(byte: number): number {
  return (byte << 24) >> 24;
}

function countBytes(bytes: Uint8Array, wanted: number): number {
  let count = 0;
  for (const byte of bytes) if (byte === wanted) count++;
  return count;
}
