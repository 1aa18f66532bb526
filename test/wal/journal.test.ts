import { describe, expect, test } from "bun:test";
import { VERDICT } from "../../src/store/write-log.ts";
import { RECORD_ROOM } from "../../src/wal/journal.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { failureOf } from "../../src/wal/wal-control.ts";
import { JournalFixture } from "../support/journal-fixture.ts";
import { bytesOf } from "../support/keyspace-fixture.ts";
import { set, type PlainRecord } from "../support/plain-wal.ts";

const { DELETE, FLUSH, FLUSH_ALL } = RECORD_KIND;
const LATER = 1_900_000_000_000;

function remove(key: string, more: Partial<PlainRecord> = {}): PlainRecord {
  return set(key, "", { kind: DELETE, ...more });
}

function flush(database: number | null): PlainRecord {
  return set("", "", { kind: database === null ? FLUSH_ALL : FLUSH, database: database ?? 0 });
}

/** Without their groups, whose ids are of no interest. */
function bare(records: readonly PlainRecord[]): PlainRecord[] {
  return records.map((record) => ({ ...record, group: null }));
}

describe("a write by itself", () => {
  test("is one record of what came of it", () => {
    const fixture = new JournalFixture();
    const { keyspace } = fixture;
    keyspace.set(0, "a", "1");
    keyspace.set(3, "b", "2", BigInt(LATER));
    keyspace.keys.overwrite(0, bytesOf("a"), 1, bytesOf("xyz"));
    keyspace.keys.setDeadline(0, bytesOf("a"), BigInt(LATER));
    keyspace.keys.setDeadline(0, bytesOf("a"), 0n);
    keyspace.delete(3, "b");
    keyspace.delete(3, "nothing");
    expect(fixture.records()).toEqual([
      set("a", "1"),
      set("b", "2", { database: 3, deadlineMs: LATER }),
      set("a", "1xyz"),
      set("a", "1xyz", { deadlineMs: LATER }),
      set("a", "1xyz"),
      remove("b", { database: 3 }),
    ]);
    expect(fixture.journal.recordCount()).toBe(6);
  });

  test("is not told of when a key expires", () => {
    const fixture = new JournalFixture();
    const { keyspace } = fixture;
    keyspace.set(0, "a", "1", BigInt(LATER));
    keyspace.moveTo(LATER);
    expect(keyspace.get(0, "a")).toBeNull();
    keyspace.maintain();
    expect(fixture.records()).toHaveLength(1);
  });

  test("is in the partition of its key's segment, whatever its database is", () => {
    const fixture = new JournalFixture({ partitionCount: 3 });
    for (let i = 0; i < 60; i++) fixture.keyspace.set(i % 4, `key${i}`, "v");
    const all = fixture.drain();
    for (const [partition, records] of all.entries()) {
      expect(records.length).toBeGreaterThan(0);
      for (const { database, key } of records) {
        expect(fixture.partitionOf(database, key)).toBe(partition);
      }
    }
    expect(all.flat()).toHaveLength(60);
  });

  test("of values of all lengths is the value", () => {
    const fixture = new JournalFixture();
    const values = [0, 1, 7, 8, 9, 63, 64, 1000, 16_384, 100_000].map((n) => "v".repeat(n));
    for (const value of values) fixture.keyspace.set(0, "key", value);
    expect(fixture.records()).toEqual(values.map((value) => set("key", value)));
  });
});

