import { describe, expect, test } from "bun:test";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { measureMemory } from "../../src/store/memory-bytes.ts";
import { StoreFixture } from "../support/store-fixture.ts";

describe("measureMemory", () => {
  test("tells what every page is used for", () => {
    const fixture = new StoreFixture({ sizeBytes: 64 * PAGE_SIZE });
    const { heap, pieces, pool } = fixture.store;
    const measure = () => measureMemory(heap, pieces, pool);
    expect(measure()).toEqual({ entries: 0, slots: 0, expiry: 0, pieces: 0, unused: 0 });
    fixture.set("short", "x");
    fixture.set("long", "x".repeat(2 * PAGE_SIZE));
    const bytes = measure();
    expect(bytes.entries).toBeGreaterThan(0);
    expect(bytes.slots).toBeGreaterThan(0);
    expect(bytes.pieces).toBe(2 * PAGE_SIZE);
    const sum = Object.values(bytes).reduce((left, right) => left + right, 0);
    expect(sum).toBe(pool.takenCount * PAGE_SIZE);
  });
});
