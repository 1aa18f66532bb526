import { describe, expect, test } from "bun:test";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { Random } from "../support/random.ts";
import { StoreFixture } from "../support/store-fixture.ts";

const BYTES = Buffer.alloc(3 * PAGE_SIZE + 5);
new Random(1).fill(BYTES);
/** A value beside its key, and one in pieces. */
const VALUES = [BYTES.subarray(0, 1000), BYTES];

function makeFixture(value: Uint8Array): StoreFixture {
  const fixture = new StoreFixture({ sizeBytes: 2 ** 22 });
  expect(fixture.setBytes("key", value)).toBe(true);
  return fixture;
}

describe("Values", () => {
  test("are read wherever they lie, from anywhere to anywhere", () => {
    for (const value of VALUES) {
      const fixture = makeFixture(value);
      const { values } = fixture.store;
      const reference = fixture.find("key");
      expect(values.length(reference)).toBe(value.length);
      expect(values.isInPieces(reference)).toBe(value === BYTES);
      const places = [0, 1, 500, value.length - 1, value.length];
      for (const begin of places) {
        for (const end of places.filter((place) => place >= begin)) {
          expect(values.bytes(reference, begin, end).equals(value.subarray(begin, end))).toBe(true);
        }
      }
    }
  });

  test("are read in one stretch, or in one for each piece", () => {
    for (const [value, expected] of [
      [VALUES[0]!, [1000]],
      [BYTES, [PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, 5]],
    ] as const) {
      const fixture = makeFixture(value);
      const lengths: number[] = [];
      const reference = fixture.find("key");
      fixture.store.values.forEachStretch(reference, 0, value.length, (_area, _offset, length) => {
        lengths.push(length);
      });
      expect(lengths).toEqual([...expected]);
    }
  });

  test("can be written over in pieces, up to what is being sent of them", () => {
    const short = makeFixture(VALUES[0]!);
    expect(short.store.values.canOverwrite(short.find("key"), 1000)).toBe(false);
    const fixture = makeFixture(BYTES);
    const { pins, values } = fixture.store;
    const reference = fixture.find("key");
    const places = [0, BYTES.length - 1, BYTES.length, BYTES.length + 1];
    const answers = () => places.map((position) => values.canOverwrite(reference, position));
    expect(answers()).toEqual([true, true, true, true]);
    pins.pin(reference);
    expect(answers()).toEqual([false, false, true, true]);
    fixture.store.unpin(reference);
    expect(answers()).toEqual([true, true, true, true]);
  });
});
