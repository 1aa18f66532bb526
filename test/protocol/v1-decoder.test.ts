import { describe, expect, test } from "bun:test";
import { BATCH_CAPACITY, Batch } from "../../src/batch/batch.ts";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { OPCODE, OPCODE_NAMES } from "../../src/protocol/opcode.ts";
import {
  DECODED,
  FRAME_LENGTH_MAX,
  FRAME_SIZE_MAX,
  createV1Decoder,
} from "../../src/protocol/v1-decoder.ts";
import { xxHash32 } from "../../src/store/xxhash32.ts";
import { TOO_LONG, frame, request, sized, u16 } from "../support/v1-frames.ts";

const AREA_SIZE = 4 * 65536;
/** Where the bytes lie: nothing may depend on it being 0 or even. */
const BEGIN = 1001;
const CONNECTION = 7;
/** What the area is full of: an answer that has any was read beyond the bytes. */
const JUNK = 0x5a;

/** The parts of a request that its opcode says it has; the others are left from before. */
interface Row {
  readonly opcode: string;
  readonly key?: string;
  readonly value?: string;
  readonly expiry?: string;
  /** The opcode of the request within. */
  readonly inner?: string;
}

const SEED = 4711;

class Fixture {
  readonly area = new ByteArea(new ArrayBuffer(AREA_SIZE));
  readonly batch = new Batch();
  readonly decoder = createV1Decoder(this.area, this.batch, SEED);

  constructor() {
    this.area.bytes.fill(JUNK);
  }

  /** Decodes what has not been decoded of the bytes up to `end`. */
  decode(begin: number, end: number): number {
    return this.decoder.decode(CONNECTION, begin, end);
  }

  rows(): Row[] {
    return Array.from({ length: this.batch.count }, (_, row) => this.#row(row));
  }

  #row(row: number): Row {
    const { batch } = this;
    expect(batch.connections[row]).toBe(CONNECTION);
    const opcode = batch.opcodes[row]!;
    if (opcode !== OPCODE.DURABLE) return this.#parts(row, opcode);
    const { opcode: inner, ...parts } = this.#parts(row, batch.parts[row]!);
    return { opcode: OPCODE_NAMES[opcode]!, inner, ...parts };
  }

  #parts(row: number, opcode: number): Row {
    const { batch } = this;
    const name = OPCODE_NAMES[opcode]!;
    const value = { value: this.#text(batch.valueOffsets[row]!, batch.valueLengths[row]!) };
    if (opcode === OPCODE.PING || opcode === OPCODE.DURABILITY) return { opcode: name, ...value };
    if (opcode === OPCODE.INVALID || opcode === OPCODE.INFO || opcode === OPCODE.KEYS) {
      return { opcode: name };
    }
    const keyOffset = batch.keyOffsets[row]!;
    const keyLength = batch.keyLengths[row]!;
    expect(batch.hashes[row]).toBe(xxHash32(this.area.view, keyOffset, keyLength, SEED));
    const key = { key: this.#text(keyOffset, keyLength) };
    const isLong = opcode === OPCODE.INCRBY || opcode === OPCODE.DECRBY || opcode === OPCODE.EXPIRE;
    if (isLong) return { opcode: name, ...key, ...value };
    if (opcode !== OPCODE.SET) return { opcode: name, ...key };
    const expiryLength = batch.expiryLengths[row]!;
    if (expiryLength === 0) return { opcode: name, ...key, ...value };
    const expiry = this.#text(batch.expiryOffsets[row]!, expiryLength);
    return { opcode: name, ...key, ...value, expiry };
  }

  #text(offset: number, length: number): string {
    return this.area.bytes.toString("latin1", offset, offset + length);
  }
}

const invalid: Row = { opcode: "invalid" };
const GET_K = request.get("k");

