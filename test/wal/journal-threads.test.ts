// Journals of two threads over the same rings.

import { describe, expect, test } from "bun:test";
import { VERDICT } from "../../src/store/write-log.ts";
import { PART_LENGTH } from "../../src/wal/journal-backlog.ts";
import { RECORD_ROOM, ringSizeFor } from "../../src/wal/journal.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { failureOf } from "../../src/wal/wal-control.ts";
import { JournalThreads, type JournalThread } from "../support/journal-threads.ts";
import { bytesOf, type KeyspaceFixture } from "../support/keyspace-fixture.ts";
import { set, type PlainRecord } from "../support/plain-wal.ts";
import { Random } from "../support/random.ts";

const KIB = 1024;
const { ALLOWED, WAIT, FAILED } = VERDICT;

function verdicts({ threads }: JournalThreads): number[] {
  return threads.map(({ journal }) => journal.verdict());
}

/** What a key's hash is, in database 0. */
function hashOf({ keyspace: { windows, store } }: JournalThread, key: string): number {
  windows.area.bytes.set(bytesOf(key), windows.keyScratchOffset);
  return store.hashOf(windows.keyScratchOffset, key.length);
}

describe("records of two threads", () => {
  test("are in the order in which they wrote", () => {
    const fixture = new JournalThreads();
    const { first, second } = fixture;
    fixture.write(first, (keyspace) => keyspace.set(0, "a", "1"));
    fixture.write(second, (keyspace) => keyspace.set(0, "a", "2"));
    fixture.write(first, (keyspace) => keyspace.delete(0, "a"));
    second.journal.publish();
    const kind = RECORD_KIND.DELETE;
    expect(fixture.take()).toEqual([set("a", "1"), set("a", "2"), set("a", "", { kind })]);
    first.journal.publish();
    expect(first.journal.totalRecordCount()).toBe(3);
    expect([first.journal.recordCount(), second.journal.recordCount()]).toEqual([2, 1]);
  });

  test("have groups with ids that grow in the order of execution", () => {
    const fixture = new JournalThreads();
    const { first, second } = fixture;
    for (const thread of [first, second, second, first, second]) {
      fixture.write(thread, (keyspace) => {
        keyspace.set(0, "a", "1");
        keyspace.set(0, "b", "2");
      });
    }
    fixture.drain();
    const ids = fixture.taken[0]!.map(({ group }) => group!.id);
    expect(new Set(ids).size).toBe(5);
    expect(ids).toEqual(ids.toSorted((one, other) => one - other));
  });
});

test("a group that fits is recorded with the rings held: nothing comes between its members", () => {
  const fixture = new JournalThreads({ partitionCount: 2 });
  const { first } = fixture;
  const held: boolean[] = [];
  for (const [i, producer] of first.journal.producers.entries()) {
    const { endRecord } = producer;
    producer.endRecord = () => {
      endRecord();
      held.push(fixture.isRingHeld(i));
    };
  }
  fixture.write(first, (keyspace) => {
    for (let i = 0; i < 6; i++) keyspace.set(0, `key${i}`, "v");
  });
  fixture.write(first, (keyspace) => keyspace.set(0, "alone", "v"));
  expect(held).toEqual([true, true, true, true, true, true, false]);
});

