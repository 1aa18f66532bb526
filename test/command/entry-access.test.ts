// Each way to read and write an entry, for every alignment of keys and values.

import { describe, expect, test } from "bun:test";
import { createEntryAccess } from "../../src/command/entry-access.ts";
import { SPAN_MASK, SPAN_SHIFT } from "../../src/store/arena.ts";
import { DATABASE_SHIFT, ENTRY_HEADER_SIZE } from "../../src/store/entry.ts";
import { BatchRow } from "../support/batch-row.ts";
import { reserveHighStore } from "../support/high-store.ts";
import { Random } from "../support/random.ts";
import { InProcessServer, type TestServerOptions } from "../support/test-server.ts";

const HEADER_WORDS = ENTRY_HEADER_SIZE / 4;
const TARGET = 1001;

function setUp(options: TestServerOptions = {}) {
  const { store, windows, sends } = new InProcessServer(options).thread;
  const row = new BatchRow(store, windows);
  const access = createEntryAccess(row.batch, store.arena, windows, sends);
  /** Where an entry and its value lie, as the short ways have it. */
  const place = (reference: number, keyLength: number) => {
    const word = (reference & SPAN_MASK) << 1;
    return {
      span: reference >>> SPAN_SHIFT,
      word,
      valueWord: word + HEADER_WORDS + (keyLength >>> 2),
      skewBits: (keyLength & 3) << 3,
    };
  };
  const isOrdinary = (reference: number, key: string, database = 0) => {
    row.write(key);
    const { span, word } = place(reference, key.length);
    return access.isOrdinary(span, word, 0, key.length | (database << DATABASE_SHIFT));
  };
  return { store, windows, sends, row, access, place, isOrdinary };
}

describe("isOrdinary", () => {
  test("tells an entry's key from every other", () => {
    const { row, isOrdinary } = setUp();
    const random = new Random(1);
    for (let length = 0; length < 40; length++) {
      const key = random.text(length);
      const reference = row.set(key, "value");
      expect(isOrdinary(reference, key)).toBe(true);
      for (let i = 0; i < length; i++) {
        const other = Buffer.from(key, "latin1");
        other[i]! ^= 1 << random.below(8);
        expect(isOrdinary(reference, other.toString("latin1"))).toBe(false);
      }
      expect(isOrdinary(reference, `${key}v`)).toBe(false);
      if (length > 0) expect(isOrdinary(reference, key.slice(0, -1))).toBe(false);
    }
  });

  test("tells the databases apart", () => {
    const { store, row, isOrdinary } = setUp();
    for (const database of [0, 1, 15]) {
      store.database = database;
      const reference = row.set("key", "value");
      const answers = [0, 1, 15].map((other) => isOrdinary(reference, "key", other));
      expect(answers).toEqual([0, 1, 15].map((other) => other === database));
      store.database = 0;
    }
  });

  test("is false for an entry with a deadline, a pin or a watcher", () => {
    const { store, row, isOrdinary } = setUp();
    expect(isOrdinary(row.set("mortal", "v", store.nowMs + 1000), "mortal")).toBe(false);
    const pinned = row.set("pinned", "v");
    store.pins.pin(pinned);
    expect(isOrdinary(pinned, "pinned")).toBe(false);
    store.unpin(pinned);
    expect(isOrdinary(pinned, "pinned")).toBe(true);
    const watcher = { isDirty: false };
    const watched = row.set("watched", "v");
    store.watches.add(watched, row.batch.keyOffsets[0]!, "watched".length, watcher);
    expect(isOrdinary(watched, "watched")).toBe(false);
    store.watches.remove(watcher);
    expect(isOrdinary(watched, "watched")).toBe(true);
  });
});

describe.each([
  ["in the first span", undefined],
  ["in the others", reserveHighStore],
])("values %s", (_, reserve) => {
  const setUpHere = () => setUp(reserve === undefined ? {} : { store: reserve(10) });

  test("are copied to a send window, and nothing before it or far behind it is written", () => {
    const { sends, row, access, place } = setUpHere();
    const { bytes } = sends.area;
    const random = new Random(2);
    for (let keyLength = 0; keyLength < 9; keyLength++) {
      for (let length = 0; length < 70; length++) {
        const value = random.text(length);
        const reference = row.set("k".repeat(keyLength), value);
        const { span, valueWord, skewBits } = place(reference, keyLength);
        bytes.fill(0xee, TARGET - 8, TARGET + length + 16);
        access.copyValue(span, valueWord, skewBits, TARGET, TARGET + length);
        expect(bytes.toString("latin1", TARGET, TARGET + length) === value).toBe(true);
        expect(bytes.readUInt8(TARGET - 1)).toBe(0xee);
        expect(bytes.readUInt8(TARGET + length + 8)).toBe(0xee);
        access.readLong(reference, keyLength, length, TARGET + 1);
        expect(bytes.toString("latin1", TARGET + 1, TARGET + 1 + length) === value).toBe(true);
      }
    }
  });

  test("are written over, and neither the key nor a neighbour is", () => {
    const { row, access, place } = setUpHere();
    const random = new Random(3);
    for (let keyLength = 0; keyLength < 9; keyLength++) {
      for (let length = 0; length < 70; length++) {
        const keys = ["a", "b", "c"].map((letter) => letter.repeat(keyLength).slice(1) + letter);
        const [before, key, after] = keyLength === 0 ? ["<", "", ">"] : keys;
        const references = [before!, key!, after!].map((name) => row.set(name, "n".repeat(length)));
        const value = random.text(length);
        row.write(key!, value);
        const { span, valueWord, skewBits } = place(references[1]!, keyLength);
        const from = row.batch.valueOffsets[0]!;
        if (random.oneIn(4)) access.writeLong(references[1]!, 0);
        else if (skewBits === 0) access.writeAligned(span, valueWord, from, length);
        else access.writeSkewed(span, valueWord, skewBits, from, length);
        const values = [before!, key!, after!].map((name) => row.get(name));
        expect(values).toEqual(["n".repeat(length), value, "n".repeat(length)]);
      }
    }
  });
});
