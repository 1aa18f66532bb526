import { describe, expect, test } from "bun:test";
import { PART_LENGTH } from "../../src/wal/journal-backlog.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { JournalFixture } from "../support/journal-fixture.ts";
import { set, type PlainRecord } from "../support/plain-wal.ts";
import { Random } from "../support/random.ts";

const { PART, DELETE } = RECORD_KIND;
const RING_SIZE = 256 * 1024;
const LATER = 1_900_000_000_000;

function joinParts(records: readonly PlainRecord[]): string {
  return records.map(({ value }) => value).join("");
}

function text(length: number, seed = 1): string {
  return new Random(seed).text(length);
}

describe("a long value", () => {
  test("comes in parts, which are a group", () => {
    const fixture = new JournalFixture();
    const value = text(3 * PART_LENGTH + 5);
    fixture.keyspace.set(2, "long", value, BigInt(LATER));
    const records = fixture.records();
    expect(records).toHaveLength(4);
    expect(joinParts(records)).toBe(value);
    for (const [i, record] of records.entries()) {
      const { kind, database, key, deadlineMs, part, group } = record;
      expect({ kind, database, key, deadlineMs }).toEqual({
        kind: PART,
        database: 2,
        key: "long",
        deadlineMs: LATER,
      });
      expect(part).toEqual({ offset: i * PART_LENGTH, wholeLength: value.length });
      expect(group).toEqual({ id: records[0]!.group!.id, count: 4, index: i });
    }
  });

  test("of whole parts has no empty one, and of one part is no group", () => {
    const fixture = new JournalFixture();
    fixture.keyspace.set(0, "long", text(2 * PART_LENGTH));
    expect(fixture.records().map(({ value }) => value.length)).toEqual([PART_LENGTH, PART_LENGTH]);
    // In pieces because its key takes half of a block.
    const key = "k".repeat(65_535);
    const value = text(PART_LENGTH);
    fixture.keyspace.set(0, key, value);
    const part = { offset: 0, wholeLength: value.length };
    expect(fixture.records()).toEqual([set(key, value, { kind: PART, part })]);
  });

  test("goes on as the ring gives room, and is whole at the end", () => {
    const fixture = new JournalFixture({ ringSize: RING_SIZE });
    const value = text(1_500_000);
    fixture.keyspace.set(0, "long", value);
    fixture.journal.publish();
    let turns = 0;
    while (fixture.journal.backlogBytes() > 0) {
      const before = fixture.journal.backlogBytes();
      fixture.take();
      fixture.journal.publish();
      expect(fixture.journal.backlogBytes()).toBeLessThan(before);
      turns++;
    }
    fixture.drain();
    expect(turns).toBeGreaterThan(3);
    expect(joinParts(fixture.taken[0]!)).toBe(value);
  });

  test("inside a group has parts that are its members", () => {
    const fixture = new JournalFixture({ ringSize: RING_SIZE });
    const value = text(5 * PART_LENGTH);
    fixture.group(() => {
      fixture.keyspace.set(0, "a", "1");
      fixture.keyspace.set(0, "long", value);
      fixture.keyspace.set(0, "b", "2");
    });
    const records = fixture.records();
    expect(records.map(({ group }) => [group!.count, group!.index])).toEqual(
      records.map((_, i) => [7, i]),
    );
    expect(joinParts(records.slice(1, 6))).toBe(value);
  });
});

