import { describe, expect, test } from "bun:test";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { KEY_LENGTH_MAX } from "../../src/store/entry.ts";
import { Random } from "../support/random.ts";
import { StoreFixture } from "../support/store-fixture.ts";

const MEBIBYTE = 2 ** 20;
/** For the tests that go through millions of operations. */
const LONG_TIMEOUT_MS = 60_000;

function makeFixture(sizeBytes = 4 * MEBIBYTE): StoreFixture {
  return new StoreFixture({ sizeBytes });
}

describe("Store", () => {
  test("answers with what was set last, and with nothing for a key that is not there", () => {
    const fixture = makeFixture();
    expect(fixture.get("key")).toBeNull();
    expect(fixture.set("key", "value")).toBe(true);
    expect(fixture.get("key")).toBe("value");
    expect(fixture.set("key", "")).toBe(true);
    expect(fixture.get("key")).toBe("");
    expect(fixture.get("ke")).toBeNull();
    expect(fixture.get("keyy")).toBeNull();
    expect(fixture.store.keyCount).toBe(1);
  });

  test("removes a key once", () => {
    const fixture = makeFixture();
    fixture.set("key", "value");
    expect(fixture.remove("key")).toBe(true);
    expect(fixture.remove("key")).toBe(false);
    expect(fixture.get("key")).toBeNull();
    expect(fixture.store.keyCount).toBe(0);
    expect(fixture.store.memoryBytes().entries).toBe(0);
  });

  test("takes keys of any bytes and any length up to the longest", () => {
    const fixture = makeFixture();
    const random = new Random(1);
    const lengths = [0, 1, 2, 3, 4, 15, 16, 17, 255, 256, 1000, KEY_LENGTH_MAX];
    const keys = lengths.map((length) => random.text(length));
    for (const [i, key] of keys.entries()) expect(fixture.set(key, `${i}`)).toBe(true);
    for (const [i, key] of keys.entries()) {
      expect(fixture.get(key)).toBe(`${i}`);
      expect(fixture.keyOf(fixture.find(key))).toBe(key);
    }
  });
});

describe("Store at its memory limit", () => {
  test("refuses what needs memory, changes nothing by it, and does everything else", () => {
    const fixture = makeFixture(2 * MEBIBYTE);
    const value = "v".repeat(1000);
    const deadlineMs = fixture.nowMs + 1000;
    expect(fixture.set("first", value, deadlineMs)).toBe(true);
    let count = 0;
    while (fixture.set(`key ${count}`, value)) count++;
    expect(count).toBeGreaterThan(1000);
    const before = fixture.store.memoryBytes();
    for (let i = 0; i < 10; i++) {
      expect(fixture.set(`more ${i}`, value)).toBe(false);
      expect(fixture.set("key 0", "w".repeat(10_000))).toBe(false);
      expect(fixture.replace("first", "w".repeat(10_000))).toBe(false);
    }
    expect(fixture.store.keyCount).toBe(count + 1);
    expect(fixture.store.memoryBytes().entries).toBe(before.entries);
    expect(fixture.get("first")).toBe(value);
    expect(fixture.deadlineOf("first")).toBe(deadlineMs);
    expect(fixture.store.deadlineCount).toBe(1);

    for (let i = 0; i < count; i++) expect(fixture.get(`key ${i}`)).toBe(value);
    expect(fixture.set("key 0", "w".repeat(1000))).toBe(true);
    expect(fixture.expireAt("first", deadlineMs + 1)).toBe(true);
    expect(fixture.expireAt("first", 0)).toBe(true);
    expect(fixture.remove("key 1")).toBe(true);
    expect(fixture.set("more 0", value)).toBe(true);
    expect(fixture.set("more 1", value)).toBe(false);
  });

  test("uses room that deletes make for values of any other size", () => {
    const fixture = makeFixture(2 * MEBIBYTE);
    const random = new Random(1);
    for (const length of [20, 5000, 100, 60_000, 900, 20_000, 8, 2000]) {
      const keys: string[] = [];
      for (let i = 0; fixture.set(`key ${i}`, "v".repeat(length)); i++) keys.push(`key ${i}`);
      // What is live then, and room elsewhere: each size starts in the gaps of the one before.
      expect(fixture.store.memoryBytes().entries).toBeGreaterThan(1.2 * MEBIBYTE);
      for (const key of keys) if (!random.oneIn(20)) fixture.remove(key);
    }
    expect(fixture.store.compactor.movedCount).toBeGreaterThan(0);
  });

  test("follows a limit that moves", () => {
    const fixture = makeFixture(4 * MEBIBYTE);
    const { pool } = fixture.store;
    pool.setLimit(10);
    let count = 0;
    while (fixture.set(`key ${count}`, "v".repeat(10_000))) count++;
    expect(pool.takenCount).toBe(10);
    pool.setLimit(5);
    expect(fixture.set("more", "v".repeat(10_000))).toBe(false);
    for (let i = 0; i < count; i++) expect(fixture.get(`key ${i}`)).toBe("v".repeat(10_000));
    pool.setLimit(20);
    expect(fixture.set("more", "v".repeat(10_000))).toBe(true);
  });
});

describe("Store under churn", () => {
  test(
    "serves twenty times its memory in changing sizes while three fifths of it are in use",
    () => {
      const sizeBytes = 16 * MEBIBYTE;
      const fixture = makeFixture(sizeBytes);
      const random = new Random(1);
      const { store } = fixture;
      const live: string[] = [];
      const phases = [20, 60, 200, 700, 2500, 9000, 25_000, 60_000, 12_000, 300, 40, 3000];
      const text = random.text(70_000);
      let writtenBytes = 0;
      let next = 0;
      for (let phase = 0; writtenBytes < 20 * sizeBytes; phase++) {
        const center = phases[phase % phases.length]!;
        const phaseEnd = writtenBytes + (2 * sizeBytes * Math.min(center, 2000)) / 2000;
        while (writtenBytes < phaseEnd) {
          while (store.memoryBytes().entries + store.memoryBytes().slots > 0.6 * sizeBytes) {
            const at = random.below(live.length);
            expect(fixture.remove(live[at]!)).toBe(true);
            live[at] = live.at(-1)!;
            live.pop();
          }
          const length = Math.floor((center * random.between(80, 120)) / 100);
          const key = `key ${next++}`;
          if (!fixture.set(key, text.slice(0, length))) throw new Error("there was room");
          live.push(key);
          writtenBytes += length;
        }
        expect(store.pool.takenCount).toBeLessThan(sizeBytes / PAGE_SIZE);
      }
      expect(store.compactor.movedCount).toBeGreaterThan(0);
      for (const key of live) expect(fixture.remove(key)).toBe(true);
      expect(store.keyCount).toBe(0);
      expect(store.memoryBytes().entries).toBe(0);
      const tablePages = Math.ceil(store.memoryBytes().slots / PAGE_SIZE);
      expect(store.pool.takenCount).toBeLessThan(tablePages + 10);
    },
    LONG_TIMEOUT_MS,
  );
});
