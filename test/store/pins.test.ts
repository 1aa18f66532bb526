import { describe, expect, test } from "bun:test";
import { Arena, PAGE_SIZE, reserveArena, wordIndexOf } from "../../src/store/arena.ts";
import { FLAG_DEADLINE, FLAG_PINNED } from "../../src/store/entry.ts";
import { Pins } from "../../src/store/pins.ts";

const REFERENCE = 100;
const HEADER = 5 | FLAG_DEADLINE;

function makePins() {
  const arena = new Arena(reserveArena(2 * PAGE_SIZE));
  arena.words[0]![wordIndexOf(REFERENCE)] = HEADER;
  return { pins: new Pins(arena), header: () => arena.words[0]![wordIndexOf(REFERENCE)] };
}

describe("Pins", () => {
  test("mark an entry from its first pin to its last", () => {
    const { pins, header } = makePins();
    pins.pin(REFERENCE);
    expect(header()).toBe(HEADER | FLAG_PINNED);
    pins.pin(REFERENCE);
    expect(pins.count).toBe(1);
    expect(pins.unpin(REFERENCE)).toBe(false);
    expect(header()).toBe(HEADER | FLAG_PINNED);
    expect(pins.unpin(REFERENCE)).toBe(false);
    expect(header()).toBe(HEADER);
    expect(pins.count).toBe(0);
  });

  test("have the last pin free what was unlinked meanwhile, and only the last", () => {
    const { pins } = makePins();
    pins.pin(REFERENCE);
    pins.pin(REFERENCE);
    pins.orphan(REFERENCE);
    expect(pins.unpin(REFERENCE)).toBe(false);
    expect(pins.unpin(REFERENCE)).toBe(true);
  });

  test("say which entries have one", () => {
    const { pins } = makePins();
    expect(pins.has(REFERENCE)).toBe(false);
    pins.pin(REFERENCE);
    expect(pins.has(REFERENCE)).toBe(true);
    expect(pins.has(REFERENCE + 2)).toBe(false);
    pins.unpin(REFERENCE);
    expect(pins.has(REFERENCE)).toBe(false);
  });

  test("forget that an entry was unlinked once its block is free", () => {
    const { pins } = makePins();
    pins.pin(REFERENCE);
    pins.orphan(REFERENCE);
    pins.unpin(REFERENCE);
    pins.pin(REFERENCE);
    expect(pins.unpin(REFERENCE)).toBe(false);
  });

  test("refuse to end a pin that is none", () => {
    const { pins } = makePins();
    expect(() => pins.unpin(REFERENCE)).toThrow("ended once");
    expect(() => pins.orphan(REFERENCE)).toThrow("has a pin");
  });
});
