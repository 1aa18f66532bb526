import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { Log } from "../../src/lib/log.ts";
import { OUTCOME, SnapshotControl } from "../../src/server/snapshot-control.ts";
import { SnapshotKeeper } from "../../src/server/snapshot-keeper.ts";
import { DataDirectory } from "../../src/wal/data-directory.ts";
import { GROUP_HEADER_SIZE } from "../../src/wal/group.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { SnapshotReader } from "../../src/wal/snapshot-reader.ts";
import { Random } from "../support/random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { TEST_META, WalFiles, recordBytes } from "../support/wal-files.ts";

const RECORD = recordBytes({ kind: RECORD_KIND.SET, key: "key", value: "value" });

class Fixture {
  readonly disk = new SimulatedDisk(new Random(1));
  readonly directory = DataDirectory.open(this.disk, "the directory", TEST_META);
  readonly control = new SnapshotControl(SnapshotControl.reserve(2));
  readonly chunks = [0, 1].map(() => new SharedArrayBuffer(1024));
  readonly logged: string[] = [];
  ringCount = 0;
  readonly keeper = new SnapshotKeeper({
    directory: this.directory,
    control: this.control,
    chunks: this.chunks,
    log: new Log({ level: "warn", sink: (line) => this.logged.push(line) }),
    ring: () => this.ringCount++,
  });

  begin(number: number, position = 8): void {
    const fields = { number, epoch: 1, segmentBits: 2, timeMs: 1, positions: [position] };
    this.keeper.receive({ kind: "snapshot-begin", fields });
  }

  hand(chunk: number): void {
    new ByteArea(this.chunks[chunk]!).bytes.set(RECORD, GROUP_HEADER_SIZE);
    this.control.setBusy(chunk, true);
    const recordsSize = RECORD.length;
    this.keeper.receive({ kind: "snapshot-chunk", chunk, recordsSize, recordCount: 1 });
  }

  publish(): void {
    this.keeper.receive({ kind: "snapshot-publish" });
  }

  take(number: number, position = 8): void {
    this.control.outcome = OUTCOME.RUNNING;
    this.begin(number, position);
    this.hand(0);
    this.publish();
  }

  get snapshotNames(): string[] {
    return this.disk.list().filter((name) => name.startsWith("snapshot"));
  }
}

describe("SnapshotKeeper", () => {
  test("writes chunks, gives them back, and the file its name when all are there", () => {
    const fixture = new Fixture();
    fixture.begin(1);
    for (const chunk of [0, 1, 0]) {
      fixture.hand(chunk);
      expect(fixture.control.isBusy(chunk)).toBe(false);
    }
    expect(fixture.snapshotNames).toEqual(["snapshot-0000000001.tmp"]);
    expect(fixture.control.outcome).toBe(OUTCOME.RUNNING);
    fixture.publish();
    expect(fixture.control.outcome).toBe(OUTCOME.DONE);
    expect(fixture.ringCount).toBe(5);
    const name = "snapshot-0000000001";
    const reader = new SnapshotReader(fixture.disk, name, TEST_META.checksumSeed);
    let recordCount = 0;
    while (reader.next()) recordCount++;
    expect(recordCount).toBe(3);
    reader.close();
  });

  test("fails at a fault, says so, and makes the next one", () => {
    for (const [call, count] of [
      ["write", 1],
      ["write", 2],
      ["write", 3],
      ["sync", 1],
      ["rename", 1],
    ] as const) {
      const fixture = new Fixture();
      fixture.take(1);
      fixture.disk.failAt(call, count, "ENOSPC");
      fixture.take(2);
      expect({ call, count, outcome: fixture.control.outcome }).toMatchObject({
        outcome: OUTCOME.FAILED,
      });
      expect(fixture.logged.join("")).toMatch(/error writing a snapshot failed .*ENOSPC/);
      expect(fixture.control.isBusy(0)).toBe(false);
      fixture.take(3);
      expect(fixture.control.outcome).toBe(OUTCOME.DONE);
      expect(fixture.snapshotNames).toEqual(["snapshot-0000000001", "snapshot-0000000003"]);
    }
  });

  test("keeps one older snapshot, and the log from there on", () => {
    const fixture = new Fixture();
    const wal = new WalFiles(1);
    const positions: number[] = [];
    for (let i = 0; i < 4; i++) {
      wal.append(0, { kind: RECORD_KIND.SET, key: `${i}`, value: "v" });
      wal.rotate(0);
      positions.push(wal.positions[0]!);
    }
    for (const [name, bytes] of Object.entries(wal.files)) {
      const file = fixture.disk.create(name);
      file.write(bytes, 0, bytes.length);
      file.close();
    }
    const sequences = () => fixture.directory.list().walFiles.map(({ sequence }) => sequence);
    fixture.take(1, positions[0]);
    expect(sequences()).toEqual([1, 2, 3, 4, 5]);
    fixture.take(2, positions[1]);
    expect(sequences()).toEqual([2, 3, 4, 5]);
    fixture.take(3, positions[2]);
    expect(sequences()).toEqual([3, 4, 5]);
    expect(fixture.snapshotNames).toEqual(["snapshot-0000000002", "snapshot-0000000003"]);
    // A damaged one is not what anything is kept for.
    fixture.disk.damage("snapshot-0000000003", (bytes) => bytes.subarray(0, 10));
    fixture.take(4, positions[3]);
    expect(fixture.snapshotNames).toEqual(["snapshot-0000000002", "snapshot-0000000004"]);
  });
});
