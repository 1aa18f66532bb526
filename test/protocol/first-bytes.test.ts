import { describe, expect, test } from "bun:test";
import { PROTOCOL, chooseProtocol, type Protocol } from "../../src/protocol/first-bytes.ts";
import { OPCODE, OPCODE_COUNT } from "../../src/protocol/opcode.ts";
import { ARGUMENT_COUNT_MAX } from "../../src/protocol/resp-arguments.ts";
import { DURABILITY_LENGTH_MAX, FRAME_LENGTH_MAX } from "../../src/protocol/v1-decoder.ts";

const { UNKNOWN, V1, RESP } = PROTOCOL;
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PRINTABLE = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 0x20 + i));
/** What a text may begin with. */
const isText = (byte: number) => `\t\n\r${PRINTABLE}`.includes(String.fromCharCode(byte));
/** Opcodes that are not in frames of any length, and the length of the longest. */
const SHORT_LENGTHS: ReadonlyMap<number, number> = new Map([
  [OPCODE.INVALID, 0],
  [OPCODE.KEYS, 1],
  [OPCODE.DURABILITY, 3 + DURABILITY_LENGTH_MAX],
]);
const isLongOpcode = (byte: number) =>
  Object.values(OPCODE).some((opcode) => opcode === byte && !SHORT_LENGTHS.has(opcode));

function choose(text: string): Protocol {
  const bytes = Buffer.from(text, "latin1");
  return chooseProtocol(bytes, 0, bytes.length);
}

/** The same of three bytes, without a buffer for each. */
const three = new Uint8Array(3);
function chooseOf(first: number, second: number, third: number): Protocol {
  three[0] = first;
  three[1] = second;
  three[2] = third;
  return chooseProtocol(three, 0, 3);
}

describe("the protocol of a connection", () => {
  test("follows from its first and its third byte, whatever they are", () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte);
    const texts = Uint8Array.from(bytes, (byte) => Number(isText(byte)));
    const opcodes = Uint8Array.from(bytes, (byte) => Number(isLongOpcode(byte)));
    let differences = 0;
    for (let first = 0; first < 256; first++) {
      for (let third = 0; third < 256; third++) {
        const expected = texts[first] === 1 && opcodes[third] === 0 ? RESP : V1;
        for (let second = 0; second < 256; second++) {
          if (chooseOf(first, second, third) !== expected) differences++;
        }
      }
    }
    expect(differences).toBe(0);
  });

  test("is not known before the third byte of what begins like text, and is v1's otherwise", () => {
    expect(choose("")).toBe(UNKNOWN);
    for (let first = 0; first < 256; first++) {
      const expected = isText(first) ? UNKNOWN : V1;
      const begin = String.fromCharCode(first);
      expect(choose(begin)).toBe(expected);
      for (const second of ["\0", "1", "\n", "\xff"]) expect(choose(begin + second)).toBe(expected);
    }
  });

  test("is judged by the bytes that have come, wherever they lie", () => {
    const bytes = Buffer.from("\0\0*1\r\n", "latin1");
    expect(chooseProtocol(bytes, 2, 2)).toBe(UNKNOWN);
    expect(chooseProtocol(bytes, 2, 4)).toBe(UNKNOWN);
    expect(chooseProtocol(bytes, 2, 5)).toBe(RESP);
    expect(chooseProtocol(bytes, 1, 5)).toBe(V1);
  });

  test("is v1's for every first frame that v1 allows", () => {
    const others: number[] = [];
    for (let length = 1; length <= FRAME_LENGTH_MAX; length++) {
      for (let opcode: number = OPCODE.SET; opcode < OPCODE_COUNT; opcode++) {
        if (length > (SHORT_LENGTHS.get(opcode) ?? FRAME_LENGTH_MAX)) continue;
        if (chooseOf(length >>> 8, length & 0xff, opcode) !== V1) others.push(length);
      }
    }
    expect(others).toEqual([]);
  });

  test("is v1's for a frame that is not text, though its opcode is none", () => {
    for (const frame of ["\0\0\0", "\0\x01\x0e", "\x08\xff\xff", "\x1f\xff*", "\x7f\0\0"]) {
      expect(choose(frame)).toBe(V1);
    }
    expect(choose("\xff\xff\0")).toBe(V1);
  });

  test("is RESP's for every head of an array, good or bad", () => {
    const counts = ["-1", "-0", "+1", "01", "x", " 1", "1 ", "-", `${ARGUMENT_COUNT_MAX}`];
    for (let count = 0; count < 2000; count++) counts.push(`${count}`);
    for (const count of counts) expect([count, choose(`*${count}\r\n`)]).toEqual([count, RESP]);
  });

  test("is RESP's for every line that begins with three letters, or with two and CR", () => {
    const codes = [...LETTERS].map((letter) => letter.charCodeAt(0));
    let others = 0;
    for (const first of codes) {
      for (const second of codes) {
        if (chooseOf(first, second, 0x0d) !== RESP) others++;
        for (const third of codes) if (chooseOf(first, second, third) !== RESP) others++;
      }
    }
    expect(others).toBe(0);
  });

  test("is RESP's for lines behind empty lines and spaces, and for HTTP", () => {
    for (const text of [
      "\r\nPING\r\n",
      "\nPING\n",
      "\r\n\r\n",
      " PING",
      '"PING"',
      "GET / HTTP/1.1",
    ]) {
      expect([text, choose(text)]).toEqual([text, RESP]);
    }
  });

  test("is v1's for the lines that could be a frame: their third byte is an opcode", () => {
    for (const text of ["a\r\n", "ab\n", "ab\tc\r\n", "\n\n\n", "*\r\n", "ab\x0e"]) {
      expect([text, choose(text)]).toEqual([text, V1]);
    }
  });
});
