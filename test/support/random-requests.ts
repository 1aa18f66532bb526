// Requests as clients send them, and as they should not: every command, texts at the edges of what
// they may be, frames whose inner lengths lie.

import type { Random } from "./random.ts";
import { frame, request, sized, u16 } from "./v1-frames.ts";

/** Not for everybody: it sees the keys of all. */
const OPCODE_KEYS = 13;
/** Errors where nothing is kept on disk, as opcodes that are unknown. */
const OPCODE_DURABLE = 14;
const INTEGERS = [
  "0",
  "1",
  "-1",
  "+5",
  "007",
  "-0",
  "999999999999999",
  "-999999999999999",
  "1000000000000000",
  "9007199254740993",
  "9223372036854775806",
  "9223372036854775807",
  "-9223372036854775807",
  "-9223372036854775808",
];
const NO_INTEGERS = ["", "x", "-", "+", "1.5", " 1", "1 ", "--1", "0x10", "9223372036854775808"];
const SECONDS = ["0", "1", "2", "10", "+3", "86400", "9000000000000", "9000000000001"];
const NO_SECONDS = [
  "",
  "-1",
  "-0",
  "1.0",
  "x",
  "9223372036854775",
  "00000000000000000000000000000001",
];
const VALUE_LENGTHS = [0, 1, 7, 20, 63, 64, 65, 200, 900];
const LONG_VALUE_LENGTHS = [4000, 16383, 16384, 16385, 40_000];

export interface RequestOptions {
  readonly keys: readonly string[];
  /** Whether values of tens of kilobytes are among them. */
  readonly hasLongValues?: boolean;
  readonly hasKeysCommand?: boolean;
}

export function randomRequest(random: Random, options: RequestOptions): Buffer {
  const key = random.pick(options.keys);
  switch (random.below(20)) {
    case 0:
    case 1:
    case 2:
      return request.set(key, randomValue(random, options));
    case 3:
    case 4:
      return request.setEx(key, randomValue(random, options), randomSeconds(random));
    case 5:
    case 6:
    case 7:
      return request.get(key);
    case 8:
      return request.incr(key);
    case 9:
      return request.decr(key);
    case 10:
    case 11:
      return request.incrBy(key, randomAmount(random));
    case 12:
      return request.decrBy(key, randomAmount(random));
    case 13:
      return request.del(key);
    case 14:
      return request.expire(key, randomSeconds(random));
    case 15:
    case 16:
      return request.ttl(key);
    case 17:
      return request.persist(key);
    case 18:
      return randomOddity(random, options);
    default:
      return random.oneIn(2) ? request.ping(key) : lyingFrame(random, key);
  }
}

/** A frame that is whole, but whose inner lengths are not what its core holds. */
function lyingFrame(random: Random, key: string): Buffer {
  const opcode = random.below(OPCODE_KEYS);
  const text = Buffer.from(key, "latin1");
  const keyLength = random.pick([text.length, text.length + 1, text.length - 1, 0xffff, 0x8000]);
  const keyPart = Buffer.concat([u16(Math.max(0, keyLength)), text]);
  switch (random.below(5)) {
    case 0:
      return frame(opcode, keyPart);
    case 1:
      return frame(opcode, keyPart, u16(random.below(5)), "123");
    case 2:
      return frame(opcode, sized(text), u16(random.pick([3, 4, 0xfffe])), "123");
    case 3:
      return frame(opcode, sized(text), sized("v"), "x".repeat(random.below(4)));
    default:
      return frame(opcode, random.text(random.below(4)));
  }
}

function randomOddity(random: Random, options: RequestOptions): Buffer {
  switch (random.below(5)) {
    case 0:
      return frame();
    case 1:
      return frame(random.between(OPCODE_DURABLE, 256), "abc");
    case 2:
      return frame(random.below(OPCODE_KEYS));
    case 3:
      return random.oneIn(2)
        ? request.durability("always")
        : request.durable("always", request.set(random.pick(options.keys), "durable"));
    default:
      return options.hasKeysCommand === true ? request.keys() : request.ping("");
  }
}

function randomValue(random: Random, options: RequestOptions): string {
  if (random.oneIn(2)) return randomAmount(random);
  const isLong = options.hasLongValues === true && random.oneIn(4);
  return random.text(random.pick(isLong ? LONG_VALUE_LENGTHS : VALUE_LENGTHS));
}

function randomAmount(random: Random): string {
  if (random.oneIn(3)) return `${random.between(-1000, 1000)}`;
  return random.pick(random.oneIn(4) ? NO_INTEGERS : INTEGERS);
}

function randomSeconds(random: Random): string {
  return random.pick(random.oneIn(4) ? NO_SECONDS : SECONDS);
}