describe("a group", () => {
  test("has what came of each key, once, in the order of their last writes", () => {
    const fixture = new JournalFixture();
    const { keyspace } = fixture;
    keyspace.set(0, "gone", "0");
    fixture.drain();
    fixture.group(() => {
      keyspace.set(0, "a", "1");
      keyspace.set(1, "a", "2");
      keyspace.set(0, "gone", "3");
      keyspace.set(0, "a", "4", BigInt(LATER));
      keyspace.delete(0, "gone");
      keyspace.set(0, "never", "5");
      keyspace.delete(0, "never");
    });
    const records = fixture.records();
    expect(bare(records)).toEqual([
      set("a", "2", { database: 1 }),
      set("a", "4", { deadlineMs: LATER }),
      remove("gone"),
      remove("never"),
    ]);
    const groups = records.map(({ group }) => group!);
    expect(groups.map(({ count, index }) => [count, index])).toEqual([
      [4, 0],
      [4, 1],
      [4, 2],
      [4, 3],
    ]);
    expect(new Set(groups.map(({ id }) => id)).size).toBe(1);
  });

  test("of one key is a record by itself, and of none nothing", () => {
    const fixture = new JournalFixture();
    const { keyspace } = fixture;
    fixture.group(() => {
      keyspace.set(0, "a", "1");
      keyspace.set(0, "a", "2");
    });
    fixture.group(() => keyspace.delete(0, "a"));
    fixture.group(() => keyspace.get(0, "a"));
    expect(fixture.records()).toEqual([set("a", "2"), remove("a")]);
  });

  test("begins with its flushes, and has only what was written behind them", () => {
    const fixture = new JournalFixture();
    const { keyspace } = fixture;
    fixture.group(() => {
      keyspace.set(0, "a", "1");
      keyspace.set(1, "b", "2");
      keyspace.keys.flush(0);
      keyspace.set(0, "c", "3");
    });
    fixture.group(() => {
      keyspace.keys.flush(1);
      keyspace.set(0, "d", "4");
      keyspace.keys.flush();
      keyspace.keys.flush(2);
      keyspace.set(0, "e", "5");
    });
    expect(bare(fixture.records())).toEqual([
      flush(0),
      set("b", "2", { database: 1 }),
      set("c", "3"),
      flush(null),
      flush(2),
      set("e", "5"),
    ]);
  });

  test("has a flush in every partition, also by itself", () => {
    const fixture = new JournalFixture({ partitionCount: 3 });
    fixture.keyspace.set(0, "a", "1");
    fixture.drain();
    fixture.keyspace.keys.flush(0);
    const all = fixture.drain();
    expect(all.map(bare)).toEqual([[flush(0)], [flush(0)], [flush(0)]]);
    expect(all.flat().map(({ group }) => [group!.count, group!.index])).toEqual([
      [3, 0],
      [3, 1],
      [3, 2],
    ]);
  });

  test("of the only partition has a flush by itself without a group", () => {
    const fixture = new JournalFixture();
    fixture.keyspace.keys.flush();
    expect(fixture.records()).toEqual([flush(null)]);
  });

  test("has the database of the entry, which need not be the current one", () => {
    const fixture = new JournalFixture();
    const { keyspace, journal } = fixture;
    keyspace.set(0, "a", "of 0");
    keyspace.set(2, "a", "of 2");
    keyspace.set(2, "b", "of 2");
    fixture.drain();
    const hashOf = (key: string) => {
      keyspace.store.database = 2;
      const { windows, store } = keyspace;
      windows.area.bytes.write(key, windows.keyScratchOffset, "latin1");
      const hash = store.hashOf(windows.keyScratchOffset, key.length);
      store.database = 0;
      return hash;
    };
    fixture.group(() => {
      for (const key of ["a", "b"]) journal.wrote(keyspace.entryOf(2, key), hashOf(key));
    });
    const database = 2;
    expect(bare(fixture.records())).toEqual([
      set("a", "of 2", { database }),
      set("b", "of 2", { database }),
    ]);
  });

  test("has an id that comes in no other epoch", () => {
    const fixture = new JournalFixture();
    const ids = [1, 2].flatMap((epoch) => {
      fixture.startEpoch(epoch, epoch * 100_000);
      for (let i = 0; i < 3; i++) {
        fixture.group(() => {
          fixture.keyspace.set(0, "a", `${i}`);
          fixture.keyspace.set(0, "b", `${i}`);
        });
      }
      return fixture.records().map(({ group }) => group!.id);
    });
    expect(new Set(ids).size).toBe(6);
    expect(ids).toEqual(ids.toSorted((one, other) => one - other));
  });
});

describe("the verdict on a write", () => {
  test("is to wait while a partition has no room for the longest record of one key", () => {
    const fixture = new JournalFixture({ partitionCount: 2, ringSize: 256 * 1024 });
    const { journal, producers, keyspace } = fixture;
    const [key] = fixture.keysByPartition();
    while (producers[0]!.room() >= RECORD_ROOM) {
      expect(journal.verdict()).toBe(VERDICT.ALLOWED);
      keyspace.set(0, key!, "v".repeat(10_000));
    }
    expect(journal.verdict()).toBe(VERDICT.WAIT);
    fixture.drain();
    expect(journal.verdict()).toBe(VERDICT.ALLOWED);
  });

  test("is to wait while a record waits", () => {
    const fixture = new JournalFixture({ ringSize: 256 * 1024 });
    fixture.keyspace.set(0, "long", "v".repeat(1_000_000));
    fixture.journal.publish();
    fixture.take();
    expect(fixture.producers[0]!.room()).toBeGreaterThan(RECORD_ROOM);
    expect(fixture.journal.verdict()).toBe(VERDICT.WAIT);
    fixture.drain();
    expect(fixture.journal.verdict()).toBe(VERDICT.ALLOWED);
  });

  test("is refusal while writes are refused, and failure before all", () => {
    const { journal, consumers } = new JournalFixture({ partitionCount: 2 });
    journal.isRefusing = true;
    expect(journal.verdict()).toBe(VERDICT.REFUSED);
    journal.suspendedBy = failureOf("EIO");
    expect(journal.verdict()).toBe(VERDICT.FAILED);
    journal.isRefusing = false;
    journal.suspendedBy = 0;
    consumers[1]!.publishFailure(failureOf("ENOSPC"));
    expect(journal.verdict()).toBe(VERDICT.FAILED);
    expect(journal.failure()).toBe(failureOf("ENOSPC"));
  });
});

describe("positions", () => {
  test("end behind what waits, too", () => {
    const fixture = new JournalFixture({ partitionCount: 2, ringSize: 256 * 1024 });
    const { journal, keyspace, producers } = fixture;
    const [one, other] = fixture.keysByPartition();
    keyspace.set(0, one!, "v".repeat(1_000_000));
    keyspace.set(0, other!, "v");
    const ends = producers.map((_, partition) => journal.endPosition(partition));
    expect(journal.backlogBytes()).toBeGreaterThan(0);
    expect(ends[0]).toBeGreaterThan(producers[0]!.position());
    expect(ends[1]).toBeGreaterThan(producers[1]!.position());
    fixture.drain();
    expect(journal.backlogBytes()).toBe(0);
    expect(producers.map((producer) => producer.position())).toEqual(ends);
  });
});
