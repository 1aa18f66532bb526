// Arguments for random commands: few keys, so that commands meet; values, numbers, deadlines and
// patterns of every kind that Redis tells apart; and garbage. Text is one byte a character.

import type { Random } from "./random.ts";

const KEYS = ["a", "b", "c", "key:1", "key:2", "", "\x00\xff\r\n", "Key with spaces", "{tag}x"];
const LONG_KEY = "long:".padEnd(300, "k");

const VALUES = ["", "0", "1", "-1", "10", "007", "abc", " 1", "1 ", "+1", "-0", "1.5", "3.0e3"];
const SPECIAL_VALUES = ["inf", "nan", "\r\n", "$5\r\n", "\x00", "\xff\xfe", '"quoted"', "'"];
/** Either side of what is stored as an integer, and of what Redis stores in one piece. */
const VALUE_LENGTHS = [12, 19, 20, 21, 44, 45, 64, 300];
const LONG_VALUE_LENGTHS = [5000, 16_384, 70_000, 131_072, 200_000];

const INTEGERS = ["0", "1", "-1", "5", "100", "-7", "1234567890123", "4294967296"];
const EXTREME_INTEGERS = [
  "9223372036854775807",
  "9223372036854775806",
  "-9223372036854775808",
  "-9223372036854775807",
];
const BAD_INTEGERS = [
  ...["", "abc", "1.0", " 1", "1 ", "+1", "01", "-01", "--1", "-0", "-", "1e3", "0x10", "\x001"],
  ...["9223372036854775808", "-9223372036854775809", "18446744073709551616", "1".repeat(40)],
];

const FLOATS = ["0.1", "-1.5", "1e3", "3.0", "0.25", "-0.5", "200", "1.0e-2", "5.0e3", ".5", "5."];
const BAD_FLOATS = ["abc", "", " 1.5", "1.5 ", "1.5x", "--1", "nan", "inf", "-inf", "1e", "+"];

/** Seconds, in the years 2100 and later: no test lasts that long. */
const FAR_SECONDS = [4_102_444_800, 4_102_444_801, 5_000_000_000, 32_503_680_000];
const MILLISECONDS = ["000", "001", "499", "500", "999"];
const PAST_SECONDS = [1, 1000, 1_000_000_000];
const BAD_DEADLINES = [
  ...["0", "-1", "abc", "", "1.5", "9223372036854775807", "9223372036854775808", " 5000000000"],
  ...["-9223372036854775808", "-9223372036854775", "-9223372036854776", "10000000000000000000"],
];
/** Too large, or just not, once they are milliseconds. */
const EXTREME_SECONDS = ["9223372036854775", "9223372036854776"];

/** What EXPIRETIME and PEXPIRETIME answer exactly, whatever the time. */
export const ABSOLUTE_TIMES: ReadonlySet<string> = new Set(
  FAR_SECONDS.flatMap((seconds) => [`${seconds}`, ...MILLISECONDS.map((ms) => `${seconds}${ms}`)]),
);

const PATTERNS = [
  ...["*", "a*", "[ab]", "?", "key:*", "[^a]", "\\a", "[a-c]*", "", "*\xff*", "[", "a[", "\\"],
  ...["[!a]", "[z-a]", "*:?", "[]a]", "[\\]]", "**", "*e*y*", "k[e-", "[a-", "?*?", "\x00*"],
];
const WORD_LENGTH_MAX = 300;
const WORDS = [
  "",
  "foo",
  "NX",
  "XX",
  "GET",
  "EX",
  "123",
  "abc def",
  "\r\n",
  "'",
  "\x00\x01",
  "?x*",
];

/** Relative deadlines are this far apart: whoever is compared with GT or LT is so by far. */
const RELATIVE_STEP_SECONDS = 100;
const RELATIVE_COUNT = 4000;

export class RedisArguments {
  readonly #random: Random;
  readonly #spentRelative = new Set<number>();

  constructor(random: Random) {
    this.#random = random;
  }

