// What a WalWriter has promised, after crashes and failures of a simulated disk. Nothing here has a
// file of its own in src: it is wal-writer.ts, partition-writer.ts and partition-files.ts together.

import { describe, expect, test } from "bun:test";
import { failureName } from "../../src/wal/wal-control.ts";
import { SYNC_POLICIES } from "../../src/wal/wal-writer.ts";
import { Random } from "../support/random.ts";
import { PowerLoss, SimulatedDisk, type DiskOperation } from "../support/simulated-disk.ts";
import {
  START_POSITION,
  WalFixture,
  findLoss,
  readBack,
  type WalFixtureOptions,
} from "../support/wal-writer-fixture.ts";

const ENDS = ["crash", "kill", "power loss"] as const;

function randomOptions(random: Random, disk: SimulatedDisk): WalFixtureOptions {
  return {
    disk,
    policy: random.pick(SYNC_POLICIES),
    partitionCount: random.between(1, 4),
    ringSize: random.pick([4096, 16 * 1024]),
    fileSizeMax: random.pick([500, 5000, 100_000]),
    flushIntervalMs: random.pick([1, 20, 300]),
    batchRecords: random.between(1, 20),
  };
}

/** What a data thread, a WAL thread and time may do next. */
function act(fixture: WalFixture, random: Random, index: number): void {
  const partition = random.pick(fixture.partitions);
  const { producer } = partition;
  const choice = random.below(10);
  if (choice < 5) {
    const length = random.oneIn(10) ? random.below(3000) : random.below(100);
    if (producer.failure() === 0) partition.append(`key ${index}`, random.text(length));
    if (random.oneIn(2)) producer.publish();
  } else if (choice < 8) fixture.step();
  else if (choice === 8) fixture.nowMs += random.pick([0.1, 5, 200, 1100]);
  else if (random.oneIn(2)) producer.requestSync();
  else producer.awaitProgress();
}

function plantFaults(disk: SimulatedDisk, random: Random): void {
  disk.hasShortWrites = random.oneIn(2);
  if (random.oneIn(2)) return;
  const operations: DiskOperation[] = ["write", "sync", "create", "sync-directory"];
  disk.failAt(random.pick(operations), random.between(3, 30), random.pick(["EIO", "ENOSPC"]));
  if (random.oneIn(4)) disk.capacity = random.below(30_000);
}

/** A life that ends in one of three ways; what is wrong with what is left of it. */
function runHistory(
  seed: number,
  prepare: (disk: SimulatedDisk, random: Random) => void,
): string[] {
  const random = new Random(seed);
  const disk = new SimulatedDisk(random);
  const end = random.pick(ENDS);
  const fixture = new WalFixture(randomOptions(random, disk));
  prepare(disk, random);
  if (end === "power loss") disk.powerLossAt = random.between(1, 120);
  try {
    fixture.writer.startEpoch(1, START_POSITION);
    const steps = random.between(10, 400);
    for (let i = 0; i < steps; i++) act(fixture, random, i);
    if (random.oneIn(4)) fixture.writer.endEpoch(fixture.nowMs);
  } catch (error) {
    const hasRefused = !fixture.writer.isOpen && (error as { code?: string }).code !== undefined;
    if (!(error instanceof PowerLoss) && !hasRefused) throw error;
  }
  for (const partition of fixture.partitions) partition.observe();
  const left = end === "kill" ? disk.kill() : disk.crash();
  return fixture.partitions
    .map((partition, i) => {
      const promised = end === "kill" ? partition.written : partition.synced;
      return findLoss(left, i, partition, promised);
    })
    .filter((loss) => loss !== "");
}

function describeHistory(seed: number, losses: readonly string[]): string {
  return losses.length === 0 ? "" : `seed ${seed}: ${losses.join("; ")}`;
}

describe("what was published as synced", () => {
  test("is there after every crash, and nothing else but what was sent", () => {
    for (let seed = 1; seed <= 400; seed++) {
      expect(describeHistory(seed, runHistory(seed, plantFaults))).toBe("");
    }
  });

  test.each(["hasLyingSyncs", "hasLyingDirectorySyncs"] as const)(
    "is not when the disk lies (%s), and that is found",
    (lie) => {
      const losses: string[] = [];
      for (let seed = 1; seed <= 40; seed++) {
        losses.push(
          ...runHistory(seed, (disk) => {
            disk[lie] = true;
          }),
        );
      }
      expect(losses.length).toBeGreaterThan(0);
    },
  );
});

