import { describe, expect, test } from "bun:test";
import { SLICE } from "../../src/store/work-slices.ts";
import { CHUNK_SIZE_MIN, SnapshotChunk } from "../../src/wal/snapshot-chunk.ts";
import { PART_SIZE, SnapshotWalk, WALK } from "../../src/wal/snapshot-walk.ts";
import { tries } from "../support/effort.ts";
import { KeyspaceFixture, bytesOf } from "../support/keyspace-fixture.ts";
import { Random } from "../support/random.ts";
import { RecoveryFixture, contentsOf, makeDisk } from "../support/recovery-fixture.ts";
import { RecordExecutor, takeSnapshot } from "../support/snapshot-fixture.ts";
import { ThreadPair, withAllLocks } from "../support/thread-pair.ts";
import { WalFiles } from "../support/wal-files.ts";
import { WalHistory } from "../support/wal-history.ts";

const MIB = 2 ** 20;
const SEED = 0x54a7;
const FIELDS = { number: 1, epoch: 1, segmentBits: 2, timeMs: 1000, positions: [8] };

function makeKeyspace(): KeyspaceFixture {
  return new KeyspaceFixture({ sizeBytes: 64 * MIB });
}

/** A store that was recovered from a snapshot of this one, and what the snapshot took. */
function copyOf(keyspace: KeyspaceFixture, between?: () => void) {
  const disk = makeDisk(new WalFiles(1).files);
  const run = takeSnapshot(disk, keyspace, FIELDS, between);
  const copy = new RecoveryFixture({});
  Object.assign(copy, { disk });
  const result = copy.recover();
  return { run, result, contents: copy.contents() };
}

describe("SnapshotWalk of a store that threads share", () => {
  test("has the structure and the segments of what it reads in each step, and no longer", () => {
    const pair = new ThreadPair(64 * MIB);
    const { first, second } = pair;
    const random = new Random(SEED);
    withAllLocks(first, () => {
      for (let i = 0; i < 3000; i++) first.set(i % 4, `key:${i}`, `value ${i}`);
      first.set(0, "long", random.text(1_000_000));
    });
    const locks = first.store.locks!;
    const taken = new Set<number>();
    const held = new Set<number>();
    const { leave } = locks;
    locks.leave = () => {
      leave.call(locks);
      held.clear();
    };
    const { alsoSegment } = locks;
    // What a chunk had no room for is looked for again.
    const { segments } = first.store;
    const { find } = segments;
    let leftCount = 0;
    segments.find = (view, offset, length, hash) => {
      leftCount++;
      const segment = (hash >>> 0) >>> (32 - Math.log2(locks.segmentCount));
      expect(locks.hasStructure && held.has(segment)).toBe(true);
      return find.call(segments, view, offset, length, hash);
    };
    locks.alsoSegment = (segment) => {
      taken.add(segment);
      held.add(segment);
      alsoSegment.call(locks, segment);
    };
    let count = 0;
    const { run, contents } = copyOf(first, () => {
      expect(locks.hasStructure).toBe(false);
      withAllLocks(second, () => second.set(0, `key:${count * 4}`, `later ${count++}`));
    });
    expect(taken.size).toBe(locks.segmentCount);
    expect(leftCount).toBeGreaterThan(0);
    expect(run.sliceCount).toBeGreaterThan(5);
    expect(contents.size).toBe(3001);
    expect(first.store.pins.count).toBe(0);
    const before = locks.structureCount;
    const chunk = new SnapshotChunk(new ArrayBuffer(CHUNK_SIZE_MIN));
    const walk = new SnapshotWalk(first.store);
    walk.run(chunk);
    expect(locks.structureCount).toBeGreaterThan(before);
    walk.stop();
    expect(locks.hasStructure).toBe(false);
  });
});