describe("the verdict on a write", () => {
  test("leaves room for what the other thread may have been promised", () => {
    const fixture = new JournalThreads({ ringSize: 512 * KIB });
    const { first, second } = fixture;
    const fill = (keyspace: KeyspaceFixture) => keyspace.set(0, "key", "v".repeat(20_000));
    let filled = 0;
    while (fixture.write(second, fill)) filled++;
    expect(filled).toBeGreaterThan(3);
    const [producer] = first.journal.producers;
    expect(producer!.room()).toBeLessThan(2 * RECORD_ROOM);
    expect(producer!.room()).toBeGreaterThan(RECORD_ROOM);
    expect(verdicts(fixture)).toEqual([WAIT, WAIT]);
    fixture.drain();
    expect(verdicts(fixture)).toEqual([ALLOWED, ALLOWED]);
  });

  test("is a promise that the other thread's long group does not take away", () => {
    const fixture = new JournalThreads({ ringSize: 512 * KIB });
    const { first, second } = fixture;
    const hash = hashOf(first, "mine");
    fixture.write(first, (keyspace) => keyspace.set(0, "mine", "v".repeat(100_000)));
    fixture.drain();
    const reference = first.keyspace.entryOf(0, "mine");
    expect(first.journal.verdict()).toBe(ALLOWED);
    // As much as fits beside the promise, all at once.
    fixture.write(second, (keyspace) => {
      keyspace.set(0, "x", "v".repeat(100_000));
      keyspace.set(0, "y", "v".repeat(100_000));
    });
    expect(second.journal.backlogBytes()).toBe(0);
    expect(first.journal.producers[0]!.room()).toBeGreaterThan(RECORD_ROOM);
    first.journal.wrote(reference, hash);
    expect(first.journal.backlogBytes()).toBe(0);
    fixture.drain();
    expect(fixture.taken[0]!.at(-1)).toEqual(set("mine", "v".repeat(100_000)));
  });

  test("is a promise: what does not fit beside it waits until nobody can have one", () => {
    for (const [count, isAlone] of [
      [2, false],
      [4, true],
    ] as const) {
      const fixture = new JournalThreads({ ringSize: 512 * KIB });
      const { second } = fixture;
      const { store } = second.keyspace;
      let allCount = 0;
      store.locks!.alsoAll = () => void allCount++;
      second.journal.verdict();
      store.locks!.enter();
      second.journal.beginGroup();
      for (let i = 0; i < count; i++) {
        second.keyspace.set(0, `key${i}`, "v".repeat(100_000));
      }
      second.journal.endGroup();
      store.locks!.leave();
      expect(second.journal.producers[0]!.room() < RECORD_ROOM).toBe(isAlone);
      expect(allCount).toBe(isAlone ? 1 : 0);
    }
  });

  test("is to wait for everybody while anybody's records wait", () => {
    const fixture = new JournalThreads({ ringSize: 512 * KIB });
    const { first, second } = fixture;
    const value = new Random(1).text(12 * PART_LENGTH);
    fixture.write(second, (keyspace) => keyspace.set(0, "long", value));
    second.journal.publish();
    fixture.take();
    expect(first.journal.producers[0]!.room()).toBeGreaterThan(2 * RECORD_ROOM);
    expect(verdicts(fixture)).toEqual([WAIT, WAIT]);
    expect([first.journal.backlogBytes() > 0, first.journal.hasBacklog()]).toEqual([false, true]);
    // The other one's turns do not record them.
    first.journal.publish();
    expect(fixture.take()).toEqual([]);
    fixture.drain();
    expect(verdicts(fixture)).toEqual([ALLOWED, ALLOWED]);
    const parts = fixture.taken[0]!;
    expect(parts.map((part) => part.value).join("") === value).toBe(true);
  });

  test("is failure for everybody while the log is suspended", () => {
    const fixture = new JournalThreads();
    const { first, second } = fixture;
    first.journal.suspendedBy = failureOf("ENOSPC");
    expect(verdicts(fixture)).toEqual([FAILED, FAILED]);
    expect(second.journal.suspendedBy).toBe(failureOf("ENOSPC"));
    second.journal.suspendedBy = 0;
    second.journal.isRefusing = true;
    expect(verdicts(fixture)).toEqual([ALLOWED, VERDICT.REFUSED]);
  });
});

describe("a thread that another has left behind with a new epoch", () => {
  test("is told of a failure until it follows, and what waited is forgotten", () => {
    const fixture = new JournalThreads({ ringSize: 512 * KIB });
    const { first, second } = fixture;
    fixture.write(second, (keyspace) => keyspace.set(0, "long", "v".repeat(900_000)));
    expect(second.keyspace.store.pins.count).toBe(1);
    fixture.startEpoch(2, 2 ** 33);
    expect([first.journal.isBehind(), second.journal.isBehind()]).toEqual([false, true]);
    expect(second.journal.failure()).not.toBe(0);
    // Its records have no place in the new epoch, and keep the first waiting.
    second.journal.publish();
    expect(fixture.take()).toEqual([]);
    expect(verdicts(fixture)).toEqual([WAIT, FAILED]);
    second.journal.joinEpoch();
    expect(second.journal.failure()).toBe(0);
    expect(second.keyspace.store.pins.count).toBe(0);
    expect(verdicts(fixture)).toEqual([ALLOWED, ALLOWED]);
    expect(second.journal.endPosition(0)).toBe(2 ** 33);
    fixture.write(second, (keyspace) => keyspace.set(0, "a", "1"));
    fixture.drain();
    expect(fixture.taken[0]).toEqual([set("a", "1")]);
  });
});

