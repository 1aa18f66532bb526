// Requests of simulations: all ways to write that there are, over few keys, so that they meet.

import type { Random } from "./random.ts";
import { encodeCommand } from "./resp-client.ts";
import { request } from "./v1-frames.ts";

export interface SimulationRequest {
  readonly bytes: Buffer;
  /** Of RESP; null for v1. */
  readonly args: readonly string[] | null;
  /** A v1 request that would write. */
  readonly isV1Write: boolean;
}

const KEY_COUNT = 8;
const DATABASE_COUNT = 3;
const MANY_KEYS = 80;
const SECONDS_MAX = 4;
const HUGE_SHARE = 8;
const LONG_KEY = "key".repeat(300);

export class SimulationRequests {
  readonly #random: Random;
  /** Whether values may be so long that they come in parts, or fill the ring. */
  readonly #hasLongValues: boolean;
  readonly #hugeShare: number;
  #valueCount = 0;

  /** Of the long values one in `hugeShare` is so long that a few of them fill a ring. */
  constructor(random: Random, hasLongValues: boolean, hugeShare = HUGE_SHARE) {
    this.#random = random;
    this.#hasLongValues = hasLongValues;
    this.#hugeShare = hugeShare;
  }

  /** Some requests that a client sends in a row. */
  next(isV1: boolean): SimulationRequest[] {
    if (isV1) return [this.#v1()];
    if (this.#random.oneIn(8)) return this.#transaction().map(resp);
    return [resp(this.#command())];
  }

  #v1(): SimulationRequest {
    const random = this.#random;
    const key = this.#key();
    const amount = `${random.between(-50, 50)}`;
    const seconds = random.below(SECONDS_MAX);
    const value = this.#value(20_000);
    const writes = [
      () => request.set(key, value),
      () => request.set(key, value),
      () => request.set(key, value),
      () => request.setEx(key, value, seconds + 1),
      () => request.incr(key),
      () => request.decr(key),
      () => request.incrBy(key, amount),
      () => request.decrBy(key, amount),
      () => request.del(key),
      () => request.expire(key, seconds),
      () => request.persist(key),
    ];
    const reads = [() => request.get(key), () => request.ttl(key), () => request.ping("p")];
    const isV1Write = !random.oneIn(4);
    const asked = random.pick(isV1Write ? writes : reads)();
    const word = random.oneIn(2) ? "always" : "none";
    const bytes = random.oneIn(6) ? request.durable(word, asked) : asked;
    return { bytes, args: null, isV1Write };
  }

  #transaction(): string[][] {
    const random = this.#random;
    const count = random.between(1, 5);
    const inner = Array.from({ length: count }, () => this.#command());
    const allowed = inner.filter(([name]) => name !== "SELECT");
    const watch = random.oneIn(4) ? [["WATCH", this.#key(), this.#key()]] : [];
    const last = random.oneIn(8) ? "DISCARD" : "EXEC";
    return [...watch, ["MULTI"], ...allowed, [last]];
  }

  #command(): string[] {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 45) return this.#hot();
    if (choice < 80) return this.#oneKey();
    if (choice < 92) return this.#severalKeys();
    if (choice < 95) return ["SELECT", `${random.below(DATABASE_COUNT)}`];
    if (choice < 97) return random.pick([["FLUSHDB"], ["FLUSHALL"], ["FLUSHDB", "ASYNC"]]);
    return random.pick([["PING"], ["ECHO", "x"]]);
  }

  #hot(): string[] {
    const random = this.#random;
    const countMax = random.oneIn(20) ? MANY_KEYS : 4;
    const keys = Array.from({ length: random.between(1, countMax) }, () => this.#key());
    return random.pick<() => string[]>([
      () => ["GET", keys[0]!],
      () => ["SET", keys[0]!, this.#value()],
      () => ["SET", keys[0]!, this.#value()],
      () => ["SET", keys[0]!, this.#value()],
      () => ["INCR", keys[0]!],
      () => ["DEL", ...keys],
      () => ["EXISTS", ...keys],
      () => ["MGET", ...keys],
      () => ["MSET", ...keys.flatMap((key) => [key, this.#value(2000)])],
      () => ["MSET", ...keys.flatMap((key) => [key, this.#value(2000)])],
    ])();
  }

  #oneKey(): string[] {
    const random = this.#random;
    const key = this.#key();
    const seconds = `${random.between(1, SECONDS_MAX)}`;
    const past = `${random.below(1000)}`;
    return random.pick<() => string[]>([
      () => ["APPEND", key, this.#value(5000)],
      () => ["APPEND", key, this.#value(5000)],
      () => ["SETRANGE", key, `${random.below(50)}`, this.#value(200)],
      () => ["SET", key, this.#value(), "PX", `${random.between(1, 4000)}`],
      () => ["SET", key, this.#value(), "KEEPTTL"],
      () => ["SET", key, this.#value(), random.pick(["NX", "XX"])],
      () => ["SET", key, this.#value(), "GET"],
      () => ["SETNX", key, this.#value()],
      () => ["SETEX", key, seconds, this.#value()],
      () => ["GETSET", key, this.#value()],
      () => ["GETDEL", key],
      () => ["GETEX", key, random.pick(["PERSIST", "PERSIST"])],
      () => ["GETEX", key, "EX", seconds],
      () => ["EXPIRE", key, seconds],
      () => ["PEXPIREAT", key, past],
      () => ["PERSIST", key],
      () => ["INCRBY", key, `${random.between(-99, 99)}`],
      () => ["DECR", key],
      () => ["INCRBYFLOAT", key, "0.5"],
      () => ["STRLEN", key],
      () => ["PTTL", key],
    ])();
  }

  #severalKeys(): string[] {
    const random = this.#random;
    const [one, other] = [this.#key(), this.#key()];
    const database = `${random.below(DATABASE_COUNT)}`;
    return random.pick<() => string[]>([
      () => ["RENAME", one, other],
      () => ["RENAMENX", one, other],
      () => ["COPY", one, other, "REPLACE"],
      () => ["COPY", one, other, "DB", database],
      () => ["MSETNX", one, this.#value(), other, this.#value()],
      () => ["UNLINK", one, other],
      () => ["TOUCH", one, other],
    ])();
  }

  #key(): string {
    return this.#random.oneIn(60) ? LONG_KEY : `k${this.#random.below(KEY_COUNT)}`;
  }

  #value(lengthMax = Infinity): string {
    const random = this.#random;
    if (random.oneIn(4)) return `${random.below(1000)}`;
    const text = `value ${++this.#valueCount} `;
    const length = Math.min(lengthMax, this.#valueLength());
    return text.repeat(Math.ceil(Math.max(1, length) / text.length)).slice(0, Math.max(8, length));
  }

  #valueLength(): number {
    const random = this.#random;
    if (!random.oneIn(this.#hasLongValues ? 3 : 12)) return random.below(40);
    if (!this.#hasLongValues) return random.below(3000);
    return random.oneIn(this.#hugeShare)
      ? random.between(120_000, 420_000)
      : random.between(10_000, 60_000);
  }
}

function resp(args: readonly string[]): SimulationRequest {
  return { bytes: encodeCommand(args), args, isV1Write: false };
}
