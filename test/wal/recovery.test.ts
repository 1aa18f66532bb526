import { describe, expect, test } from "bun:test";
import { formatSnapshotName } from "../../src/wal/file-names.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { RecoveryError } from "../../src/wal/recovery-error.ts";
import type { RecoveryResult } from "../../src/wal/recovery.ts";
import { KeyspaceFixture } from "../support/keyspace-fixture.ts";
import { Random } from "../support/random.ts";
import {
  RecoveryFixture,
  contentsOf,
  digest,
  makeDisk,
  type Contents,
  type Files,
} from "../support/recovery-fixture.ts";
import { RecordExecutor, takeSnapshot } from "../support/snapshot-fixture.ts";
import { WalFiles, type RecordText } from "../support/wal-files.ts";
import { WalHistory } from "../support/wal-history.ts";

const { SET, DELETE, FLUSH, FLUSH_ALL, PART } = RECORD_KIND;
const MIB = 2 ** 20;
const SEED = 0x4ec0;
const DEADLINE_BEGIN_MS = Date.UTC(2030, 0, 1);
const SNAPSHOT = { number: 1, epoch: 1, segmentBits: 2, timeMs: 1, positions: [8] };

function makeOptions(random: Random, partitionCount: number) {
  const isSmall = random.oneIn(2);
  return {
    partitionCount,
    keyCount: random.between(3, 200),
    valueLengthMax: isSmall ? 20 : 5000,
    partLength: isSmall ? 7 : 40_000,
    deadlineBeginMs: DEADLINE_BEGIN_MS,
  };
}

function set(key: string, value: string, more: Partial<RecordText> = {}): RecordText {
  return { kind: SET, key, value, ...more };
}

/** Recovers what files have, and what that is. */
function recoverFiles(files: Files, options: { isBestEffort?: boolean } = {}) {
  const fixture = new RecoveryFixture(files);
  const result = fixture.recover(options);
  return { result, contents: fixture.contents(), fixture };
}

function refusalOf(files: Files): RecoveryError {
  const fixture = new RecoveryFixture(files);
  const before = fixture.disk.snapshot();
  try {
    fixture.recover();
  } catch (error) {
    if (!(error instanceof RecoveryError)) throw error;
    expect(fixture.disk.snapshot()).toEqual(before);
    return error;
  }
  throw new Error("the start was not refused");
}

/** A snapshot of a store with these records, by its name. */
function snapshotOf(records: readonly RecordText[], fields: Partial<typeof SNAPSHOT> = {}): Files {
  const keyspace = new KeyspaceFixture({ sizeBytes: 16 * MIB });
  const executor = new RecordExecutor(keyspace);
  for (const record of records) executor.execute(record);
  const disk = makeDisk({});
  takeSnapshot(disk, keyspace, { ...SNAPSHOT, ...fields });
  const name = formatSnapshotName(fields.number ?? SNAPSHOT.number);
  return { [name]: disk.snapshot()[name]! };
}

