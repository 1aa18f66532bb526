import { describe, expect, test } from "bun:test";
import { KEEP_DEADLINE, NO_DEADLINE, type Parcel } from "../../src/redis/keyspace.ts";
import { StoreParcel } from "../../src/redis/parcel.ts";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { KEY_LENGTH_MAX } from "../../src/store/entry.ts";
import { tries } from "../support/effort.ts";
import { KeyspaceFixture, bytesOf } from "../support/keyspace-fixture.ts";
import { KeyspaceHistory, KeyspaceTally } from "../support/keyspace-history.ts";

const MIB = 2 ** 20;
const STEPS = 1500;
const HISTORIES_PER_TEST = tries(10);

function makeFixture(sizeBytes = 16 * MIB): KeyspaceFixture {
  return new KeyspaceFixture({ sizeBytes });
}

describe("StoreKeyspace beside Maps", () => {
  const tally = new KeyspaceTally();

  test.each([0, 1])("agrees with them in group %d of the seeds", (group) => {
    const first = group * HISTORIES_PER_TEST;
    for (let seed = first; seed < first + HISTORIES_PER_TEST; seed++) {
      try {
        const history = new KeyspaceHistory(seed, tally);
        for (let step = 0; step < STEPS; step++) {
          history.step();
          if (step % 300 === 299) history.check();
        }
        history.finish();
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });

  test("has been through everything that the histories are meant to cause", () => {
    for (const [name, count] of Object.entries(tally)) {
      expect(count, name).toBeGreaterThan(name === "floods" ? 5 : 50);
    }
  });
});

describe("StoreKeyspace", () => {
  test("keeps the databases apart, and leaves the store in the first", () => {
    const fixture = makeFixture();
    for (let database = 0; database < 16; database++) fixture.set(database, "key", `${database}`);
    for (let database = 0; database < 16; database++) {
      expect(fixture.get(database, "key")).toBe(`${database}`);
      expect(fixture.keys.count(database)).toBe(1);
    }
    expect(fixture.store.database).toBe(0);
    expect(fixture.delete(7, "key")).toBe(true);
    expect(fixture.get(7, "key")).toBe(null);
    expect(fixture.get(6, "key")).toBe("6");
    expect(fixture.store.keyCount).toBe(15);
  });

  test("leaves the store in the first database although a visitor throws", () => {
    const fixture = makeFixture();
    fixture.set(3, "key", "value");
    const scan = () =>
      fixture.keys.scan(3, 0, 10, () => {
        throw new Error("enough");
      });
    expect(scan).toThrow("enough");
    expect(fixture.store.database).toBe(0);
  });

  test("gives, keeps and takes deadlines of 64 bits", () => {
    const fixture = makeFixture();
    const deadlineMs = 2n ** 62n + 12_345n;
    fixture.set(2, "key", "a", deadlineMs);
    expect(fixture.keys.find(2, bytesOf("key"))!.deadlineMs).toBe(deadlineMs);
    fixture.set(2, "key", "b", KEEP_DEADLINE);
    expect(fixture.keys.find(2, bytesOf("key"))!.deadlineMs).toBe(deadlineMs);
    expect(fixture.keys.deadlineCount(2)).toBe(1);
    fixture.set(2, "key", "c");
    expect(fixture.keys.find(2, bytesOf("key"))!.deadlineMs).toBe(NO_DEADLINE);
    expect(fixture.keys.deadlineCount(2)).toBe(0);
  });

  test("keeps no deadline that has passed", () => {
    const fixture = makeFixture();
    fixture.set(0, "key", "old", BigInt(fixture.clock.now + 10));
    fixture.moveTo(fixture.clock.now + 10);
    fixture.set(0, "key", "new", KEEP_DEADLINE);
    expect(fixture.get(0, "key")).toBe("new");
    expect(fixture.keys.find(0, bytesOf("key"))!.deadlineMs).toBe(NO_DEADLINE);
  });

  test("expires keys of every database by itself, and counts them", () => {
    const fixture = makeFixture();
    const deadlineMs = BigInt(fixture.clock.now + 1000);
    for (let database = 0; database < 16; database++) {
      for (let i = 0; i < 200; i++) fixture.set(database, `${i}`, "value", deadlineMs);
      fixture.set(database, "stays", "value");
    }
    fixture.moveTo(fixture.clock.now + 5000);
    fixture.maintain();
    for (let database = 0; database < 16; database++) {
      expect(fixture.keys.count(database)).toBe(1);
      expect(fixture.keys.deadlineCount(database)).toBe(0);
    }
    expect(fixture.store.expiredCount).toBe(16 * 200);
  });

  test("takes keys up to the longest, and knows none beyond", () => {
    const fixture = makeFixture();
    const longest = "k".repeat(KEY_LENGTH_MAX);
    expect(fixture.set(1, longest, "value")).toBe(true);
    expect(fixture.get(1, longest)).toBe("value");
    expect(fixture.set(1, `${longest}k`, "value")).toBe(false);
    expect(fixture.get(1, `${longest}k`)).toBe(null);
    expect(fixture.delete(1, `${longest}k`)).toBe(false);
    expect(fixture.keys.copy(1, bytesOf(longest), 2, bytesOf(`${longest}k`))).toBe(false);
    expect(fixture.set(0, "", "empty")).toBe(true);
    expect(fixture.get(0, "")).toBe("empty");
  });

  test("takes a parcel, and any other that has bytes", () => {
    const fixture = makeFixture();
    const parcel = new StoreParcel(fixture.store);
    const contents = Buffer.alloc(3 * PAGE_SIZE + 5, "parcel");
    parcel.append(contents);
    expect(fixture.keys.set(4, bytesOf("a"), parcel, NO_DEADLINE)).toBe(true);
    expect(fixture.keys.find(4, bytesOf("a"))!.bytes().equals(contents)).toBe(true);
    const other: Parcel = { length: 5, bytes: () => bytesOf("other") };
    expect(fixture.keys.set(4, bytesOf("b"), other, NO_DEADLINE)).toBe(true);
    expect(fixture.get(4, "b")).toBe("other");
  });

  test("moves a long value without another copy, unless it is being sent", () => {
    const fixture = makeFixture(8 * MIB);
    const { store, keys } = fixture;
    const value = "v".repeat(5 * MIB);
    fixture.set(0, "a", value);
    const piecesSize = store.memoryBytes().pieces;
    expect(keys.copy(0, bytesOf("a"), 1, bytesOf("b"))).toBe(false);
    expect(keys.move(0, bytesOf("a"), 1, bytesOf("b"))).toBe(true);
    expect(store.memoryBytes().pieces).toBe(piecesSize);
    expect(fixture.get(0, "a")).toBe(null);
    expect(fixture.get(1, "b")).toBe(value);
    const reference = fixture.entryOf(1, "b");
    store.pins.pin(reference);
    expect(keys.move(1, bytesOf("b"), 2, bytesOf("c"))).toBe(false);
    expect(fixture.get(1, "b")).toBe(value);
    store.unpin(reference);
  });

  test("finds a value again that the compactor has moved", () => {
    const fixture = makeFixture(2 * MIB);
    const { store } = fixture;
    for (let i = 0; fixture.set(5, `${i}`, `${i}`.padEnd(2000, "v")); i++);
    const value = fixture.keys.find(5, bytesOf("7"))!;
    const before = value.reference;
    for (let i = 0; i < store.keyCount * 2; i++) if (i % 3 !== 1) fixture.delete(5, `${i}`);
    while (store.compactor.reclaimPage() && value.reference === before);
    expect(value.reference).not.toBe(before);
    expect(value.bytes().toString()).toBe("7".padEnd(2000, "v"));
  });

  test("says what a key takes: its block, its pages, its share of the tables, its reminder", () => {
    const fixture = makeFixture();
    expect(fixture.keys.memoryBytes(0, bytesOf("key"))).toBe(0);
    fixture.set(0, "key", "value");
    // One table of 64 slots, and an entry of 8 + 3 + 5 bytes.
    expect(fixture.keys.memoryBytes(0, bytesOf("key"))).toBe(512 + 16);
    fixture.set(0, "key", "value", BigInt(fixture.clock.now + 1000));
    expect(fixture.keys.memoryBytes(0, bytesOf("key"))).toBe(512 + 24 + 16);
    fixture.set(1, "long", "v".repeat(PAGE_SIZE + 1));
    const size = fixture.keys.memoryBytes(1, bytesOf("long"));
    expect(size).toBeGreaterThan(2 * PAGE_SIZE);
    expect(size).toBeLessThan(2 * PAGE_SIZE + 1000);
  });
});

describe("StoreKeyspace.flush", () => {
  test("removes one database and leaves the others", () => {
    const fixture = makeFixture();
    for (let i = 0; i < 3000; i++) {
      fixture.set(0, `${i}`, `a${i}`);
      fixture.set(1, `${i}`, `b${i}`, BigInt(fixture.clock.now + 1000));
    }
    fixture.keys.flush(1);
    expect([fixture.keys.count(0), fixture.keys.count(1)]).toEqual([3000, 0]);
    expect(fixture.store.deadlineCount).toBe(0);
    expect(fixture.census().entryCount).toBe(3000);
    for (let i = 0; i < 3000; i++) {
      expect(fixture.get(0, `${i}`)).toBe(`a${i}`);
      expect(fixture.get(1, `${i}`)).toBe(null);
    }
  });

  test("gives all memory back, but for what is being sent until it has been", () => {
    const fixture = makeFixture(64 * MIB);
    const { store, keys } = fixture;
    for (let i = 0; i < 50_000; i++) fixture.set(i % 16, `${i}`, `value ${i}`);
    fixture.set(3, "long", "v".repeat(MIB));
    const long = fixture.entryOf(3, "long");
    const short = fixture.entryOf(8, "8");
    store.pins.pin(long);
    store.pins.pin(short);
    keys.flush();
    expect(store.keyCount).toBe(0);
    expect(store.memoryBytes().slots).toBe(0);
    expect(store.values.bytes(short, 0, 7).toString()).toBe("value 8");
    for (let i = 0; i < 1000; i++) fixture.set(0, `${i}`, "x".repeat(1000));
    expect(store.values.bytes(long, 0, MIB).equals(Buffer.alloc(MIB, "v"))).toBe(true);
    expect(store.values.bytes(short, 0, 7).toString()).toBe("value 8");
    store.unpin(long);
    store.unpin(short);
    keys.flush();
    const memory = store.memoryBytes();
    expect([memory.entries, memory.slots, memory.pieces]).toEqual([0, 0, 0]);
  });

  test("forgets deadlines without losing those that are set again", () => {
    const fixture = makeFixture();
    const deadlineMs = BigInt(fixture.clock.now + 1000);
    for (let i = 0; i < 1000; i++) fixture.set(2, `${i}`, "old", deadlineMs);
    fixture.keys.flush(2);
    fixture.set(2, "7", "new");
    fixture.set(2, "8", "new", deadlineMs + 100_000n);
    fixture.moveTo(fixture.clock.now + 10_000);
    fixture.maintain();
    expect(fixture.get(2, "7")).toBe("new");
    expect(fixture.get(2, "8")).toBe("new");
    expect(fixture.store.expiredCount).toBe(0);
  });
});
