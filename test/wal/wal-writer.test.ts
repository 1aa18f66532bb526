import { describe, expect, test } from "bun:test";
import { SYNC_POLICIES } from "../../src/wal/wal-writer.ts";
import { Random } from "../support/random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { WalFixture, START_POSITION, findLoss, readBack } from "../support/wal-writer-fixture.ts";

/** File operations since `count` lines of the trace, without their numbers and what they say. */
function operationsSince(disk: SimulatedDisk, count: number): string[] {
  return disk.trace.slice(count).map((line) => line.split(" ").slice(1, 3).join(" "));
}

describe("an epoch", () => {
  test("begins with a durable file for each partition", () => {
    const { disk } = WalFixture.started({ partitionCount: 2 });
    expect(disk.crash().list().toSorted()).toEqual([
      "wal-0000000001-00-0000000001",
      "wal-0000000001-01-0000000001",
    ]);
  });

  test("does not begin where the disk refuses, and can begin later", () => {
    const fixture = new WalFixture({ partitionCount: 2 });
    fixture.disk.failAt("create", 2, "ENOSPC");
    const start = (epoch: number) => fixture.writer.startEpoch(epoch, START_POSITION);
    expect(() => start(1)).toThrow("ENOSPC");
    fixture.first.put("a", "b");
    expect(fixture.step()).toBe("idle");
    start(2);
    fixture.settle();
    expect(fixture.first.synced).toBe(fixture.first.producer.position());
    expect(readBack(fixture.disk, 0, 2).bytes).toEqual(fixture.first.sent[0]!);
  });

  test("ends with everything written and synced, whatever the policy", () => {
    for (const policy of SYNC_POLICIES) {
      const fixture = WalFixture.started({ policy, partitionCount: 2 });
      fixture.partitions.forEach((partition, i) => partition.put(`key ${i}`, "x".repeat(i)));
      fixture.writer.endEpoch(0);
      const disk = fixture.disk.crash();
      fixture.partitions.forEach((partition, i) => {
        const { producer } = partition;
        expect(producer.syncedPosition()).toBe(producer.position());
        expect(findLoss(disk, i, partition, producer.position())).toBe("");
      });
      expect(fixture.step()).toBe("idle");
    }
  });

  test("follows another, and what comes between is left alone", () => {
    const fixture = WalFixture.started();
    fixture.first.put("first", "epoch");
    fixture.writer.endEpoch(0);
    const next = fixture.first.producer.position() + 8;
    fixture.first.restart(next);
    fixture.first.put("second", "epoch");
    expect(fixture.step()).toBe("idle");
    fixture.writer.startEpoch(2, next);
    fixture.settle();
    expect(findLoss(fixture.disk, 0, fixture.first, fixture.first.producer.position(), 2)).toBe("");
    expect(readBack(fixture.disk, 0, 1).bytes.includes("first")).toBe(true);
  });
});

describe("always", () => {
  test("writes at once, all partitions before it syncs any", () => {
    const fixture = WalFixture.started({ partitionCount: 3 });
    const before = fixture.disk.trace.length;
    for (const partition of fixture.partitions) partition.put("key", "value");
    expect(fixture.step()).toBe("worked");
    const names = [0, 1, 2].map((i) => `wal-0000000001-0${i}-0000000001`);
    expect(operationsSince(fixture.disk, before)).toEqual([
      ...names.map((name) => `write ${name}`),
      ...names.map((name) => `sync ${name}`),
    ]);
    for (const { producer, synced } of fixture.partitions) expect(synced).toBe(producer.position());
    expect(fixture.step()).toBe("idle");
    expect(fixture.writer.nextDueMs()).toBe(Infinity);
  });

  test("takes all that has gathered as one group", () => {
    const fixture = WalFixture.started();
    for (let i = 0; i < 20; i++) fixture.first.put(`key ${i}`, "value");
    fixture.settle();
    expect(readBack(fixture.disk, 0).groupCount).toBe(1);
    expect(fixture.disk.counts.sync).toBe(2);
  });
});