describe("recovery", () => {
  test("of an empty directory begins with epoch 1", () => {
    expect(recoverFiles({}).result).toMatchObject({
      snapshot: null,
      recordCount: 0,
      endPositions: [],
      nextEpoch: 1,
      nextPosition: 8,
      nextSnapshotNumber: 1,
      torn: [],
      lost: [],
    });
  });

  test("leads to what the history says", () => {
    for (let seed = SEED; seed < SEED + 30; seed++) {
      const random = new Random(seed);
      const history = new WalHistory(random, makeOptions(random, random.between(1, 4)));
      history.run(random.between(1, 500));
      history.wal.sealAll();
      const { result, contents } = recoverFiles(history.wal.files);
      expect({ seed, contents }).toEqual({ seed, contents: history.contents });
      expect(result.endPositions).toEqual(history.wal.positions);
      expect(result.nextPosition).toBe(history.wal.endPosition + 8);
      expect(result).toMatchObject({ nextEpoch: 2, torn: [], lost: [], droppedGroupCount: 0 });
    }
  });

  test("goes through epochs with other numbers of partitions", () => {
    for (let seed = SEED; seed < SEED + 10; seed++) {
      const random = new Random(seed);
      let files: Files = {};
      let contents: Contents = new Map();
      let startPosition = 8;
      for (let epoch = 1; epoch <= 4; epoch++) {
        const partitionCount = random.between(1, 5);
        const options = { ...makeOptions(random, partitionCount), epoch, startPosition };
        const history = new WalHistory(random, options, contents);
        history.run(random.between(0, 100));
        history.wal.sealAll();
        files = { ...files, ...history.wal.files };
        contents = history.contents;
        startPosition = history.wal.endPosition + 8;
      }
      const recovered = recoverFiles(files);
      expect({ seed, contents: recovered.contents }).toEqual({ seed, contents });
      expect(recovered.result).toMatchObject({ nextEpoch: 5, nextPosition: startPosition });
    }
  });

  test("says how far it is", () => {
    const wal = new WalFiles(1);
    const value = "x".repeat(4 * MIB);
    for (let i = 0; i < 10; i++) {
      wal.append(0, set("key", value));
      wal.seal(0);
    }
    const fixture = new RecoveryFixture(wal.files);
    const counts: number[] = [];
    fixture.recover({
      onProgress: ({ recordCount, byteCount, totalBytes, recordsPerSecond }) => {
        counts.push(byteCount);
        expect(totalBytes).toBeGreaterThan(40 * MIB);
        expect(recordsPerSecond > 0).toBe(recordCount > 0);
      },
    });
    expect(counts.length).toBe(3);
    expect(counts).toEqual(counts.toSorted((left, right) => left - right));
  });

  test("says that memory is full when the data does not fit", () => {
    const wal = new WalFiles(1);
    for (let i = 0; i < 100; i++) wal.append(0, set(`key:${i}`, "x".repeat(60_000)));
    wal.seal(0);
    const keyspace = new KeyspaceFixture({ sizeBytes: 2 * MIB });
    const fixture = new RecoveryFixture(wal.files, keyspace);
    expect(() => fixture.recover({ isBestEffort: true })).toThrow(
      /memory is full after \d+ records: --max-memory is smaller than the data/,
    );
  });

  test("has room for keys that have expired, however many they were", () => {
    const wal = new WalFiles(1);
    const keyspace = new KeyspaceFixture({ sizeBytes: 2 * MIB });
    const deadlineMs = keyspace.clock.now - 1000;
    for (let i = 0; i < 200; i++)
      wal.append(0, set(`key:${i}`, "x".repeat(50_000), { deadlineMs }));
    wal.append(0, set("key:0", "stays"));
    wal.seal(0);
    const fixture = new RecoveryFixture(wal.files, keyspace);
    fixture.recover();
    expect([...fixture.contents()]).toEqual([["0:key:0", "0 stays"]]);
  });
});

describe("deadlines", () => {
  test("count after the last record only", () => {
    const wal = new WalFiles(1);
    const fixture = (): RecoveryFixture => new RecoveryFixture(wal.files);
    const { now } = fixture().keyspace.clock;
    const past = { deadlineMs: now - 1 };
    wal.append(0, set("expired", "v", past));
    wal.append(0, set("set again", "old", past));
    wal.append(0, set("set again", "new"));
    wal.append(0, set("extended", "v", past));
    wal.append(0, set("extended", "v", { deadlineMs: now + 1 }));
    wal.append(0, set("shortened", "v"));
    wal.append(0, set("shortened", "v", past));
    wal.seal(0);
    const recovered = fixture();
    recovered.recover();
    expect(recovered.keyspace.store.nowMs).toBe(now);
    expect(recovered.contents()).toEqual(
      new Map([
        ["0:set again", "0 new"],
        ["0:extended", `${now + 1} v`],
      ]),
    );
    expect(recovered.keyspace.get(0, "expired")).toBeNull();
    recovered.keyspace.moveTo(now + 300);
    recovered.keyspace.maintain();
    expect(recovered.keyspace.store.keyCount).toBe(1);
  });
});

