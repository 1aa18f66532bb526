// Files that a crash, a fault or somebody has left in another state than they were written in.

import { describe, expect, test } from "bun:test";
import { formatSnapshotName } from "../../src/wal/file-names.ts";
import { RecoveryError } from "../../src/wal/recovery-error.ts";
import type { RecoveryResult } from "../../src/wal/recovery.ts";
import { KeyspaceFixture } from "../support/keyspace-fixture.ts";
import {
  DEADLINE_BEGIN_MS,
  recoverFiles,
  refusalOf,
  set,
  snapshotOf,
} from "../support/recovery-files.ts";
import { Random } from "../support/random.ts";
import { RecoveryFixture, digest, type Files } from "../support/recovery-fixture.ts";
import { WalFiles } from "../support/wal-files.ts";
import { WalHistory } from "../support/wal-history.ts";

const MIB = 2 ** 20;
const SEED = 0x4ec0;

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
