import { describe, expect, test } from "bun:test";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { PURPOSE } from "../../src/store/block-heap.ts";
import { ENTRY_HEADER_SIZE, KEY_LENGTH_MAX } from "../../src/store/entry.ts";
import { BLOCK_SIZE_MAX } from "../../src/store/size-class.ts";
import { SLICE, SLICE_BUCKET_COUNT } from "../../src/store/work-slices.ts";
import { Random } from "../support/random.ts";
import { highWord, lowWord, StoreFixture } from "../support/store-fixture.ts";

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

  test("takes an entry that fills a page and refuses one byte more", () => {
    const fixture = makeFixture();
    const full = "v".repeat(BLOCK_SIZE_MAX - ENTRY_HEADER_SIZE - 3);
    expect(fixture.set("key", full)).toBe(true);
    expect(fixture.set("key", `${full}v`)).toBe(false);
    expect(fixture.set("kez", `${full}v`)).toBe(false);
    expect(fixture.get("key")).toBe(full);
    expect(fixture.store.keyCount).toBe(1);
    // The deadline would need eight bytes that there are not.
    expect(fixture.set("key", full, fixture.nowMs + 1)).toBe(false);
    expect(fixture.expireAt("key", fixture.nowMs + 1)).toBe(false);
    expect(fixture.get("key")).toBe(full);
    expect(fixture.deadlineOf("key")).toBe(0);
    expect(fixture.store.deadlineCount).toBe(0);
  });

  test("visits every entry once, and stops when the visitor has seen enough", () => {
    const fixture = makeFixture();
    for (let i = 0; i < 1000; i++) fixture.set(`key ${i}`, "");
    expect(new Set(fixture.references()).size).toBe(1000);
    expect(fixture.references()).toHaveLength(1000);
    let visited = 0;
    const visit = () => ++visited < 7;
    expect(fixture.store.segments.forEachEntry(0, visit)).toBe(false);
    expect(visited).toBe(7);
  });
});

describe("Store writing over a value", () => {
  test("writes in place while the block is not too large for it", () => {
    const fixture = makeFixture();
    fixture.set("key", "v".repeat(1000));
    const reference = fixture.find("key");
    fixture.set("key", "w".repeat(600));
    expect(fixture.find("key")).toBe(reference);
    fixture.set("key", "x".repeat(100));
    expect(fixture.find("key")).not.toBe(reference);
    expect(fixture.get("key")).toBe("x".repeat(100));
    const smaller = fixture.find("key");
    fixture.set("key", "y".repeat(1000));
    expect(fixture.find("key")).not.toBe(smaller);
    expect(fixture.get("key")).toBe("y".repeat(1000));
  });

  test("keeps a small block for whatever is smaller still", () => {
    const fixture = makeFixture();
    fixture.set("key", "v".repeat(50));
    const reference = fixture.find("key");
    fixture.set("key", "");
    expect(fixture.find("key")).toBe(reference);
    expect(fixture.get("key")).toBe("");
  });

  test("replaces a value and keeps the deadline, in place and elsewhere", () => {
    const fixture = makeFixture();
    const deadlineMs = fixture.nowMs + 1000;
    for (const [key, keyDeadlineMs] of [
      ["without", 0],
      ["with", deadlineMs],
    ] as const) {
      fixture.set(key, "v".repeat(100), keyDeadlineMs);
      for (const length of [90, 100, 5000, 1, 70_000]) {
        expect(fixture.replace(key, "w".repeat(length))).toBe(true);
        expect(fixture.get(key)).toBe("w".repeat(length));
        expect(fixture.deadlineOf(key)).toBe(keyDeadlineMs);
      }
    }
    expect(fixture.store.deadlineCount).toBe(1);
  });
});