describe("transaction groups", () => {
  const member = (count: number, index: number) => ({ member: { id: 9, count, index } });

  test("that a crash has cut off are absent as a whole", () => {
    for (const missing of [0, 1, 2, 3]) {
      const wal = new WalFiles(3);
      const records: [number, RecordText][] = [
        [0, set("a", "new", member(4, 0))],
        [1, { kind: PART, key: "b", value: "ne", part: { offset: 0, whole: 3 }, ...member(4, 1) }],
        [1, { kind: PART, key: "b", value: "w", part: { offset: 2, whole: 3 }, ...member(4, 2) }],
        [2, { kind: DELETE, key: "c", ...member(4, 3) }],
      ];
      wal.append(0, set("a", "old"));
      wal.append(2, set("c", "old"));
      const cut = records[missing]![0];
      const isCut = ([partition]: [number, RecordText], i: number): boolean =>
        partition === cut && i >= missing;
      for (const [i, entry] of records.entries()) if (!isCut(entry, i)) wal.append(...entry);
      wal.append((cut + 1) % 3, set("later", "v"));
      wal.sealAll();
      const { result, contents, fixture } = recoverFiles(wal.files);
      expect(contents).toEqual(
        new Map([
          ["0:a", "0 old"],
          ["0:c", "0 old"],
        ]),
      );
      expect([result.droppedGroupCount, result.droppedRecordCount]).toEqual([1, 1]);
      expect(fixture.keyspace.store.memoryBytes().pieces).toBe(0);
    }
  });

  test("come between what was before them and what is behind, in all partitions", () => {
    const wal = new WalFiles(2);
    wal.append(0, set("a", "1", { member: { id: 1, count: 2, index: 0 } }));
    wal.append(0, set("a", "2"));
    wal.append(1, set("b", "0"));
    wal.append(1, set("b", "1", { member: { id: 1, count: 2, index: 1 } }));
    wal.sealAll();
    expect([...recoverFiles(wal.files).contents.values()].toSorted()).toEqual(["0 1", "0 2"]);
  });

  test("flush all partitions at once", () => {
    for (const kind of [FLUSH, FLUSH_ALL]) {
      const wal = new WalFiles(2);
      wal.append(1, set("b", "before"));
      wal.append(0, { kind, member: { id: 1, count: 2, index: 0 } });
      wal.append(0, set("a", "after"));
      wal.append(1, { kind, member: { id: 1, count: 2, index: 1 } });
      wal.sealAll();
      expect([...recoverFiles(wal.files).contents.keys()]).toEqual(["0:a"]);
    }
  });

  test("are refused when they make no sense", () => {
    const refuse = (partitionCount: number, ...records: RecordText[]): string => {
      const wal = new WalFiles(partitionCount);
      for (const record of records) wal.append(0, record);
      wal.sealAll();
      return refusalOf(wal.files).message;
    };
    const part = { offset: 0, whole: 2 };
    const only: RecordText = { kind: PART, key: "k", value: "v", part };
    const wal = new WalFiles(1);
    wal.append(0, { ...only, part: { offset: 0, whole: 1 } });
    wal.sealAll();
    expect([...recoverFiles(wal.files).contents]).toEqual([["0:k", "0 v"]]);
    expect(refuse(1, only)).toContain("in no group");
    expect(refuse(2, { kind: FLUSH_ALL })).toContain("a flush is not in all partitions");
    expect(refuse(2, { kind: FLUSH, ...member(1, 0) })).toContain("not in all partitions");
    expect(refuse(1, set("k", "v", member(3, 1)), set("k", "v", member(3, 0)))).toBe(
      "wal-0000000001-00-0000000001 at byte 64: a group is out of order (position 56)",
    );
  });
});