describe("everysec", () => {
  const options = { policy: "everysec", batchRecords: 3, flushIntervalMs: 50 } as const;

  test("waits for the flush interval, and a second for the sync", () => {
    const fixture = WalFixture.started(options);
    fixture.nowMs = 10;
    fixture.first.put("a", "b");
    expect(fixture.step()).toBe("idle");
    expect(fixture.writer.nextDueMs()).toBe(60);
    fixture.nowMs = 59;
    fixture.first.put("c", "d");
    expect(fixture.step()).toBe("idle");
    fixture.nowMs = 60;
    expect(fixture.step()).toBe("worked");
    const end = fixture.first.producer.position();
    expect([fixture.first.written, fixture.first.synced]).toEqual([end, START_POSITION]);
    expect(fixture.writer.nextDueMs()).toBe(1060);
    fixture.nowMs = 1059;
    expect(fixture.step()).toBe("idle");
    fixture.nowMs = 1060;
    expect(fixture.step()).toBe("worked");
    expect(fixture.first.synced).toBe(end);
    expect(fixture.writer.nextDueMs()).toBe(Infinity);
  });

  test("does not wait when enough has gathered", () => {
    const fixture = WalFixture.started(options);
    for (const key of ["a", "b"]) fixture.first.put(key, "");
    expect(fixture.step()).toBe("idle");
    fixture.first.put("c", "");
    expect(fixture.step()).toBe("worked");
    expect(fixture.first.written).toBe(fixture.first.producer.position());
    expect(fixture.disk.counts.sync).toBe(1);
  });

  test("writes all partitions when the time of one has come", () => {
    const fixture = WalFixture.started({ ...options, partitionCount: 2 });
    fixture.first.put("a", "");
    fixture.step();
    fixture.nowMs = 40;
    fixture.partitions[1]!.put("b", "");
    fixture.step();
    fixture.nowMs = 50;
    fixture.step();
    for (const { written, producer } of fixture.partitions) {
      expect(written).toBe(producer.position());
    }
  });

  test("does not wait for whom it keeps waiting, or with a ring half full", () => {
    const waiting = WalFixture.started(options);
    waiting.first.put("a", "");
    waiting.first.producer.awaitProgress();
    expect(waiting.step()).toBe("worked");
    expect(waiting.ringCount).toBe(1);
    const full = WalFixture.started(options);
    full.first.put("a", "x".repeat(8 * 1024));
    expect(full.step()).toBe("worked");
    expect(full.first.written).toBe(full.first.producer.position());
    expect(full.ringCount).toBe(0);
  });

  test("syncs early what somebody wants synced", () => {
    for (const policy of ["everysec", "none"] as const) {
      const fixture = WalFixture.started({ ...options, policy });
      fixture.first.put("a", "");
      const wanted = fixture.first.producer.requestSync();
      fixture.first.producer.awaitProgress();
      fixture.settle();
      expect(fixture.first.synced).toBe(wanted);
      expect(fixture.ringCount).toBeGreaterThan(0);
      // And nothing more than that.
      fixture.first.put("b", "");
      fixture.settle();
      expect(fixture.first.synced).toBe(wanted);
    }
  });
});

describe("none", () => {
  test("syncs when it goes on to the next file, and else never", () => {
    const fixture = WalFixture.started({ policy: "none", batchRecords: 1, fileSizeMax: 1000 });
    fixture.first.put("a", "x".repeat(600));
    fixture.settle();
    const first = fixture.first.producer.position();
    fixture.nowMs = 1e9;
    expect(fixture.step()).toBe("idle");
    expect([fixture.first.written, fixture.first.synced]).toEqual([first, START_POSITION]);
    fixture.first.put("b", "x".repeat(600));
    fixture.settle();
    expect(fixture.first.synced).toBe(first);
    expect(findLoss(fixture.disk.crash(), 0, fixture.first, first)).toBe("");
  });
});

describe("files", () => {
  test("are followed by the next one, which was made when there was time", () => {
    const fixture = WalFixture.started({ fileSizeMax: 1000 });
    fixture.first.put("a", "x".repeat(600));
    fixture.settle();
    expect(fixture.disk.counts.create).toBe(1);
    fixture.first.put("b", "x".repeat(100));
    expect(fixture.step()).toBe("worked");
    expect(fixture.disk.counts.create).toBe(1);
    fixture.settle();
    expect(fixture.disk.counts.create).toBe(2);
    expect(fixture.disk.crash(new Random(1)).list()).toHaveLength(2);
  });

  test("are made at the switch when there was no time", () => {
    const fixture = WalFixture.started({ fileSizeMax: 1000 });
    for (const key of ["a", "b", "c"]) {
      fixture.first.put(key, "x".repeat(900));
      expect(fixture.step()).toBe("worked");
    }
    expect(fixture.disk.list()).toHaveLength(3);
    expect(fixture.writer.partitions[0]!.figures.switchCount).toBe(2);
    expect(readBack(fixture.disk, 0)).toMatchObject({ groupCount: 3, fault: null });
  });

  test("take what is larger than a file, alone", () => {
    const fixture = WalFixture.started({ fileSizeMax: 500 });
    for (const key of ["a", "b"]) {
      fixture.first.put(key, "x".repeat(3000));
      fixture.settle();
    }
    fixture.first.put("c", "");
    fixture.settle();
    expect(fixture.disk.list()).toHaveLength(3);
    expect(findLoss(fixture.disk.crash(), 0, fixture.first, fixture.first.synced)).toBe("");
  });
});

describe("ringing", () => {
  test("is for who waits, once a step", () => {
    const fixture = WalFixture.started({ partitionCount: 2 });
    for (const { producer } of fixture.partitions) producer.awaitProgress();
    expect(fixture.step()).toBe("idle");
    expect(fixture.ringCount).toBe(0);
    for (const partition of fixture.partitions) partition.put("a", "b");
    fixture.settle();
    expect(fixture.ringCount).toBe(1);
    fixture.first.put("c", "d");
    fixture.settle();
    expect(fixture.ringCount).toBe(1);
  });

  test("wakes come with what there is to do", () => {
    const fixture = WalFixture.started({ policy: "everysec", batchRecords: 3 });
    const isAwake = () => fixture.doorbell.words[0] === 0;
    const seen: boolean[] = [];
    fixture.doorbell.sleep(() => {
      fixture.writer.armWakeUps();
      fixture.first.put("a", "");
      seen.push(isAwake());
      return 0;
    });
    fixture.settle();
    fixture.doorbell.sleep(() => {
      fixture.writer.armWakeUps();
      for (let i = 0; i < 2; i++) {
        fixture.first.put("b", "");
        seen.push(isAwake());
      }
      return 0;
    });
    expect(seen).toEqual([true, false, true]);
  });
});