describe("Store with deadlines", () => {
  test("hides a key from its deadline on and not before", () => {
    const fixture = makeFixture();
    const deadlineMs = fixture.nowMs + 1000;
    fixture.set("key", "value", deadlineMs);
    fixture.moveTo(deadlineMs - 1);
    expect(fixture.get("key")).toBe("value");
    expect(fixture.store.hasExpired(fixture.find("key"))).toBe(false);
    fixture.moveTo(deadlineMs);
    const [reference] = fixture.references();
    expect(fixture.store.hasExpired(reference!)).toBe(true);
    expect(fixture.get("key")).toBeNull();
    expect(fixture.store.keyCount).toBe(0);
    expect(fixture.store.expiredCount).toBe(1);
    expect(fixture.remove("key")).toBe(false);
  });

  test("gives, moves and takes away a deadline and keeps the value", () => {
    const fixture = makeFixture();
    const deadlineMs = fixture.nowMs + 1000;
    fixture.set("key", "value");
    expect(fixture.expireAt("key", 0)).toBe(true);
    expect(fixture.deadlineOf("key")).toBe(0);
    expect(fixture.expireAt("key", deadlineMs)).toBe(true);
    expect(fixture.deadlineOf("key")).toBe(deadlineMs);
    expect(fixture.expireAt("key", deadlineMs + 5000)).toBe(true);
    expect(fixture.store.deadlineCount).toBe(1);
    fixture.moveTo(deadlineMs + 1000);
    fixture.maintain();
    expect(fixture.get("key")).toBe("value");
    expect(fixture.expireAt("key", 0)).toBe(true);
    expect(fixture.store.deadlineCount).toBe(0);
    fixture.moveTo(deadlineMs + 10_000);
    fixture.maintain();
    expect(fixture.get("key")).toBe("value");
  });

  test("takes the deadline away with a value that comes without one", () => {
    const fixture = makeFixture();
    fixture.set("key", "value", fixture.nowMs + 1000);
    fixture.set("key", "other");
    expect(fixture.deadlineOf("key")).toBe(0);
    expect(fixture.store.deadlineCount).toBe(0);
  });

  test("counts a key that is set again after its deadline as a new one", () => {
    const fixture = makeFixture();
    fixture.set("key", "value", fixture.nowMs + 1000);
    fixture.moveTo(fixture.nowMs + 2000);
    fixture.set("key", "other");
    fixture.maintain();
    expect(fixture.get("key")).toBe("other");
    expect(fixture.store.keyCount).toBe(1);
    expect(fixture.store.deadlineCount).toBe(0);
  });

  test("keeps both words of a deadline, beyond 2^32 seconds and 2^53 milliseconds", () => {
    const fixture = makeFixture();
    for (const deadlineMs of [2 ** 32 * 1000, 2 ** 53 - 1, 2 ** 60, 2 ** 63]) {
      fixture.set("key", "value", deadlineMs);
      const reference = fixture.find("key");
      expect(fixture.store.deadlineWord(reference, 0)).toBe(lowWord(deadlineMs));
      expect(fixture.store.deadlineWord(reference, 1)).toBe(highWord(deadlineMs));
      expect(fixture.store.deadlineMs(reference)).toBe(deadlineMs);
    }
  });

  test("removes a key by itself within a tick of its deadline", () => {
    const fixture = makeFixture();
    const deadlineMs = fixture.nowMs + 1000;
    for (let i = 0; i < 1000; i++) fixture.set(`key ${i}`, "", deadlineMs + (i % 2) * 60_000);
    fixture.moveTo(deadlineMs - 1);
    fixture.maintain();
    expect(fixture.store.keyCount).toBe(1000);
    fixture.moveTo(deadlineMs + 256);
    fixture.maintain();
    expect(fixture.store.keyCount).toBe(500);
    expect(fixture.store.deadlineCount).toBe(500);
    expect(fixture.store.expiredCount).toBe(500);
  });

  test("does not remove early what was set after the clock had gone back", () => {
    const fixture = makeFixture();
    const beginMs = fixture.nowMs;
    fixture.moveTo(beginMs + 3_600_000);
    fixture.maintain();
    fixture.moveTo(beginMs);
    // Enough deadlines that are written over for a sweep.
    for (let i = 0; i < 20_000; i++) fixture.set("key", "value", beginMs + 60_000 + i);
    fixture.maintain();
    expect(fixture.store.expiry.pairCount).toBe(1);
    fixture.moveTo(beginMs + 79_998);
    fixture.maintain();
    expect(fixture.get("key")).toBe("value");
    fixture.moveTo(beginMs + 3_700_000);
    fixture.maintain();
    expect(fixture.store.keyCount).toBe(0);
  });

  test("comes to rest although one deadline is taken away and given again for ever", () => {
    const fixture = makeFixture();
    const deadlineMs = fixture.nowMs + 86_400_000;
    for (let i = 0; i < 30_000; i++) {
      fixture.set(`key ${i % 3}`, "value");
      fixture.expireAt(`key ${i % 3}`, deadlineMs);
    }
    fixture.maintain();
    expect(fixture.store.expiry.pairCount).toBe(3);
    fixture.moveTo(deadlineMs + 256);
    fixture.maintain();
    expect(fixture.store.keyCount).toBe(0);
  });
});

