import { describe, expect, test } from "bun:test";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { KeyspaceFixture } from "../support/keyspace-fixture.ts";
import {
  DEADLINE_BEGIN_MS,
  recoverFiles,
  refusalOf,
  set,
  snapshotOf,
} from "../support/recovery-files.ts";
import { Random } from "../support/random.ts";
import {
  RecoveryFixture,
  contentsOf,
  type Contents,
  type Files,
} from "../support/recovery-fixture.ts";
import { WalFiles, type RecordText } from "../support/wal-files.ts";
import { WalHistory } from "../support/wal-history.ts";

const { DELETE, FLUSH, FLUSH_ALL, PART } = RECORD_KIND;
const MIB = 2 ** 20;
const SEED = 0x4ec0;

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