describe("a failing disk", () => {
  test.each([
    ["write", 2, "ENOSPC"],
    ["write", 2, "EIO"],
    ["sync", 2, "EIO"],
    ["create", 2, "EMFILE"],
    ["sync-directory", 2, "EIO"],
  ] as const)("%s: ends the partition for good", (operation, nth, code) => {
    const disk = new SimulatedDisk(new Random(1));
    const fixture = new WalFixture({ disk, fileSizeMax: 300 });
    disk.failAt(operation, nth, code);
    fixture.writer.startEpoch(1, START_POSITION);
    const { producer } = fixture.first;
    for (let i = 0; i < 10 && producer.failure() === 0; i++) {
      fixture.first.put(`key ${i}`, "x".repeat(100));
      fixture.settle();
    }
    expect(failureName(producer.failure())).toBe(code);
    expect(fixture.writer.error?.code).toBe(code);
    const { synced, written } = fixture.first;
    const count = disk.operationCount;
    fixture.first.put("after", "it");
    producer.requestSync();
    fixture.nowMs += 1e6;
    fixture.settle();
    fixture.writer.drain(fixture.nowMs);
    expect(disk.operationCount).toBe(count);
    expect([fixture.first.synced, fixture.first.written]).toEqual([synced, written]);
    expect(synced).toBeLessThan(producer.position());
  });

  test("rings whoever waits or not", () => {
    const fixture = WalFixture.started();
    fixture.disk.failAt("sync", 1, "EIO");
    fixture.first.put("a", "b");
    fixture.settle();
    expect(fixture.ringCount).toBe(1);
    expect(fixture.first.synced).toBe(START_POSITION);
    expect(fixture.first.written).toBe(fixture.first.producer.position());
  });

  test("fails one partition, and the others go on", () => {
    const fixture = WalFixture.started({ partitionCount: 2 });
    fixture.disk.failAt("write", 1, "EIO");
    for (const partition of fixture.partitions) partition.put("a", "b");
    fixture.settle();
    const [failed, sound] = fixture.partitions.map(({ producer }) => producer);
    expect([failed!.failure() > 0, sound!.failure()]).toEqual([true, 0]);
    expect(sound!.syncedPosition()).toBe(sound!.position());
    fixture.partitions[1]!.put("c", "d");
    fixture.writer.endEpoch(0);
    expect(sound!.syncedPosition()).toBe(sound!.position());
  });

  test("that takes nothing and says nothing has failed", () => {
    const fixture = WalFixture.started();
    const { disk } = fixture;
    const open = disk.create.bind(disk);
    const silent = new WalFixture({ disk });
    let isSilent = false;
    disk.create = (name) => {
      const file = open(name);
      const write = file.write.bind(file);
      file.write = (bytes, begin, end) => (isSilent ? 0 : write(bytes, begin, end));
      return file;
    };
    silent.writer.startEpoch(2, START_POSITION);
    isSilent = true;
    silent.first.put("a", "b");
    silent.settle();
    expect(failureName(silent.first.producer.failure())).toBe("EIO");
  });

  test("can be gone on with in a new epoch", () => {
    const fixture = WalFixture.started({ partitionCount: 2 });
    fixture.disk.failAt("sync", 1, "EIO");
    for (const partition of fixture.partitions) partition.put("a", "b");
    fixture.settle();
    fixture.writer.endEpoch(0);
    const ends = fixture.partitions.map(({ producer }) => producer.position());
    const position = Math.max(...ends) + 8;
    for (const partition of fixture.partitions) partition.restart(position);
    fixture.disk.failAt("create", 1, "ENOSPC");
    expect(() => fixture.writer.startEpoch(2, position)).toThrow("ENOSPC");
    expect(fixture.first.producer.failure()).toBeGreaterThan(0);
    fixture.writer.startEpoch(3, position);
    for (const partition of fixture.partitions) partition.put("c", "d");
    fixture.settle();
    const disk = fixture.disk.crash();
    fixture.partitions.forEach((partition, i) => {
      expect(partition.producer.failure()).toBe(0);
      expect(partition.synced).toBe(partition.producer.position());
      expect(findLoss(disk, i, partition, partition.synced, 3)).toBe("");
    });
  });

  test("with short writes has everything all the same, and they are counted", () => {
    const fixture = WalFixture.started();
    fixture.disk.hasShortWrites = true;
    for (let i = 0; i < 20; i++) {
      fixture.first.put(`key ${i}`, "x".repeat(200));
      fixture.settle();
    }
    expect(fixture.writer.partitions[0]!.figures.shortWriteCount).toBeGreaterThan(0);
    expect(readBack(fixture.disk.crash(), 0).groupCount).toBe(20);
  });
});