/** Two files of one partition, with everything that there is; its state after every step. */
function makeSmallDirectory(): { files: Files; states: Set<string>; last: string } {
  const history = new WalHistory(new Random(SEED), {
    partitionCount: 1,
    keyCount: 6,
    valueLengthMax: 8,
    partLength: 6,
    deadlineBeginMs: DEADLINE_BEGIN_MS,
  });
  const states = new Set([digest(new Map())]);
  history.onStep = ({ contents }) => states.add(digest(contents));
  history.run(30);
  history.wal.rotate(0);
  history.run(15);
  history.wal.sealAll();
  return { files: history.wal.files, states, last: history.wal.nameOf(0) };
}

describe("what a crash or a fault leaves", () => {
  const keyspace = new KeyspaceFixture({ sizeBytes: 4 * MIB });

  /** What is recovered, null = the start is refused. */
  function tryRecover(files: Files): { result: RecoveryResult; digest: string } | null {
    keyspace.keys.flush();
    const fixture = new RecoveryFixture(files, keyspace);
    try {
      const result = fixture.recover();
      const recovered = digest(fixture.contents());
      // The cut is durable, and the next start is of the same mind.
      keyspace.keys.flush();
      const again = new RecoveryFixture(fixture.disk.crash(new Random(1)).snapshot(), keyspace);
      expect(again.recover()).toMatchObject({ torn: [], nextPosition: result.nextPosition });
      expect(digest(again.contents())).toBe(recovered);
      return { result, digest: recovered };
    } catch (error) {
      if (!(error instanceof RecoveryError)) throw error;
      return null;
    }
  }

  test("at the end of the last file is cut: a beginning of the history is there", () => {
    const { files, states, last } = makeSmallDirectory();
    const whole = files[last]!;
    const seen = new Set<string>();
    for (let size = whole.length; size >= 0; size--) {
      const recovered = tryRecover({ ...files, [last]: whole.slice(0, size) });
      expect({ size, isRecovered: recovered !== null }).toEqual({ size, isRecovered: true });
      expect({ size, isState: states.has(recovered!.digest) }).toEqual({ size, isState: true });
      const torn = recovered!.result.torn.reduce((sum, { byteCount }) => sum + byteCount, 0);
      expect(torn).toBeLessThanOrEqual(size);
      seen.add(recovered!.digest);
    }
    expect(seen.size).toBeGreaterThan(3);
  });

  test("in any byte is refused, or cut at the end", () => {
    const { files, states, last } = makeSmallDirectory();
    let refusedCount = 0;
    let cutCount = 0;
    for (const [name, bytes] of Object.entries(files)) {
      for (let i = 0; i < bytes.length; i++) {
        const damaged = bytes.slice();
        damaged[i]! ^= 1 << (i % 8);
        const recovered = tryRecover({ ...files, [name]: damaged });
        if (recovered === null) {
          refusedCount++;
          continue;
        }
        cutCount++;
        const place = { name, i };
        expect({ ...place, isCut: recovered.result.torn.length }).toEqual({ ...place, isCut: 1 });
        expect({ place, isState: states.has(recovered.digest) }).toEqual({ place, isState: true });
        expect(name).toBe(last);
      }
    }
    expect(refusedCount).toBeGreaterThan(files[last]!.length);
    expect(cutCount).toBeGreaterThan(50);
  });

  test("in a snapshot has the older one taken, or the whole WAL", () => {
    const wal = new WalFiles(1);
    const records = [set("a", "1"), set("b", "2"), set("a", "3")];
    const positions: number[] = [];
    for (const record of records) {
      wal.append(0, record);
      positions.push(wal.positions[0]!);
    }
    wal.seal(0);
    const older = snapshotOf(records.slice(0, 1), { number: 1, positions: [positions[0]!] });
    const newer = snapshotOf(records.slice(0, 2), { number: 2, positions: [positions[1]!] });
    const name = formatSnapshotName(2);
    const expected = digest(recoverFiles(wal.files).contents);
    for (const olderFiles of [older, {}]) {
      const files = { ...wal.files, ...olderFiles, ...newer };
      expect(tryRecover(files)!.result.snapshot!.number).toBe(2);
      const bytes = newer[name]!;
      for (let i = 0; i < bytes.length; i++) {
        const damaged = bytes.slice();
        damaged[i]! ^= 0x10;
        const recovered = tryRecover({ ...files, [name]: damaged });
        if (i >= 8 && i < 12) {
          // Of another version, as far as anybody can tell.
          expect(recovered).toBeNull();
          continue;
        }
        const { result } = recovered!;
        expect(recovered!.digest).toBe(expected);
        expect(result.snapshot?.number ?? 0).toBe(olderFiles === older ? 1 : 0);
        expect(result.damagedSnapshots.map(({ fileName }) => fileName)).toEqual([name]);
        expect(result.nextSnapshotNumber).toBe(3);
      }
    }
  });

  test("in a snapshot of a later epoch says nothing of where earlier ones end", () => {
    const records = [set("a", "1"), set("b", "2"), set("c", "3")];
    let files: Files = {};
    let position = 8;
    for (const [i, record] of records.entries()) {
      const epoch = i + 1;
      const wal = new WalFiles(2, epoch, position);
      wal.append(i % 2, record);
      wal.sealAll();
      const positions = [...wal.positions];
      const fields = { number: epoch, epoch, positions };
      files = { ...files, ...wal.files, ...snapshotOf(records.slice(0, epoch), fields) };
      position = Math.max(...positions) + 8;
    }
    for (const damagedCount of [1, 2, 3]) {
      const damaged = { ...files };
      for (let number = 3; number > 3 - damagedCount; number--) {
        const name = formatSnapshotName(number);
        damaged[name] = files[name]!.slice(0, -1);
      }
      const { digest: recovered, result } = tryRecover(damaged)!;
      expect(recovered).toBe(digest(recoverFiles(files).contents));
      expect(result.damagedSnapshots).toHaveLength(damagedCount);
      expect(result.nextPosition).toBe(position);
    }
  });

  test("only in memory of the system is made durable before anything builds on it", () => {
    const wal = new WalFiles(1);
    wal.append(0, set("a", "1"));
    wal.seal(0);
    const name = wal.nameOf(0);
    const fixture = new RecoveryFixture({ [name]: wal.files[name]! });
    wal.append(0, set("a", "2"));
    wal.seal(0);
    const added = wal.files[name]!.subarray(fixture.disk.snapshot()[name]!.length);
    fixture.disk.open(name).write(added, 0, added.length);
    fixture.recover();
    for (let seed = 0; seed < 20; seed++) {
      expect(fixture.disk.crash(new Random(seed)).snapshot()[name]!).toEqual(wal.files[name]!);
    }
  });
});

