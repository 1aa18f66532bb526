import { describe, expect, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { CommitGate } from "../../src/server/commit-gate.ts";
import { ConnectionTable, DURABILITY } from "../../src/server/connection-table.ts";
import type { Journal } from "../../src/wal/journal.ts";
import type { WalProducer } from "../../src/wal/wal-buffer.ts";
import type { SyncPolicy } from "../../src/wal/wal-writer.ts";

/** What the gate looks at of a partition. */
class FakePartition {
  synced = 0;
  awaitedCount = 0;
  requestCount = 0;
  end = 0;
  /** Bytes behind it that wait for room. */
  waiting = 0;
  readonly producer = {
    position: () => this.end,
    syncedPosition: () => this.synced,
    awaitProgress: () => void this.awaitedCount++,
    requestSync: () => {
      this.requestCount++;
      return this.end;
    },
  };
}

class Fixture {
  readonly connections = new ConnectionTable(8);
  readonly partitions: readonly FakePartition[];
  failure = 0;
  isSuspended = false;
  readonly gate: CommitGate;
  /** Those released, and with a minus those failed. */
  readonly told: number[] = [];

  constructor(policy: SyncPolicy = "always", partitionCount = 1) {
    this.partitions = Array.from({ length: partitionCount }, () => new FakePartition());
    const journal = {
      producers: this.partitions.map(({ producer }) => producer as unknown as WalProducer),
      publish: () => {},
      failure: () => this.failure,
      share: null,
      endPosition: (partition: number) => {
        const { end, waiting } = this.partitions[partition]!;
        return end + waiting;
      },
      recordCount: () => this.partitions.reduce((sum, { end }) => sum + end, 0),
    } as unknown as Journal;
    Object.defineProperty(journal, "isSuspended", { get: () => this.isSuspended });
    const { connections } = this;
    this.gate = new CommitGate({
      journal,
      connections,
      policy,
      release: (connection) => {
        this.told.push(connection);
        connections.clear(connection, CONNECTION.HELD);
      },
      fail: (connection) => {
        this.told.push(-connection);
        connections.clear(connection, CONNECTION.HELD);
      },
      noteFailure: () => {},
    });
    // 0 has no minus.
    connections.open();
  }

  /** A turn that records up to these positions, in which these connections have replies. */
  turn(ends: readonly number[], ...connections: readonly number[]): void {
    for (const [i, end] of ends.entries()) this.partitions[i]!.end = end;
    if (!this.gate.mustHold()) return;
    for (const connection of connections) {
      if (this.gate.wants(connection)) this.gate.hold(connection);
    }
    this.gate.seal();
  }

  sync(...positions: readonly number[]): number[] {
    for (const [i, position] of positions.entries()) this.partitions[i]!.synced = position;
    this.gate.progress();
    return this.told.splice(0);
  }

  isHeld(connection: number): boolean {
    return this.connections.is(connection, CONNECTION.HELD);
  }
}

describe("the gate of always", () => {
  test("holds the replies of a turn until all that was recorded before is synced", () => {
    const fixture = new Fixture("always", 2);
    const [one, other] = [fixture.connections.open(), fixture.connections.open()];
    fixture.turn([100, 50], one, other);
    expect(fixture.isHeld(one) && fixture.isHeld(other)).toBe(true);
    expect(fixture.gate.waitingCount).toBe(2);
    expect(fixture.sync(100, 49)).toEqual([]);
    expect(fixture.sync(100, 50)).toEqual([one, other]);
    expect(fixture.gate.waitingCount).toBe(0);
  });

  test("holds nothing while all is synced", () => {
    const fixture = new Fixture();
    fixture.partitions[0]!.synced = 100;
    fixture.partitions[0]!.end = 100;
    expect(fixture.gate.mustHold()).toBe(false);
    fixture.partitions[0]!.end = 108;
    expect(fixture.gate.mustHold()).toBe(true);
  });

  test("lets turns go in order, each with its own positions", () => {
    const fixture = new Fixture("always", 2);
    const [one, other, third] = [1, 2, 3].map(() => fixture.connections.open());
    fixture.turn([100, 0], one!);
    fixture.turn([100, 200], other!);
    fixture.turn([300, 200], third!);
    expect(fixture.sync(300, 0)).toEqual([one!]);
    expect(fixture.sync(300, 200)).toEqual([other!, third!]);
  });

  test("asks to be rung for what is not synced yet, and again when it was in part", () => {
    const fixture = new Fixture("always", 2);
    const [synced, waiting] = fixture.partitions;
    synced!.synced = 100;
    fixture.turn([100, 50], fixture.connections.open());
    expect(synced!.awaitedCount).toBe(0);
    const before = waiting!.awaitedCount;
    expect(before).toBeGreaterThan(0);
    fixture.sync(100, 10);
    expect(waiting!.awaitedCount).toBeGreaterThan(before);
    expect(waiting!.requestCount).toBe(0);
  });

  test("does not wait for what was synced before it has asked", () => {
    const fixture = new Fixture();
    const connection = fixture.connections.open();
    const [partition] = fixture.partitions;
    const { producer } = partition!;
    producer.awaitProgress = () => {
      partition!.synced = 100;
    };
    fixture.turn([100], connection);
    expect(fixture.told).toEqual([connection]);
  });

  test("nor when that happens while it asks again", () => {
    const fixture = new Fixture();
    const connection = fixture.connections.open();
    fixture.turn([100], connection);
    const [partition] = fixture.partitions;
    const { producer } = partition!;
    producer.awaitProgress = () => {
      partition!.synced = 100;
    };
    expect(fixture.sync(50)).toEqual([connection]);
  });

  test("tells nobody of a connection that has gone, nor who has its number now", () => {
    const fixture = new Fixture();
    const { connections } = fixture;
    const connection = connections.open();
    fixture.turn([100], connection);
    connections.close(connection);
    expect(connections.open()).toBe(connection);
    fixture.turn([200], connection);
    expect(fixture.sync(100)).toEqual([]);
    expect(fixture.isHeld(connection)).toBe(true);
    expect(fixture.sync(200)).toEqual([connection]);
  });

  test("lets connections be that want less", () => {
    const fixture = new Fixture();
    const connection = fixture.connections.open();
    fixture.connections.durabilities[connection] = DURABILITY.RELAXED;
    fixture.turn([100], connection);
    expect(fixture.isHeld(connection)).toBe(false);
  });
});

describe("the gate of everysec", () => {
  test("asks for syncs of what gets into the ring later", () => {
    const fixture = new Fixture("everysec");
    const strict = fixture.connections.open();
    fixture.connections.durabilities[strict] = DURABILITY.STRICT;
    fixture.gate.strictCount = 1;
    const [partition] = fixture.partitions;
    partition!.waiting = 200;
    fixture.turn([100], strict);
    expect(partition!.requestCount).toBe(1);
    partition!.end = 250;
    partition!.waiting = 50;
    expect(fixture.sync(100)).toEqual([]);
    expect(partition!.requestCount).toBe(2);
    partition!.end = 300;
    partition!.waiting = 0;
    expect(fixture.sync(250)).toEqual([]);
    expect(partition!.requestCount).toBe(3);
    expect(fixture.sync(300)).toEqual([strict]);
  });

  test("holds connections that want more, and asks for a sync", () => {
    const fixture = new Fixture("everysec");
    const [strict, other] = [fixture.connections.open(), fixture.connections.open()];
    fixture.turn([50], strict, other);
    expect(fixture.gate.isStrict || fixture.isHeld(strict)).toBe(false);
    fixture.connections.durabilities[strict] = DURABILITY.STRICT;
    fixture.gate.strictCount = 1;
    fixture.turn([100], strict, other);
    expect([strict, other].map((connection) => fixture.isHeld(connection))).toEqual([true, false]);
    expect(fixture.partitions[0]!.requestCount).toBe(1);
    expect(fixture.sync(100)).toEqual([strict]);
  });
});

describe("when the log fails", () => {
  test("who asked for always is failed until all is made good, and others read", () => {
    const fixture = new Fixture();
    const { gate, connections } = fixture;
    const [one, strict] = [connections.open(), connections.open()];
    fixture.turn([100], one);
    fixture.failure = 1;
    expect(fixture.sync(50)).toEqual([-one]);
    connections.durabilities[strict] = DURABILITY.STRICT;
    gate.strictCount = 1;
    fixture.turn([100], one, strict);
    expect(fixture.told.splice(0)).toEqual([-strict]);
    // The log begins anew, and ends where it is synced.
    fixture.failure = 0;
    fixture.isSuspended = true;
    fixture.sync(100);
    fixture.turn([100], one, strict);
    expect(fixture.told.splice(0)).toEqual([-strict]);
    fixture.isSuspended = false;
    fixture.turn([100], one, strict);
    expect(fixture.told).toEqual([]);
    expect(fixture.isHeld(strict)).toBe(false);
    fixture.turn([200], one, strict);
    expect(fixture.sync(200)).toEqual([one, strict]);
  });

  test("all that is held is failed, once", () => {
    const fixture = new Fixture();
    const [one, other] = [fixture.connections.open(), fixture.connections.open()];
    fixture.turn([100], one);
    fixture.turn([200], other);
    fixture.failure = 1;
    expect(fixture.sync(100)).toEqual([-one, -other]);
    expect(fixture.sync(200)).toEqual([]);
  });

  test("a turn that has recorded is failed, and one that has not leaves", () => {
    const fixture = new Fixture();
    const [one, other] = [fixture.connections.open(), fixture.connections.open()];
    fixture.turn([100], one);
    fixture.failure = 1;
    fixture.turn([100], other);
    expect(fixture.isHeld(other)).toBe(false);
    fixture.turn([200], other);
    expect(fixture.told).toEqual([-one, -other]);
    expect(fixture.gate.mustHold()).toBe(false);
  });
});
