import { describe, expect, test } from "bun:test";
import { LogMark } from "../../src/wal/log-mark.ts";
import { JournalFixture } from "../support/journal-fixture.ts";
import { JournalThreads } from "../support/journal-threads.ts";

const KIB = 1024;
const LONG = "v".repeat(900_000);

describe("a mark of one thread", () => {
  test("is behind what has been recorded, in all partitions, and not behind what comes", () => {
    const fixture = new JournalFixture({ partitionCount: 2 });
    for (const key of fixture.keysByPartition()) fixture.keyspace.set(0, key, "1");
    const ends = fixture.producers.map((producer) => producer.position());
    const mark = new LogMark(fixture.journal);
    for (const key of fixture.keysByPartition()) fixture.keyspace.set(0, key, "2");
    fixture.drain();
    fixture.consumers[0]!.publishSynced(ends[0]!);
    expect(mark.isSynced()).toBe(false);
    fixture.consumers[1]!.publishSynced(ends[1]!);
    expect(mark.isSynced()).toBe(true);
  });

  test("is behind what waits, and has it synced as it gets into the ring", () => {
    const fixture = new JournalFixture({ ringSize: 256 * KIB });
    const consumer = fixture.consumers[0]!;
    fixture.keyspace.set(0, "long", LONG);
    const mark = new LogMark(fixture.journal);
    mark.requestSync();
    let requestCount = 0;
    while (fixture.journal.backlogBytes() > 0) {
      mark.requestSync();
      if (consumer.takeSyncRequest()) requestCount++;
      fixture.take();
      consumer.publishSynced(consumer.begin);
      expect(mark.isSynced()).toBe(false);
      fixture.journal.publish();
    }
    expect(requestCount).toBeGreaterThan(3);
    mark.requestSync();
    expect(consumer.takeSyncRequest()).toBe(true);
    mark.requestSync();
    expect(consumer.takeSyncRequest()).toBe(false);
    fixture.drain();
    consumer.publishSynced(consumer.begin);
    expect(mark.isSynced()).toBe(true);
  });

  test("asks to be rung for the partitions that lack something", () => {
    const fixture = new JournalFixture({ partitionCount: 2 });
    const [key] = fixture.keysByPartition();
    fixture.keyspace.set(0, key!, "1");
    new LogMark(fixture.journal).awaitProgress();
    expect(fixture.consumers.map((consumer) => consumer.isAwaited)).toEqual([true, false]);
  });
});

describe("a mark of several threads", () => {
  test("is behind what any of them has recorded", () => {
    const fixture = new JournalThreads();
    const { first, second } = fixture;
    const consumer = fixture.consumers[0]!;
    fixture.write(second, (keyspace) => keyspace.set(0, "a", "1"));
    const end = second.journal.endPosition(0);
    const mark = new LogMark(first.journal);
    fixture.write(second, (keyspace) => keyspace.set(0, "a", "2"));
    fixture.drain();
    consumer.publishSynced(end - 8);
    expect(mark.isSynced()).toBe(false);
    consumer.publishSynced(end);
    expect(mark.isSynced()).toBe(true);
  });

  test("stays open while records of another wait, and is where the rings end by then", () => {
    const fixture = new JournalThreads({ ringSize: 512 * KIB });
    const { first, second } = fixture;
    const consumer = fixture.consumers[0]!;
    fixture.write(second, (keyspace) => keyspace.set(0, "long", LONG));
    const mark = new LogMark(first.journal);
    while (second.journal.backlogBytes() > 0) {
      second.journal.publish();
      fixture.take();
      consumer.publishSynced(consumer.begin);
      if (second.journal.backlogBytes() > 0) expect(mark.isSynced()).toBe(false);
    }
    expect(mark.isSynced()).toBe(first.journal.endPosition(0) === consumer.begin);
    fixture.drain();
    consumer.publishSynced(consumer.begin);
    expect(mark.isSynced()).toBe(true);
  });

  test("does not wait for what came after the drain that it has waited for", () => {
    const fixture = new JournalThreads({ ringSize: 512 * KIB });
    const { first, second } = fixture;
    const consumer = fixture.consumers[0]!;
    fixture.write(second, (keyspace) => keyspace.set(0, "long", LONG));
    const mark = new LogMark(first.journal);
    fixture.drain();
    fixture.write(second, (keyspace) => keyspace.set(0, "long", LONG));
    expect(first.journal.hasBacklog()).toBe(true);
    // It is fixed when it is looked at; what waits now comes behind.
    expect(mark.isSynced()).toBe(false);
    const end = first.journal.endPosition(0);
    fixture.drain();
    consumer.publishSynced(end);
    expect(mark.isSynced()).toBe(true);
  });
});