describe("while records wait", () => {
  test("what is written over, moved or removed is recorded as it was, in order", () => {
    const fixture = new JournalFixture({ ringSize: RING_SIZE });
    const { keyspace, journal } = fixture;
    const [first, second] = [text(600_000, 1), text(500_000, 2)];
    keyspace.set(0, "long", first);
    keyspace.set(0, "short", "1");
    keyspace.set(0, "short", "2");
    keyspace.set(0, "long", second);
    keyspace.delete(0, "short");
    keyspace.keys.flush(0);
    keyspace.set(0, "short", "3");
    expect(journal.backlogBytes()).toBeGreaterThan(0);
    const records = fixture.records();
    const parts = records.filter(({ kind }) => kind === PART);
    expect(joinParts(parts)).toBe(first + second);
    const others = records.filter(({ kind }) => kind !== PART);
    expect(others.map(({ kind, value }) => [kind, value])).toEqual([
      [RECORD_KIND.SET, "1"],
      [RECORD_KIND.SET, "2"],
      [DELETE, ""],
      [RECORD_KIND.FLUSH, ""],
      [RECORD_KIND.SET, "3"],
    ]);
  });

  test("a deadline that changes is recorded as it was, and as it is", () => {
    const fixture = new JournalFixture({ ringSize: RING_SIZE });
    const { keyspace } = fixture;
    const value = text(400_000);
    keyspace.set(0, "long", value, BigInt(LATER));
    keyspace.keys.setDeadline(0, Buffer.from("long"), BigInt(LATER + 1));
    const deadlines = fixture.records().map(({ deadlineMs }) => deadlineMs);
    const half = deadlines.length / 2;
    expect(new Set(deadlines.slice(0, half))).toEqual(new Set([LATER]));
    expect(new Set(deadlines.slice(half))).toEqual(new Set([LATER + 1]));
  });

  test("a value that grows where it lies is recorded as it was, and as it is", () => {
    const fixture = new JournalFixture({ ringSize: RING_SIZE });
    const { keyspace } = fixture;
    const [value, more] = [text(400_000, 1), text(300_000, 2)];
    keyspace.set(0, "long", value);
    keyspace.keys.overwrite(0, Buffer.from("long"), value.length, Buffer.from(more, "latin1"));
    expect(joinParts(fixture.records())).toBe(value + value + more);
  });

  test("those of other partitions wait behind them", () => {
    const fixture = new JournalFixture({ ringSize: RING_SIZE, partitionCount: 2 });
    const [one, other] = fixture.keysByPartition();
    fixture.keyspace.set(0, one!, text(800_000));
    fixture.keyspace.set(0, other!, "1");
    fixture.journal.publish();
    expect(fixture.take(1)).toEqual([]);
    expect(fixture.drain()[1]).toEqual([set(other!, "1")]);
  });

  test("memory is kept for them, and given back behind them", () => {
    const fixture = new JournalFixture({ ringSize: RING_SIZE });
    const { keyspace } = fixture;
    const { store } = keyspace;
    const before = store.memoryBytes().pieces;
    keyspace.set(0, "long", text(900_000));
    keyspace.delete(0, "long");
    expect(store.pins.count).toBe(1);
    expect(store.memoryBytes().pieces).toBeGreaterThan(before);
    fixture.drain();
    expect(store.pins.count).toBe(0);
    expect(store.memoryBytes().pieces).toBe(before);
  });

  test("a new epoch forgets them, and their memory", () => {
    const fixture = new JournalFixture({ ringSize: RING_SIZE });
    const { keyspace, journal } = fixture;
    keyspace.set(0, "long", text(900_000));
    keyspace.set(0, "a", "1");
    fixture.startEpoch(2, 10_000_000);
    expect(journal.backlogBytes()).toBe(0);
    expect(keyspace.store.pins.count).toBe(0);
    expect(journal.endPosition(0)).toBe(10_000_000);
    keyspace.set(0, "a", "2");
    expect(fixture.records()).toEqual([set("a", "2")]);
  });
});

test("the bytes that wait are those that come", () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = new Random(seed);
    const fixture = new JournalFixture({ ringSize: RING_SIZE, partitionCount: 3 });
    const { keyspace, journal, producers } = fixture;
    for (let i = 0; i < 12; i++) {
      const write = () => {
        const key = `key${random.below(6)}`;
        if (random.oneIn(5)) keyspace.delete(0, key);
        else if (random.oneIn(12)) keyspace.keys.flush(0);
        else keyspace.set(0, key, text(random.below(random.pick([50, 200_000, 400_000]))));
      };
      if (random.oneIn(2)) write();
      else {
        fixture.group(() => {
          for (let j = random.below(5); j >= 0; j--) write();
        });
      }
      const ends = producers.map((_, partition) => journal.endPosition(partition));
      if (random.oneIn(2)) continue;
      fixture.drain();
      const positions = producers.map((producer) => producer.position());
      expect({ seed, positions }).toEqual({ seed, positions: ends });
    }
  }
});
