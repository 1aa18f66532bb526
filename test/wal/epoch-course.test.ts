// What the check of a directory says where whole files are gone, against what a start says.

import { expect, test } from "bun:test";
import { DataDirectory } from "../../src/wal/data-directory.ts";
import { DirectoryCheck } from "../../src/wal/directory-check.ts";
import { findGaps } from "../../src/wal/epoch-course.ts";
import type { EpochFiles } from "../../src/wal/epoch-files.ts";
import { RecoveryError } from "../../src/wal/recovery-error.ts";
import { Random } from "../support/random.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { SimulatedServer } from "../support/simulated-server.ts";

const SEED_COUNT = 12;

function epoch(number: number, begin: number, end: number, changes: Partial<EpochFiles> = {}) {
  const files: EpochFiles = {
    epoch: number,
    partitionCount: 1,
    startPosition: begin,
    isAfterFailure: false,
    hasGroups: true,
    partitions: new Map(),
    faults: [],
    byteCount: 0,
    ...changes,
  };
  return { files, end };
}

function snapshot(number: number, of: number, ...positions: number[]) {
  return { number, epoch: of, positions };
}

test("epochs that follow each other have no gap", () => {
  expect(findGaps([], [])).toEqual([]);
  expect(findGaps([], [epoch(1, 8, 100), epoch(2, 108, 200)])).toEqual([]);
  expect(findGaps([snapshot(1, 2, 150)], [epoch(2, 108, 200), epoch(3, 208, 208)])).toEqual([]);
  // Made anew after a failure, behind a torn end; its number is not the next.
  const anew = epoch(4, 300, 300, { isAfterFailure: true, hasGroups: false });
  expect(findGaps([], [epoch(1, 8, 100), anew])).toEqual([]);
});

test("what is missing is named", () => {
  expect(findGaps([], [epoch(2, 108, 200)])).toEqual([
    "there is no sound snapshot, and the WAL begins with epoch 2",
  ]);
  expect(findGaps([snapshot(7, 1, 50)], [])).toEqual([
    "snapshot-0000000007: the WAL of epoch 1, which it needs, is missing",
  ]);
  expect(findGaps([snapshot(7, 1, 50, 50)], [epoch(1, 8, 100)])).toEqual([
    "snapshot-0000000007: it has 2 partitions, and its WAL 1",
  ]);
  expect(findGaps([], [epoch(1, 8, 100), epoch(3, 208, 300)])).toEqual([
    "the WAL of epoch 2 is missing",
    "epoch 3 begins at position 208, but 108 is due",
  ]);
  const anew = epoch(2, 300, 400, { isAfterFailure: true });
  expect(findGaps([], [epoch(1, 8, 100), anew])).toEqual([
    "the log had failed before epoch 2: only a snapshot has what was lost",
  ]);
});

/** Some lives of a server, with snapshots, crashes and failures. */
function buildDirectory(random: Random): Record<string, Uint8Array> {
  let disk = new SimulatedDisk(random);
  for (let life = random.between(1, 5); life > 0; life--) {
    const partitionCount = random.between(1, 4);
    const server = new SimulatedServer({ disk, partitionCount, fileSizeMax: 3000 });
    const client = server.connect();
    const save = (): void => {
      expect(server.durability.save()).toBe(true);
      for (let turns = 0; server.durability.isSaving && turns < 100; turns++) {
        server.settle();
        server.clock.elapsed += 10;
      }
    };
    for (let i = random.between(1, 60); i > 0; i--) {
      const pair = [`key ${random.below(30)}`, "v".repeat(random.below(300))];
      const command = random.oneIn(4) ? ["MSET", ...pair, "other", "1"] : ["SET", ...pair];
      server.ask(client, encodeCommand(command));
      if (random.oneIn(20)) save();
    }
    if (random.oneIn(4)) {
      disk.failAt("sync", 1, "EIO");
      server.ask(client, encodeCommand(["SET", "refused", "1"]));
      disk.repair();
      if (random.oneIn(2)) disk.failAt("rename", 1, "EIO");
      save();
      disk.repair();
    }
    server.dispose();
    disk = random.oneIn(2) ? disk.crash(random) : disk.kill();
  }
  return disk.snapshot();
}

/** Takes a file away, or all of an epoch; what. */
function lose(files: Record<string, Uint8Array>, random: Random): string {
  const names = Object.keys(files).filter((name) => /^(wal|snapshot)-/.test(name));
  const name = random.pick(names);
  const stem = random.oneIn(2) ? name : name.slice(0, "wal-0000000001".length);
  for (const other of names) if (other.startsWith(stem)) delete files[other];
  return stem;
}

function isSound(files: Record<string, Uint8Array>): boolean {
  const directory = DataDirectory.openExisting(new SimulatedDisk(new Random(1), files), "it");
  const { damageCount } = new DirectoryCheck(directory, () => {}).run();
  directory.close();
  return damageCount === 0;
}

/** "" = a server starts. */
function refusalOf(files: Record<string, Uint8Array>): string {
  try {
    new SimulatedServer({ disk: new SimulatedDisk(new Random(1), files) }).dispose();
    return "";
  } catch (error) {
    if (!(error instanceof RecoveryError)) throw error;
    return error.message;
  }
}

test("a directory that a start refuses is not sound, and one that nothing befell is", () => {
  let refusedCount = 0;
  for (let seed = 1; seed <= SEED_COUNT; seed++) {
    const random = new Random(seed);
    const whole = buildDirectory(random);
    expect({ seed, isSound: isSound(whole) }).toEqual({ seed, isSound: true });
    for (let i = 0; i < 4; i++) {
      const files = { ...whole };
      const lost = lose(files, random);
      const refusal = refusalOf(files);
      if (refusal === "") continue;
      refusedCount++;
      expect({ seed, lost, refusal, isSound: isSound(files) }).toMatchObject({ isSound: false });
    }
  }
  expect(refusedCount).toBeGreaterThan(SEED_COUNT);
});