describe("a directory that has lost something", () => {
  /** Nothing else says that there was a last epoch, or where which partition of another ended. */
  const UNNOTICED = new Set(["wal-0000000002-00-0000000001", "wal-0000000001-01-0000000003"]);
  const records = Array.from({ length: 12 }, (_, i) => set(`key:${i}`, `${i}`));

  /** Two epochs, the first with three files a partition. */
  function makeFiles(): Record<string, Uint8Array> {
    const first = new WalFiles(2);
    for (const [i, record] of records.slice(0, 6).entries()) {
      // The first partition is the longer one.
      const value = i % 2 === 0 ? "a longer value" : "";
      first.append(i % 2, { ...record, value });
      if (i % 2 === 1 && i < 5) for (const partition of [0, 1]) first.rotate(partition);
    }
    first.sealAll();
    const second = new WalFiles(1, 2, first.endPosition + 8);
    for (const record of records.slice(6)) second.append(0, record);
    second.seal(0);
    return { ...first.files, ...second.files };
  }

  test("is whole to begin with", () => {
    expect(recoverFiles(makeFiles()).contents.size).toBe(12);
    expect(Object.keys(makeFiles())).toHaveLength(7);
  });

  test("is refused with the place, and in best effort gives what is left", () => {
    const files = makeFiles();
    for (const name of Object.keys(files)) {
      const { [name]: _, ...left } = files;
      if (UNNOTICED.has(name)) {
        expect(recoverFiles(left).contents.size).toBeLessThan(12);
        continue;
      }
      const { message } = refusalOf(left);
      expect(message).toMatch(/is missing|are missing|is due/);
      const { result, contents } = recoverFiles(left, { isBestEffort: true });
      expect({ name, lost: result.lost.length > 0 }).toEqual({ name, lost: true });
      expect(contents.size).toBe(11);
      expect(result.nextEpoch).toBe(3);
    }
  });

  test("is refused when an epoch is missing, or the WAL that a snapshot needs", () => {
    const files = makeFiles();
    const second = Object.entries(files).filter(([name]) => name.startsWith("wal-0000000002"));
    expect(refusalOf(Object.fromEntries(second)).message).toBe(
      "there is no snapshot, and the WAL begins with epoch 2",
    );
    const third = new WalFiles(1, 3, 10_000);
    expect(refusalOf({ ...third.files, ...snapshotOf([]) }).message).toBe(
      "snapshot-0000000001 at byte 0: the WAL of epoch 1, which it needs, is missing",
    );
    const first = Object.entries(files).filter(([name]) => name.startsWith("wal-0000000001"));
    expect(refusalOf({ ...Object.fromEntries(first), ...third.files }).message).toBe(
      "the WAL of epoch 2 is missing",
    );
    expect(refusalOf(snapshotOf([])).message).toContain("is missing");
  });

  test("is refused when the snapshot is of other partitions, or before the WAL", () => {
    const wal = new WalFiles(1, 1, 800);
    expect(refusalOf({ ...wal.files, ...snapshotOf([], { positions: [800, 800] }) }).message).toBe(
      "snapshot-0000000001 at byte 0: it has 2 partitions, and its WAL 1",
    );
    const { message } = refusalOf({ ...wal.files, ...snapshotOf([], { positions: [792] }) });
    expect(message).toContain("it begins at position 800, but 792 is due");
  });

  test("in best effort takes what is sound of the WAL behind damage", () => {
    const wal = new WalFiles(1);
    for (const record of records) {
      wal.append(0, record);
      wal.seal(0, true);
    }
    const name = wal.nameOf(0);
    const bytes = wal.files[name]!;
    bytes[Buffer.from(bytes).indexOf("key:5")]! ^= 1;
    expect(refusalOf({ [name]: bytes })).toMatchObject({ file: name });
    const { result, contents } = recoverFiles({ [name]: bytes }, { isBestEffort: true });
    expect(contents.size).toBe(11);
    expect(contents.has("0:key:5")).toBe(false);
    expect(result.lost).toMatchObject([{ fileName: name, byteCount: 72 }]);
  });

  test("in best effort takes the beginning of the only snapshot", () => {
    const wal = new WalFiles(1);
    const value = "x".repeat(120_000);
    const snapshot = snapshotOf(records.map(({ key }) => set(key!, value)));
    const name = formatSnapshotName(1);
    const bytes = snapshot[name]!.slice();
    bytes[bytes.length - 50]! ^= 1;
    const later = new WalFiles(1, 2, wal.endPosition + 8);
    const files = { ...later.files, [name]: bytes };
    expect(refusalOf(files).message).toContain("the checksum of");
    const { result, contents } = recoverFiles(files, { isBestEffort: true });
    expect(contents.size).toBeGreaterThan(5);
    expect(contents.size).toBeLessThan(12);
    expect(result.lost.some(({ fileName }) => fileName === name)).toBe(true);
  });

  test("is refused when a file is of an unknown version, in best effort, too", () => {
    const wal = new WalFiles(1);
    wal.append(0, set("a", "1"));
    wal.seal(0);
    const name = wal.nameOf(0);
    const bytes = wal.files[name]!;
    bytes[8] = 2;
    expect(refusalOf({ [name]: bytes }).message).toContain("of version 2 of the format");
    expect(() => recoverFiles({ [name]: bytes }, { isBestEffort: true })).toThrow("of version 2");
  });
});