describe("SnapshotWalk", () => {
  test("of an empty store has no records", () => {
    const { run, result } = copyOf(makeKeyspace());
    expect(run).toMatchObject({ chunkCount: 0, recordCount: 0 });
    expect(result.snapshot).toMatchObject({ number: 1, recordCount: 0 });
  });

  test("meets every entry of every database once, over many slices and chunks", () => {
    const keyspace = makeKeyspace();
    for (let i = 0; i < 9000; i++) {
      const deadlineMs = i % 3 === 0 ? BigInt(keyspace.clock.now + 1 + i) : 0n;
      keyspace.set(i % 16, `key:${i}`, `value ${i}`.repeat(i % 40), deadlineMs);
    }
    const { run, contents } = copyOf(keyspace);
    expect(contents).toEqual(contentsOf(keyspace));
    expect(contents.size).toBe(9000);
    expect(run.recordCount).toBe(9000);
    expect(run.sliceCount).toBeGreaterThan(20);
    expect(run.chunkCount).toBeGreaterThan(3);
  });

  test("leaves out what has expired", () => {
    const keyspace = makeKeyspace();
    for (let i = 0; i < 100; i++) keyspace.set(0, `key:${i}`, "v", BigInt(keyspace.clock.now + i));
    keyspace.moveTo(keyspace.clock.now + 40);
    expect(copyOf(keyspace).run.recordCount).toBe(59);
  });

  test("has entries of any size, the largest next to each other", () => {
    const keyspace = makeKeyspace();
    const random = new Random(SEED);
    for (const length of [0, 1, 4096, 100_000, 130_000, 131_050, 131_072, 131_073, 700_001]) {
      for (let i = 0; i < 3; i++) {
        const deadlineMs = i === 1 ? BigInt(keyspace.clock.now + 1000) : 0n;
        keyspace.set(i, `${length}:${random.text(i * 30_000)}`, random.text(length), deadlineMs);
      }
    }
    const { run, contents } = copyOf(keyspace);
    expect(contents).toEqual(contentsOf(keyspace));
    expect(run.recordCount).toBeGreaterThan(27 + 3 * Math.floor(700_001 / PART_SIZE));
    expect(keyspace.store.pins.count).toBe(0);
  });

  test("keeps a long value as it was when it was met, whatever becomes of it", () => {
    for (const change of ["delete", "append", "replace"]) {
      const keyspace = makeKeyspace();
      const value = new Random(SEED).text(600_000);
      keyspace.set(3, "long", value);
      let isChanged = false;
      const { contents } = copyOf(keyspace, () => {
        if (isChanged || keyspace.store.pins.count === 0) return;
        isChanged = true;
        if (change === "delete") keyspace.delete(3, "long");
        if (change === "replace") keyspace.set(3, "long", "short");
        if (change === "append") keyspace.keys.overwrite(3, bytesOf("long"), 600_000, bytesOf("x"));
      });
      expect({ change, isChanged }).toEqual({ change, isChanged: true });
      expect(contents).toEqual(new Map([["3:long", `0 ${value}`]]));
      keyspace.keys.flush();
      expect(keyspace.store.memoryBytes().pieces).toBe(0);
    }
  });

  test("lets go of what it has pinned when it is stopped", () => {
    const keyspace = makeKeyspace();
    keyspace.set(0, "long", "x".repeat(600_000));
    const walk = new SnapshotWalk(keyspace.store);
    expect(walk.run(new SnapshotChunk(new ArrayBuffer(CHUNK_SIZE_MIN)))).toBe(WALK.CHUNK_FULL);
    expect(keyspace.store.pins.count).toBe(1);
    walk.stop();
    expect(keyspace.store.pins.count).toBe(0);
  });

  test("ends a slice when its time is up, and counts it", () => {
    const keyspace = makeKeyspace();
    for (let i = 0; i < 5000; i++) keyspace.set(0, `key:${i}`, "");
    const walk = new SnapshotWalk(keyspace.store);
    const chunk = new SnapshotChunk(new ArrayBuffer(CHUNK_SIZE_MIN));
    keyspace.clock.stepMs = 0.3;
    expect(walk.run(chunk)).toBe(WALK.SLICE_OVER);
    expect(chunk.recordCount).toBeGreaterThan(30);
    expect(chunk.recordCount).toBeLessThan(300);
    expect(walk.progress).toBeGreaterThan(0);
    expect(walk.progress).toBeLessThan(0.2);
    expect(keyspace.store.slices.maxUs(SLICE.SNAPSHOT)).toBeGreaterThan(500);
  });

  test("meets every key that stays while tables grow and shrink", () => {
    const keyspace = makeKeyspace();
    for (let i = 0; i < 3000; i++) keyspace.set(1, `stays:${i}`, `${i}`);
    let count = 0;
    const { contents } = copyOf(keyspace, () => {
      for (let i = 0; i < 300; i++) keyspace.set(0, `new:${count++}`, "");
      if (count % 1500 === 0) keyspace.keys.flush(0);
    });
    expect(count).toBeGreaterThanOrEqual(3000);
    for (let i = 0; i < 3000; i++) expect(contents.get(`1:stays:${i}`)).toBe(`0 ${i}`);
  });

  test("is the truth together with the WAL, in the middle of traffic", () => {
    for (let seed = SEED; seed < SEED + tries(3); seed++) {
      const random = new Random(seed);
      const keyspace = makeKeyspace();
      const executor = new RecordExecutor(keyspace);
      const history = new WalHistory(random, {
        partitionCount: random.between(1, 4),
        keyCount: random.pick([20, 500, 3000]),
        valueLengthMax: random.pick([10, 2000]),
        partLength: 30_000,
        deadlineBeginMs: Date.UTC(2030, 0, 1),
      });
      history.onRecord = (record) => executor.execute(record);
      history.run(random.between(0, 1500));
      const disk = makeDisk({});
      const { positions } = history.wal;
      takeSnapshot(disk, keyspace, { ...FIELDS, positions }, () => {
        history.run(random.below(60));
      });
      history.run(random.below(200));
      history.wal.sealAll();
      const fixture = new RecoveryFixture({ ...disk.snapshot(), ...history.wal.files });
      const result = fixture.recover();
      expect(result.snapshot?.positions).toEqual(positions);
      expect({ seed, contents: fixture.contents() }).toEqual({ seed, contents: history.contents });
    }
  });
});
