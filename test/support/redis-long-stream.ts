// A random stream of long commands: values about as long as windows, blocks and pieces are, many
// keys in one command, and long pipelines of all of it.

import { Random } from "./random.ts";
import { commandOf, type Request, type Step } from "./redis-request.ts";

/** Edges of what the server treats alike, in bytes. */
const EDGES = [4096, 16_384, 65_536, 131_072, 262_144, 1_048_576];
const LONGEST = 3_000_000;
const LONG_KEY_COUNT = 6;
const SHORT_KEY_COUNT = 3000;
const KEYS_MAX = 600;

type Make = (stream: RedisLongStream) => string[];

const MAKES: readonly Make[] = [
  (s) => ["SET", s.longKey(), s.longValue()],
  (s) => ["SET", s.longKey(), s.longValue(), "PXAT", "4102444800123"],
  (s) => ["GETSET", s.longKey(), s.longValue()],
  (s) => ["GET", s.longKey()],
  (s) => ["GET", s.longKey()],
  (s) => ["GETDEL", s.longKey()],
  (s) => ["STRLEN", s.longKey()],
  (s) => ["APPEND", s.longKey(), s.longValue()],
  (s) => ["SETRANGE", s.longKey(), s.offset(), s.longValue()],
  (s) => ["GETRANGE", s.longKey(), s.offset(), s.offset()],
  (s) => ["COPY", s.longKey(), s.longKey(), "REPLACE"],
  (s) => ["RENAME", s.longKey(), s.longKey()],
  (s) => ["ECHO", s.longValue()],
  (s) => ["PING", s.longValue()],
  (s) => ["NOSUCH", s.longValue(), s.longValue()],
  (s) => ["GET", s.longKey(), s.longValue()],
  (s) => ["MSET", s.longKey(), s.longValue(), s.shortKey(), "1", s.longKey(), s.longValue()],
  (s) => ["MGET", ...s.shortKeys(), s.longKey(), ...s.shortKeys(), s.longKey()],
  (s) => ["MGET", ...s.shortKeys()],
  (s) => ["MSET", ...s.shortKeys().flatMap((key) => [key, s.shortValue()])],
  (s) => ["MSET", ...s.shortKeys().flatMap((key) => [key, s.shortValue()]), s.shortKey()],
  (s) => ["MSETNX", ...s.shortKeys().flatMap((key) => [key, s.shortValue()])],
  (s) => ["DEL", ...s.shortKeys()],
  (s) => ["UNLINK", s.longKey(), ...s.shortKeys()],
  (s) => ["EXISTS", ...s.shortKeys()],
  (s) => ["TOUCH", ...s.shortKeys()],
  (s) => ["WATCH", ...s.shortKeys()],
  (s) => ["INCR", s.shortKey()],
  (s) => ["SET", s.shortKey(), s.shortValue()],
  (s) => ["GET", s.shortKey()],
  () => ["MULTI"],
  () => ["EXEC"],
  () => ["EXEC"],
];

export class RedisLongStream {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  take(count: number): Step[] {
    const random = this.#random;
    return Array.from({ length: count }, () => ({
      connection: random.oneIn(4) ? 1 : 0,
      requests: this.#requests(),
      mode: "free",
      joinsPrevious: !random.oneIn(4),
      cutSeed: random.word(),
    }));
  }

  longKey(): string {
    return `long:${this.#random.below(LONG_KEY_COUNT)}`;
  }

  shortKey(): string {
    return `short:${this.#random.below(SHORT_KEY_COUNT)}`;
  }

  shortKeys(): string[] {
    const count = this.#random.between(1, this.#random.oneIn(3) ? KEYS_MAX : 20);
    return Array.from({ length: count }, () => this.shortKey());
  }

  shortValue(): string {
    return `${this.#random.below(10 ** this.#random.between(1, 9))}`;
  }

  longValue(): string {
    const length = this.#length();
    const part = this.#random.text(64);
    return part.repeat(Math.ceil(length / part.length)).slice(0, length);
  }

  offset(): string {
    return `${this.#random.oneIn(3) ? -this.#length() : this.#length()}`;
  }

  /** Several short ones at once make deep pipelines. */
  #requests(): Request[] {
    const random = this.#random;
    const count = random.oneIn(10) ? random.between(50, 400) : 1;
    if (count === 1) return [commandOf(random.pick(MAKES)(this))];
    return Array.from({ length: count }, () =>
      commandOf(random.oneIn(2) ? ["INCR", this.shortKey()] : ["GET", this.shortKey()]),
    );
  }

  #length(): number {
    const random = this.#random;
    if (random.oneIn(20)) return LONGEST + random.below(100);
    return Math.max(0, random.pick(EDGES) + random.between(-40, 8));
  }
}
