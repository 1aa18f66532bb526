import { describe, expect, test } from "bun:test";
import {
  ARRAY_HEAD_SIZE_MAX,
  BULK_OVERHEAD_MAX,
  COLON,
  OK_SIZE,
  STAR,
  writeBulkHead,
  writeHead,
  writeOk,
} from "../../src/protocol/resp-head.ts";
import { ARGUMENT_COUNT_MAX } from "../../src/protocol/resp-arguments.ts";

const BEGIN = 5;
const JUNK = 0xee;

/** What was written at BEGIN; nothing else must be. */
function written(write: (view: DataView, position: number) => number): string {
  const bytes = Buffer.alloc(64, JUNK);
  const end = write(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), BEGIN);
  const around = [...bytes.subarray(0, BEGIN), ...bytes.subarray(end)];
  expect(around.every((byte) => byte === JUNK)).toBe(true);
  return bytes.toString("latin1", BEGIN, end);
}

describe("the head of a bulk string", () => {
  test("has every length in decimal", () => {
    for (let length = 0; length <= 20_000; length++) {
      const head = written((view, position) => writeBulkHead(view, position, length));
      if (head !== `$${length}\r\n`) expect(head).toBe(`$${length}\r\n`);
    }
  });

  test("is with the end of the string as long as is reckoned with", () => {
    const head = written((view, position) => writeBulkHead(view, position, 99_999));
    expect(head.length + 2).toBe(BULK_OVERHEAD_MAX);
  });
});

describe("the head of anything", () => {
  test("has its type and its length in decimal", () => {
    for (const length of [0, 1, 9, 10, 99, 100, 999_999_999, 10 ** 9, 2 ** 31 - 1]) {
      for (const type of [STAR, COLON, 0x25]) {
        const head = written((view, position) => writeHead(view, position, type, length));
        expect(head).toBe(`${String.fromCharCode(type)}${length}\r\n`);
      }
    }
  });

  test("of as many elements as a command has arguments is no longer than is reckoned with", () => {
    const head = written((view, position) => writeHead(view, position, STAR, ARGUMENT_COUNT_MAX));
    expect(head.length).toBe(ARRAY_HEAD_SIZE_MAX);
  });
});

test("OK is five bytes", () => {
  const text = written((view, position) => {
    writeOk(view, position);
    return position + OK_SIZE;
  });
  expect(text).toBe("+OK\r\n");
});