describe("the size of a ring", () => {
  test("is a power of two with room for two records of every thread", () => {
    expect(ringSizeFor(1024 * KIB, 1)).toBe(1024 * KIB);
    expect(ringSizeFor(1025 * KIB, 1)).toBe(2048 * KIB);
    for (const threadCount of [1, 2, 3, 8, 64]) {
      const size = ringSizeFor(1024 * KIB, threadCount);
      expect(size).toBeGreaterThanOrEqual(2 * threadCount * RECORD_ROOM);
      expect(Math.log2(size) % 1).toBe(0);
    }
  });

  test("of less is refused where it would make everybody wait for ever", () => {
    expect(() => new JournalThreads({ ringSize: 256 * KIB })).toThrow("record of every thread");
  });
});

/** What records, applied in order, come to; members of a group lie behind each other. */
function contentsAfter(records: readonly PlainRecord[], context: string): Map<string, string> {
  const contents = new Map<string, string>();
  let groupId = 0;
  let parts = "";
  for (const { kind, key, value, part, group } of records) {
    if (group !== null) {
      expect(group.id, context).toBeGreaterThanOrEqual(groupId);
      groupId = group.id;
    }
    if (kind === RECORD_KIND.SET) contents.set(key, value);
    else if (kind === RECORD_KIND.DELETE) contents.delete(key);
    else if (kind === RECORD_KIND.PART) {
      expect(parts.length, context).toBe(part!.offset);
      parts += value;
      if (parts.length < part!.wholeLength) continue;
      contents.set(key, parts);
      parts = "";
    } else contents.clear();
  }
  return contents;
}

/** Between two members of a group there is nothing else. */
function expectWholeGroups(records: readonly PlainRecord[], context: string): void {
  const ids = records.map(({ group }) => group?.id ?? 0);
  const runs = ids.filter((id, i) => id !== 0 && id !== ids[i - 1]);
  expect(new Set(runs).size, context).toBe(runs.length);
}

test("two threads' records lead to what is in the store, whatever waits meanwhile", () => {
  let waitCount = 0;
  for (let seed = 1; seed <= 15; seed++) {
    const random = new Random(seed);
    const partitionCount = 1 + (seed % 3);
    const fixture = new JournalThreads({ ringSize: 512 * KIB, partitionCount });
    const context = `seed ${seed}`;
    for (let i = 0; i < 120; i++) {
      const thread = random.pick(fixture.threads);
      const count = random.oneIn(3) ? 1 + random.below(4) : 1;
      const isDone = fixture.write(thread, (keyspace) => {
        for (let j = 0; j < count; j++) {
          const key = `key${random.below(12)}`;
          if (random.oneIn(5)) keyspace.delete(0, key);
          else if (random.oneIn(30)) keyspace.keys.flush(0);
          else keyspace.set(0, key, random.text(random.below(random.pick([50, 50_000, 300_000]))));
        }
      });
      if (!isDone) waitCount++;
      if (random.oneIn(2)) random.pick(fixture.threads).journal.publish();
      if (random.oneIn(2)) fixture.take(random.below(partitionCount));
    }
    fixture.drain();
    const all = new Map<string, string>();
    for (const records of fixture.taken) {
      expectWholeGroups(records, context);
      for (const [key, value] of contentsAfter(records, context)) all.set(key, value);
    }
    const { keyspace } = fixture.first;
    for (let key = 0; key < 12; key++) {
      const value = all.get(`key${key}`) ?? null;
      expect(keyspace.get(0, `key${key}`) === value, `${context}, key${key}`).toBe(true);
    }
    expect(keyspace.store.pins.count, context).toBe(0);
  }
  expect(waitCount).toBeGreaterThan(50);
});
