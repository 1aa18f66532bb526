import { describe, expect, test } from "bun:test";
import { highWord, lowWord, StoreFixture } from "../support/store-fixture.ts";

function makeFixture(): StoreFixture {
  return new StoreFixture({ sizeBytes: 4 * 2 ** 20 });
}

describe("Deadlines", () => {
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