describe("an epoch that was begun because the log had failed", () => {
  const failed = new WalFiles(1);
  for (const key of ["a", "b"]) {
    failed.append(0, set(key, "v"));
    failed.seal(0);
  }
  const [[name, bytes]] = Object.entries(failed.files) as [[string, Uint8Array]];
  const torn = { [name]: bytes.slice(0, -1) };
  /** Records were appended that were never written. */
  const beginPosition = failed.endPosition + 800;
  /** Attempts use up numbers. */
  const begun = new WalFiles(1, 3, beginPosition, { isAfterFailure: true });

  test("leaves the ends before it torn until the next start", () => {
    const { result, contents, fixture } = recoverFiles({ ...torn, ...begun.files });
    expect([...contents.keys()]).toEqual(["0:a"]);
    expect(result.torn.map(({ fileName, byteCount }) => [fileName, byteCount])).toEqual([
      [name, (bytes.length - 64) / 2 - 1],
    ]);
    expect(result).toMatchObject({ nextEpoch: 4, nextPosition: beginPosition + 8 });
    const next = new WalFiles(1, 4, beginPosition + 8);
    next.append(0, set("c", "v"));
    next.seal(0);
    const again = recoverFiles({ ...fixture.disk.crash(new Random(1)).snapshot(), ...next.files });
    expect([...again.contents.keys()].toSorted()).toEqual(["0:a", "0:c"]);
    expect(again.result.torn).toEqual([]);
  });

  test("says so: otherwise they are damaged", () => {
    const silent = new WalFiles(1, 2, beginPosition);
    expect(refusalOf({ ...torn, ...silent.files }).reason).toBe("a group is cut off");
    expect(refusalOf({ ...failed.files, ...silent.files }).reason).toContain("is due");
  });

  test("needs its snapshot when it has records", () => {
    const used = new WalFiles(1, 2, beginPosition, { isAfterFailure: true });
    used.append(0, set("c", "v"));
    used.seal(0);
    const files = { ...failed.files, ...used.files };
    const fields = { number: 1, epoch: 2, positions: [beginPosition] };
    const snapshot = snapshotOf([set("unlogged", "v")], fields);
    const whole = recoverFiles({ ...files, ...snapshot });
    expect([...whole.contents.keys()].toSorted()).toEqual(["0:c", "0:unlogged"]);
    const sentence = "the log had failed before epoch 2: only a snapshot has what was lost";
    expect(refusalOf(files).message).toBe(sentence);
    const [[snapshotName, snapshotBytes]] = Object.entries(snapshot) as [[string, Uint8Array]];
    const damaged = { [snapshotName]: snapshotBytes.slice(0, -1) };
    expect(refusalOf({ ...files, ...damaged }).message).toBe(sentence);
    const best = recoverFiles({ ...files, ...damaged }, { isBestEffort: true });
    expect(best.result.lost.map(({ reason }) => reason)).toContain(sentence);
    expect([...best.contents.keys()]).toContain("0:c");
  });
});

test("a read-only recovery changes nothing", () => {
  const wal = new WalFiles(1);
  wal.append(0, set("a", "1"));
  wal.seal(0);
  const name = wal.nameOf(0);
  const files = { [name]: wal.files[name]!.slice(0, -3) };
  const fixture = new RecoveryFixture(files);
  const before = fixture.disk.snapshot();
  expect(fixture.recover({ isReadOnly: true }).torn).toHaveLength(1);
  expect(fixture.disk.snapshot()).toEqual(before);
  expect(contentsOf(fixture.keyspace).size).toBe(0);
});