/** Name, the bytes in hexadecimal or with texts, and the rows. */
const CASES: readonly (readonly [string, Buffer, readonly Row[]])[] = [
  ["SET", hex("000f 01 0005 68656c6c6f 0005 776f726c64"), [set("hello", "world")]],
  ["SET of nothing under no key", hex("0005 01 0000 0000"), [set("", "")]],
  ["SET EX", hex("000b 01 0001 6b 0001 76 0002 3130"), [set("k", "v", "10")]],
  [
    "SET EX with bytes behind it",
    hex("000d 01 0001 6b 0001 76 0002 3130 ffff"),
    [set("k", "v", "10")],
  ],
  [
    "SET EX of 31 characters",
    frame(1, sized("k"), sized("v"), sized("1".repeat(31))),
    [set("k", "v", "1".repeat(31))],
  ],
  ["SET EX of 32 characters", frame(1, sized("k"), sized("v"), sized("1".repeat(32))), [invalid]],
  ["SET EX of no characters", hex("0009 01 0001 6b 0001 76 0000"), [invalid]],
  ["SET EX one byte short", hex("000a 01 0001 6b 0001 76 0002 31"), [invalid]],
  ["SET with one byte behind it", hex("0008 01 0001 6b 0001 76 00"), [invalid]],
  ["SET with its value one byte short", hex("0007 01 0001 6b 0002 76"), [invalid]],
  ["SET without a value's length", hex("0004 01 0001 6b"), [invalid]],
  ["SET with half a value's length", hex("0005 01 0001 6b 00"), [invalid]],
  ["SET whose key is longer than the frame", hex("0007 01 0005 6b 0001 76"), [invalid]],
  ["SET of the opcode alone", hex("0001 01"), [invalid]],
  ["GET", hex("0008 02 0005 68656c6c6f"), [withKey("get", "hello")]],
  ["GET of no key", hex("0003 02 0000"), [withKey("get", "")]],
  ["GET with bytes behind its key", hex("0006 02 0001 6b 7878"), [withKey("get", "k")]],
  ["GET one byte short", hex("0004 02 0002 6b"), [invalid]],
  ["GET with half a length", hex("0002 02 00"), [invalid]],
  ["GET whose key length is 65535", hex("0004 02 ffff 6b"), [invalid]],
  ["INCR", hex("0004 03 0001 6e"), [withKey("incr", "n")]],
  ["INCR one byte short", hex("0003 03 0001"), [invalid]],
  ["DECR", hex("0004 06 0001 6e"), [withKey("decr", "n")]],
  ["DECR one byte short", hex("0003 06 0001"), [invalid]],
  ["DEL", hex("0004 09 0001 6e"), [withKey("del", "n")]],
  ["DEL one byte short", hex("0003 09 0001"), [invalid]],
  ["TTL", hex("0004 0b 0001 6e"), [withKey("ttl", "n")]],
  ["TTL one byte short", hex("0003 0b 0001"), [invalid]],
  ["PERSIST", hex("0004 0c 0001 6e"), [withKey("persist", "n")]],
  ["PERSIST one byte short", hex("0003 0c 0001"), [invalid]],
  ["INCRBY", hex("0008 04 0001 6e 0002 3431"), [withValue("incrby", "n", "41")]],
  ["INCRBY of an empty amount", hex("0006 04 0001 6e 0000"), [withValue("incrby", "n", "")]],
  ["INCRBY one byte short", hex("0007 04 0001 6e 0002 34"), [invalid]],
  ["INCRBY without an amount", hex("0004 04 0001 6e"), [invalid]],
  ["DECRBY", hex("0008 08 0001 6e 0002 3431"), [withValue("decrby", "n", "41")]],
  [
    "DECRBY with a byte behind it",
    hex("0009 08 0001 6e 0002 3431 78"),
    [withValue("decrby", "n", "41")],
  ],
  ["EXPIRE", hex("0008 0a 0001 6e 0002 3431"), [withValue("expire", "n", "41")]],
  ["EXPIRE one byte short", hex("0007 0a 0001 6e 0002 34"), [invalid]],
  ["PING", hex("0005 05 0002 6869"), [{ opcode: "ping", value: "hi" }]],
  ["PING of nothing", hex("0003 05 0000"), [{ opcode: "ping", value: "" }]],
  [
    "PING with bytes behind its payload",
    hex("0006 05 0002 686978"),
    [{ opcode: "ping", value: "hi" }],
  ],
  ["PING one byte short", hex("0004 05 0002 68"), [invalid]],
  ["PING without a length", hex("0001 05"), [invalid]],
  ["INFO", hex("0001 07"), [{ opcode: "info" }]],
  ["INFO with bytes behind it", hex("0003 07 ffff"), [{ opcode: "info" }]],
  ["KEYS", hex("0001 0d"), [{ opcode: "keys" }]],
  ["KEYS with a byte behind it", hex("0002 0d 00"), [invalid]],
  ["the length 0", hex("0000"), [invalid]],
  ["the command byte 0", hex("0004 00 0001 6e"), [invalid]],
  ["DURABLE SET", request.durable("always", request.set("k", "v")), [durable(set("k", "v"))]],
  [
    "DURABLE SET EX",
    request.durable("none", request.setEx("k", "v", 10)),
    [durable(set("k", "v", "10"))],
  ],
  ["DURABLE GET", hex("000a 0e 0004 6e6f6e65 02 0000"), [durable(withKey("get", ""))]],
  ["DURABLE KEYS", hex("0004 0e 0000 0d"), [durable({ opcode: "keys" })]],
  ["DURABLE KEYS with a byte behind it", hex("0005 0e 0000 0d 00"), [invalid]],
  [
    "DURABLE INCRBY, and what follows it",
    Buffer.concat([request.durable("everysec", request.incrBy("n", 4)), request.get("k")]),
    [durable(withValue("incrby", "n", "4")), withKey("get", "k")],
  ],
  [
    "DURABLE DURABILITY",
    request.durable("always", request.durability("none")),
    [durable({ opcode: "durability", value: "none" })],
  ],
  ["DURABLE of a word of nine characters", request.durable("123456789", GET_K), [invalid]],
  ["DURABLE of a SET one byte short", hex("000a 0e 0000 01 0001 6b 0002 76"), [invalid]],
  [
    "DURABLE of a SET with one byte behind it",
    hex("000b 0e 0000 01 0001 6b 0001 76 00"),
    [invalid],
  ],
  ["DURABLE within DURABLE", request.durable("none", request.durable("none", GET_K)), [invalid]],
  ["DURABLE of an unknown command byte", hex("0007 0e 0000 10 0001 6b"), [invalid]],
  ["DURABLE of nothing", hex("0007 0e 0004 6e6f6e65"), [invalid]],
  ["DURABLE with its word one byte short", hex("0006 0e 0004 6e6f6e"), [invalid]],
  ["DURABLE without a word", hex("0001 0e"), [invalid]],
  ["DURABILITY", request.durability("default"), [{ opcode: "durability", value: "default" }]],
  ["DURABILITY of no word", hex("0003 0f 0000"), [{ opcode: "durability", value: "" }]],
  ["DURABILITY with a byte behind it", hex("0008 0f 0004 6e6f6e65 00"), [invalid]],
  ["DURABILITY one byte short", hex("0006 0f 0004 6e6f6e"), [invalid]],
  ["DURABILITY of a word of nine characters", request.durability("123456789"), [invalid]],
  ["DURABILITY without a word", hex("0001 0f"), [invalid]],
  ["the first command byte that is unknown", hex("0004 10 0001 6e"), [invalid]],
  ["the last command byte", hex("0004 ff 0001 6e"), [invalid]],
  [
    "a valid frame after an invalid one",
    hex("0000 0002 0200 0003 02 0000"),
    [invalid, invalid, withKey("get", "")],
  ],
  [
    "one of each",
    Buffer.concat([
      request.set("a", "1"),
      request.setEx("b", "2", 3),
      request.get("c"),
      request.incrBy("d", 4),
      request.ping("e"),
      request.info(),
      request.keys(),
    ]),
    [
      set("a", "1"),
      set("b", "2", "3"),
      withKey("get", "c"),
      withValue("incrby", "d", "4"),
      { opcode: "ping", value: "e" },
      { opcode: "info" },
      { opcode: "keys" },
    ],
  ],
];

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

