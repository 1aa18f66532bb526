import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import {
  Arena,
  byteOffsetOf,
  PAGE_SIZE,
  reserveArena,
  wordIndexOf,
} from "../../src/store/arena.ts";
import {
  CLASS_SHIFT,
  DATABASE_MASK,
  DATABASE_SHIFT,
  DEADLINE_SIZE,
  ENTRY_HEADER_SIZE,
  entrySize,
  FLAG_DEADLINE,
  FLAG_PINNED,
  FLAG_SWEPT,
  FLAG_WATCHED,
  hasKey,
  KEY_LENGTH_MASK,
  KEY_LENGTH_MAX,
  keyOffsetIn,
  readDeadlineMs,
  valueOffsetIn,
  writeEntry,
} from "../../src/store/entry.ts";
import { CLASS_COUNT } from "../../src/store/size-class.ts";
import { highWord, lowWord } from "../support/store-fixture.ts";

/** A block in the middle of an arena whose bytes are all different from any that is written. */
const REFERENCE = 100;
const FENCE = 0xee;

function makeArena(): Arena {
  const arena = new Arena(reserveArena(2 * PAGE_SIZE));
  arena.areas[0]!.bytes.fill(FENCE);
  return arena;
}

describe("the layout of an entry", () => {
  test("puts key and value behind the header, and behind the deadline if there is one", () => {
    expect(entrySize(3, 5, false)).toBe(ENTRY_HEADER_SIZE + 8);
    expect(entrySize(3, 5, true)).toBe(ENTRY_HEADER_SIZE + DEADLINE_SIZE + 8);
    expect(keyOffsetIn(3)).toBe(8);
    expect(valueOffsetIn(3)).toBe(11);
    expect(keyOffsetIn(3 | FLAG_DEADLINE)).toBe(16);
    expect(valueOffsetIn(3 | FLAG_DEADLINE)).toBe(19);
    expect(valueOffsetIn(KEY_LENGTH_MAX | FLAG_DEADLINE)).toBe(16 + KEY_LENGTH_MAX);
  });

  test("is not moved by the other parts of the header", () => {
    const flags = FLAG_PINNED | FLAG_SWEPT | DATABASE_MASK | FLAG_WATCHED;
    const rest = flags | ((CLASS_COUNT - 1) << CLASS_SHIFT);
    expect(valueOffsetIn(3 | rest)).toBe(11);
    expect(keyOffsetIn(3 | rest | FLAG_DEADLINE)).toBe(16);
  });

  test("keeps the parts of the header apart, and the first word positive", () => {
    const flags = [FLAG_DEADLINE, FLAG_PINNED, FLAG_SWEPT, DATABASE_MASK, FLAG_WATCHED];
    const parts = [KEY_LENGTH_MASK, ...flags, 127 << CLASS_SHIFT];
    let all = 0;
    for (const part of parts) {
      expect(all & part).toBe(0);
      all |= part;
    }
    expect(all).toBeGreaterThan(0);
  });
});

describe("hasKey", () => {
  test("tells apart keys that differ in any byte, in length or in database", () => {
    const source = new ByteArea(new TextEncoder().encode("..a key of words..").buffer);
    for (const hasDeadline of [false, true]) {
      for (let length = 0; length <= 14; length++) {
        const arena = makeArena();
        const bits = 9 << DATABASE_SHIFT;
        writeEntry(arena, REFERENCE, 77, source, 2, length, 0, hasDeadline, bits);
        const words = arena.words[0]!;
        const word = wordIndexOf(REFERENCE);
        words[word]! |= FLAG_PINNED | FLAG_SWEPT | FLAG_WATCHED;
        const has = (size: number, database: number) =>
          hasKey(words, word, source.view, 2, size, database << DATABASE_SHIFT);
        expect(has(length, 9)).toBe(true);
        expect(has(length, 8)).toBe(false);
        expect(has(length, 0)).toBe(false);
        expect(has(length + 1, 9)).toBe(false);
        for (let i = 2; i < 2 + length; i++) {
          source.bytes[i]! ^= 1;
          expect(has(length, 9)).toBe(false);
          source.bytes[i]! ^= 1;
        }
      }
    }
  });
});

describe("writeEntry", () => {
  for (const [kind, hasDeadline] of [
    ["plain", false],
    ["mortal", true],
  ] as const) {
    test(`writes the header and the key of a ${kind} entry, and no byte more`, () => {
      const source = new ByteArea(new TextEncoder().encode("..a key..").buffer);
      const arena = makeArena();
      writeEntry(arena, REFERENCE, 77, source, 2, 5, 1234, hasDeadline);
      const [words] = arena.words;
      const word = wordIndexOf(REFERENCE);
      const header = words![word]!;
      expect(header & KEY_LENGTH_MASK).toBe(5);
      expect(header >>> CLASS_SHIFT).toBe(77);
      expect(header & (FLAG_PINNED | FLAG_SWEPT)).toBe(0);
      expect((header & FLAG_DEADLINE) !== 0).toBe(hasDeadline);
      expect(words![word + 1]).toBe(1234);
      const { bytes } = arena.areas[0]!;
      const keyBegin = byteOffsetOf(REFERENCE) + keyOffsetIn(header);
      expect(bytes.toString("latin1", keyBegin, keyBegin + 5)).toBe("a key");
      let untouched = 0;
      for (const byte of bytes) untouched += Number(byte === FENCE);
      expect(untouched).toBe(bytes.length - ENTRY_HEADER_SIZE - 5);
    });
  }
});

describe("readDeadlineMs", () => {
  test("answers 0 for an entry without the place for one", () => {
    const arena = makeArena();
    const word = wordIndexOf(REFERENCE);
    arena.words[0]![word] = 5;
    expect(readDeadlineMs(arena.words[0]!, word)).toBe(0);
  });

  test("joins the two words, whose sign means nothing", () => {
    const words = new Int32Array(4);
    words[0] = FLAG_DEADLINE;
    for (const deadlineMs of [
      0,
      1,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 41 + 5,
      2 ** 53 - 1,
      2 ** 63,
    ]) {
      words[2] = lowWord(deadlineMs);
      words[3] = highWord(deadlineMs);
      expect(readDeadlineMs(words, 0)).toBe(deadlineMs);
    }
  });
});