describe("Store with pinned entries", () => {
  const VALUE = "p".repeat(5000);

  test("writes elsewhere, and frees the old block with the last pin", () => {
    const fixture = makeFixture();
    fixture.set("key", VALUE);
    const reference = fixture.find("key");
    const { pins } = fixture.store;
    pins.pin(reference);
    pins.pin(reference);
    fixture.set("key", "q".repeat(5000));
    expect(fixture.find("key")).not.toBe(reference);
    expect(fixture.valueOf(reference)).toBe(VALUE);
    const { entries } = fixture.store.memoryBytes();
    fixture.store.unpin(reference);
    expect(fixture.store.memoryBytes().entries).toBe(entries);
    fixture.store.unpin(reference);
    expect(fixture.store.memoryBytes().entries).toBe(entries / 2);
    expect(fixture.get("key")).toBe("q".repeat(5000));
  });

  test("keeps the block of a key that is removed or expires until it has been sent", () => {
    const fixture = makeFixture();
    fixture.set("removed", VALUE);
    fixture.set("expired", VALUE, fixture.nowMs + 1000);
    const references = ["removed", "expired"].map((key) => fixture.find(key));
    for (const reference of references) fixture.store.pins.pin(reference);
    fixture.remove("removed");
    fixture.moveTo(fixture.nowMs + 2000);
    fixture.maintain();
    expect(fixture.store.keyCount).toBe(0);
    fixture.set("other", "o".repeat(5000));
    for (const reference of references) expect(fixture.valueOf(reference)).toBe(VALUE);
    for (const reference of references) fixture.store.unpin(reference);
    fixture.remove("other");
    expect(fixture.store.memoryBytes().entries).toBe(0);
  });

  test("gives a deadline to a key whose value is being sent", () => {
    const fixture = makeFixture();
    fixture.set("key", VALUE);
    const reference = fixture.find("key");
    fixture.store.pins.pin(reference);
    expect(fixture.expireAt("key", fixture.nowMs + 1000)).toBe(true);
    expect(fixture.valueOf(reference)).toBe(VALUE);
    expect(fixture.get("key")).toBe(VALUE);
    fixture.store.unpin(reference);
    expect(fixture.get("key")).toBe(VALUE);
    fixture.remove("key");
    expect(fixture.store.memoryBytes().entries).toBe(0);
  });

  test("leaves an entry that was not touched while it was pinned where it is", () => {
    const fixture = makeFixture();
    fixture.set("key", VALUE);
    const reference = fixture.find("key");
    fixture.store.pins.pin(reference);
    fixture.store.unpin(reference);
    fixture.set("key", "q".repeat(5000));
    expect(fixture.find("key")).toBe(reference);
    expect(fixture.store.pins.count).toBe(0);
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

describe("Store maintenance", () => {
  test(
    "removes a million expired entries that nobody reads, and gives their pages back",
    () => {
      const fixture = makeFixture(256 * MEBIBYTE);
      const { store } = fixture;
      const deadlineMs = fixture.nowMs + 1000;
      for (let i = 0; i < 1_000_000; i++) {
        if (!fixture.set(`entry ${i}`, "value", deadlineMs)) throw new Error("there was room");
      }
      const fullCount = store.pool.takenCount;
      expect(store.keyCount).toBe(1_000_000);
      expect(store.deadlineCount).toBe(1_000_000);
      expect(fixture.maintain()).toBe(0);
      fixture.moveTo(deadlineMs + 256);
      const slices = fixture.maintain();
      expect(slices).toBeGreaterThan(100);
      expect(store.keyCount).toBe(0);
      expect(store.deadlineCount).toBe(0);
      expect(store.expiredCount).toBe(1_000_000);
      expect(store.memoryBytes().entries).toBe(0);
      expect(store.expiry.pairCount).toBe(0);
      expect(store.pool.takenCount).toBeLessThan(fullCount / 10);
      expect(fixture.releasedPages.length).toBeGreaterThan(fullCount / 2);
      expect(new Set(fixture.releasedPages).size).toBe(fixture.releasedPages.length);
    },
    LONG_TIMEOUT_MS,
  );

  test("does a bounded part of the work in each call", () => {
    const fixture = makeFixture();
    for (let i = 0; i < 10_000; i++) fixture.set(`entry ${i}`, "", fixture.nowMs + 1);
    fixture.moveTo(fixture.nowMs + 1000);
    // Each look at the stopwatch takes more than the budget.
    fixture.clock.stepMs = 1;
    let before = fixture.store.keyCount;
    while (before > 0) {
      expect(fixture.store.runMaintenance()).toBe(true);
      expect(before - fixture.store.keyCount).toBeLessThanOrEqual(255);
      before = fixture.store.keyCount;
    }
  });

  test("counts its slices by what they did", () => {
    const fixture = makeFixture(64 * MEBIBYTE);
    for (let i = 0; i < 1000; i++) fixture.set(`entry ${i}`, "v".repeat(30_000), fixture.nowMs + 1);
    fixture.moveTo(fixture.nowMs + 1000);
    fixture.maintain();
    const count = (slice: (typeof SLICE)[keyof typeof SLICE]) => {
      let sum = 0;
      for (let i = 0; i < SLICE_BUCKET_COUNT; i++) sum += fixture.store.slices.count(slice, i);
      return sum;
    };
    expect(count(SLICE.TABLE)).toBeGreaterThan(0);
    expect(count(SLICE.EXPIRE)).toBeGreaterThan(0);
    expect(count(SLICE.RELEASE)).toBeGreaterThan(0);
    expect(count(SLICE.COMPACT)).toBe(0);
    expect(fixture.store.heap.liveBytes(PURPOSE.ENTRY)).toBe(0);
  });
});