function set(key: string, value: string, expiry?: string): Row {
  return { opcode: "set", key, value, ...(expiry === undefined ? {} : { expiry }) };
}

function durable({ opcode, ...parts }: Row): Row {
  return { opcode: "durable", inner: opcode, ...parts };
}

function withKey(opcode: string, key: string): Row {
  return { opcode, key };
}

function withValue(opcode: string, key: string, value: string): Row {
  return { opcode, key, value };
}

/** Hands over the bytes in pieces that end at these lengths, as they arrive in a window. */
function decodeInPieces(bytes: Buffer, lengths: readonly number[]): Fixture {
  const fixture = new Fixture();
  let position = BEGIN;
  let copied = 0;
  for (const length of lengths) {
    bytes.copy(fixture.area.bytes, BEGIN + copied, copied, length);
    copied = length;
    expect(fixture.decode(position, BEGIN + length)).toBe(DECODED.ALL);
    position = fixture.decoder.position();
  }
  expect(position).toBe(BEGIN + bytes.length);
  return fixture;
}

describe("V1Decoder", () => {
  describe("reads in one piece, byte by byte, and cut at every position", () => {
    test.each(CASES)("%s", (_name, bytes, rows) => {
      expect(decodeInPieces(bytes, [bytes.length]).rows()).toEqual([...rows]);
      const each = Array.from({ length: bytes.length }, (_, i) => i + 1);
      expect(decodeInPieces(bytes, each).rows()).toEqual([...rows]);
      for (let at = 0; at <= bytes.length; at++) {
        expect(decodeInPieces(bytes, [at, bytes.length]).rows()).toEqual([...rows]);
      }
    });
  });

  test("leaves a frame that is not whole where it is", () => {
    for (const [, bytes] of CASES) {
      const first = bytes.subarray(0, 2 + bytes.readUInt16BE(0));
      for (let length = 0; length < first.length; length++) {
        const fixture = new Fixture();
        first.copy(fixture.area.bytes, BEGIN, 0, length);
        expect(fixture.decode(BEGIN, BEGIN + length)).toBe(DECODED.ALL);
        expect(fixture.batch.count).toBe(0);
        expect(fixture.decoder.position()).toBe(BEGIN);
      }
    }
  });

  test("notes where each frame begins", () => {
    const fixture = new Fixture();
    const frames = [request.ping("a"), frame(), request.get("key"), frame(0xee)];
    Buffer.concat(frames).copy(fixture.area.bytes, BEGIN);
    fixture.decode(BEGIN, BEGIN + 8 + 2 + frames[2]!.length + 3);
    const offsets = fixture.batch.frameOffsets.slice(0, fixture.batch.count);
    const lengths = frames.map((bytes) => bytes.length);
    expect([...offsets]).toEqual([0, 1, 2, 3].map((i) => BEGIN + sumOf(lengths.slice(0, i))));
  });

  test("appends to the rows of other connections", () => {
    const fixture = new Fixture();
    request.get("a").copy(fixture.area.bytes, 10);
    request.get("b").copy(fixture.area.bytes, 5000);
    fixture.decoder.decode(3, 10, 16);
    fixture.decoder.decode(4, 5000, 5006);
    expect(fixture.batch.count).toBe(2);
    expect([...fixture.batch.connections.slice(0, 2)]).toEqual([3, 4]);
    expect([...fixture.batch.keyOffsets.slice(0, 2)]).toEqual([15, 5005]);
  });

  test("reads a frame of the greatest length, and refuses one more", () => {
    const fixture = new Fixture();
    const payload = "p".repeat(FRAME_LENGTH_MAX - 3);
    const longest = request.ping(payload);
    expect(longest.length).toBe(FRAME_SIZE_MAX);
    longest.copy(fixture.area.bytes, BEGIN);
    expect(fixture.decode(BEGIN, BEGIN + FRAME_SIZE_MAX - 1)).toBe(DECODED.ALL);
    expect(fixture.batch.count).toBe(0);
    expect(fixture.decode(BEGIN, BEGIN + FRAME_SIZE_MAX)).toBe(DECODED.ALL);
    expect(fixture.rows()).toEqual([{ opcode: "ping", value: payload }]);

    TOO_LONG.copy(fixture.area.bytes, BEGIN);
    expect(fixture.decode(BEGIN, BEGIN + 1)).toBe(DECODED.ALL);
    expect(fixture.decode(BEGIN, BEGIN + 2)).toBe(DECODED.TOO_LONG);
    expect(fixture.decoder.position()).toBe(BEGIN);
    expect(fixture.batch.count).toBe(1);
  });

  test("reads keys and values up to the end of the longest frame, and not beyond", () => {
    const cases: (readonly [Buffer, Row])[] = [
      [request.get("k".repeat(65531)), withKey("get", "k".repeat(65531))],
      [request.set("k".repeat(65529), ""), set("k".repeat(65529), "")],
      [request.set("", "v".repeat(65529)), set("", "v".repeat(65529))],
      [request.incrBy("", "1".repeat(65529)), withValue("incrby", "", "1".repeat(65529))],
      [
        request.durable("none", request.get("k".repeat(65524))),
        durable(withKey("get", "k".repeat(65524))),
      ],
      [frame(0x0e, sized(""), 2, u16(65529), "k".repeat(65528)), invalid],
      [frame(2, u16(65532), "k".repeat(65531)), invalid],
      [frame(1, sized("k".repeat(65528)), u16(2), "v"), invalid],
      [frame(5, u16(65532), "p".repeat(65531)), invalid],
    ];
    for (const [bytes, row] of cases) {
      expect(bytes.length).toBe(FRAME_SIZE_MAX);
      expect(decodeInPieces(bytes, [bytes.length]).rows()).toEqual([row]);
    }
  });

  test("gives what came before a length that is too long", () => {
    const fixture = new Fixture();
    const bytes = Buffer.concat([request.get("a"), TOO_LONG, request.get("b")]);
    bytes.copy(fixture.area.bytes, BEGIN);
    expect(fixture.decode(BEGIN, BEGIN + bytes.length)).toBe(DECODED.TOO_LONG);
    expect(fixture.rows()).toEqual([withKey("get", "a")]);
    expect(fixture.decoder.position()).toBe(BEGIN + 6);
  });

  test("says that the batch is full only when another whole frame is there", () => {
    const fixture = new Fixture();
    const one = request.get("k");
    const end = BEGIN + BATCH_CAPACITY * one.length;
    const many = Buffer.concat(Array.from({ length: BATCH_CAPACITY + 1 }, () => one));
    many.copy(fixture.area.bytes, BEGIN);
    for (const [more, expected] of [
      [0, DECODED.ALL],
      [one.length - 1, DECODED.ALL],
      [one.length, DECODED.BATCH_FULL],
    ] as const) {
      fixture.batch.count = 0;
      expect(fixture.decode(BEGIN, end + more)).toBe(expected);
      expect(fixture.batch.count).toBe(BATCH_CAPACITY);
      expect(fixture.decoder.position()).toBe(end);
    }
    TOO_LONG.copy(fixture.area.bytes, end);
    fixture.batch.count = 0;
    expect(fixture.decode(BEGIN, end + one.length)).toBe(DECODED.TOO_LONG);
    expect(fixture.batch.count).toBe(BATCH_CAPACITY);
  });
});

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