  key(): string {
    if (this.#random.oneIn(60)) return LONG_KEY;
    // The first keys most of the time.
    const count = this.#random.oneIn(3) ? KEYS.length : 4;
    return KEYS[this.#random.below(count)]!;
  }

  keys(countMax: number): string[] {
    return Array.from({ length: this.#random.between(1, countMax + 1) }, () => this.key());
  }

  value(): string {
    const random = this.#random;
    const kind = random.below(24);
    if (kind === 0) return random.pick(SPECIAL_VALUES);
    if (kind === 1) return random.text(random.pick(VALUE_LENGTHS));
    if (kind === 2) return "x".repeat(random.pick(VALUE_LENGTHS));
    if (kind === 3) return random.pick(EXTREME_INTEGERS);
    if (kind === 4) return random.pick(BAD_INTEGERS);
    if (kind === 5) return random.pick(FLOATS);
    if (kind === 6 && random.oneIn(4)) return "v".repeat(random.pick(LONG_VALUE_LENGTHS));
    if (kind < 12) return random.pick(INTEGERS);
    return random.pick(VALUES);
  }

  integer(): string {
    const random = this.#random;
    if (random.oneIn(6)) return random.pick(BAD_INTEGERS);
    return random.oneIn(5) ? random.pick(EXTREME_INTEGERS) : random.pick(INTEGERS);
  }

  /** Index of a byte, near a value's ends, or anything. */
  offset(): string {
    const random = this.#random;
    return random.oneIn(6) ? this.integer() : `${random.between(-8, 12)}`;
  }

  float(): string {
    const random = this.#random;
    return random.oneIn(5) ? random.pick(BAD_FLOATS) : random.pick(FLOATS);
  }

  /** A relative time, never the same twice in a stream. */
  relativeSeconds(): string {
    const random = this.#random;
    if (random.oneIn(6)) return random.pick([...BAD_DEADLINES, ...EXTREME_SECONDS]);
    return `${this.#freshSeconds()}`;
  }

  relativeMs(): string {
    const random = this.#random;
    if (random.oneIn(6)) return random.pick(BAD_DEADLINES);
    return `${this.#freshSeconds()}000`;
  }

  absoluteSeconds(): string {
    const random = this.#random;
    if (random.oneIn(8)) return random.pick([...BAD_DEADLINES, ...EXTREME_SECONDS]);
    return `${random.pick(random.oneIn(5) ? PAST_SECONDS : FAR_SECONDS)}`;
  }

  absoluteMs(): string {
    const random = this.#random;
    if (random.oneIn(8)) return random.pick(BAD_DEADLINES);
    const seconds = random.pick(random.oneIn(5) ? PAST_SECONDS : FAR_SECONDS);
    return `${seconds}${random.pick(MILLISECONDS)}`;
  }

  /** For SELECT and the like. */
  database(): string {
    const random = this.#random;
    const odd = ["15", "16", "-1", "abc", "", "1.0", "99999999999", " 1", "+1", "01"];
    return random.oneIn(4) ? random.pick(odd) : random.pick(["0", "0", "0", "1", "9"]);
  }

  pattern(): string {
    return this.#random.pick(PATTERNS);
  }

  /** Anything. */
  word(): string {
    const random = this.#random;
    // Short: a key longer than is allowed would be an exception.
    if (random.oneIn(3)) return this.value().slice(0, WORD_LENGTH_MAX);
    return random.pick(random.oneIn(4) ? BAD_INTEGERS : WORDS);
  }

  /** The same word in upper, lower or mixed case. */
  cased(word: string): string {
    const random = this.#random;
    if (!random.oneIn(3)) return word;
    if (random.oneIn(2)) return word.toLowerCase();
    return [...word].map((c) => (random.oneIn(2) ? c.toLowerCase() : c.toUpperCase())).join("");
  }

  #freshSeconds(): number {
    for (;;) {
      const seconds = this.#random.between(100, RELATIVE_COUNT) * RELATIVE_STEP_SECONDS;
      if (this.#spentRelative.has(seconds)) continue;
      this.#spentRelative.add(seconds);
      return seconds;
    }
  }
}
