// The main thread's part over a real directory, with real WAL threads; the test is the data thread.

import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { Log } from "../../src/lib/log.ts";
import { loadOptions } from "../../src/options/options.ts";
import type { Options } from "../../src/options/option-table.ts";
import { DataKeeper } from "../../src/server/data-keeper.ts";
import {
  OUTCOME,
  RESTART,
  SnapshotControl,
  type Outcome,
} from "../../src/server/snapshot-control.ts";
import { StartError } from "../../src/server/start-error.ts";
import { DataDirectory } from "../../src/wal/data-directory.ts";
import { formatSnapshotName, formatWalName } from "../../src/wal/file-names.ts";
import { GROUP_HEADER_SIZE } from "../../src/wal/group.ts";
import { RealDisk } from "../../src/wal/real-disk.ts";
import { createWalProducer } from "../../src/wal/staged-producer.ts";
import type { WalProducer } from "../../src/wal/wal-buffer.ts";
import { WalDoorbell } from "../../src/wal/wal-control.ts";
import { DataFolder } from "../support/data-folder.ts";
import { waitUntil } from "../support/wait-until.ts";
import { setRecordBytes } from "../support/wal-records.ts";

const POSITION = 8;
const ARGS = ["--wal-shards=3", "--wal-threads=2", "--wal-buffer=1100kb", "--durability=always"];

class Fixture implements AsyncDisposable {
  readonly folder = new DataFolder();
  readonly logged: string[] = [];
  readonly deaths: string[] = [];
  readonly keeper: DataKeeper;
  ringCount = 0;
  #isOpen = true;

  constructor(args: readonly string[] = []) {
    this.keeper = this.open(args);
  }

  open(args: readonly string[] = []): DataKeeper {
    const parts = {
      options: optionsOf([...ARGS, `--dir=${this.folder.path}`, ...args]),
      threadCount: 1,
      log: new Log({ level: "info", sink: (line) => this.logged.push(line) }),
      ring: () => this.ringCount++,
      onDeath: (reason: string) => this.deaths.push(reason),
    };
    return DataKeeper.open(parts, this.folder.path);
  }

  producers(position = POSITION): WalProducer[] {
    const { buffers, doorbells } = this.keeper.setup;
    const bells = doorbells.map((buffer) => new WalDoorbell(buffer));
    return buffers.map((buffer, i) =>
      createWalProducer(buffer, bells[i % bells.length]!, position),
    );
  }

  /** The rings begin where the log does, and before it. */
  async startLog(): Promise<WalProducer[]> {
    const producers = this.producers();
    await this.keeper.startLog(1, POSITION, []);
    return producers;
  }

  async close(): Promise<string> {
    this.#isOpen = false;
    return await this.keeper.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOpen) await this.keeper.close();
    this.folder[Symbol.dispose]();
  }
}

function optionsOf(args: readonly string[]): Options {
  const loaded = loadOptions(args, {});
  if (loaded.kind === "print") throw new Error(loaded.text);
  return loaded.options;
}

function append(producer: WalProducer): void {
  const bytes = setRecordBytes("key", "value");
  producer.beginRecord(bytes.length, bytes.length);
  producer.copyBytes(0, bytes, 0, bytes.length);
  producer.endRecord();
  producer.awaitProgress();
  producer.publish();
}

async function synced(producers: readonly WalProducer[]): Promise<void> {
  await waitUntil(
    () => producers.every((producer) => producer.syncedPosition() === producer.position()),
    () => "everything to be synced",
  );
}

describe("DataKeeper.open", () => {
  test("makes a directory ready, and reserves what the options say", async () => {
    await using fixture = new Fixture(["--wal-timeout=250", "--recover=best-effort"]);
    const { setup, hashSeeds } = fixture.keeper;
    expect(fixture.folder.names()).toEqual(["LOCK", "META"]);
    expect(setup).toMatchObject({
      path: fixture.folder.path,
      policy: "always",
      timeoutMs: 250,
      isBestEffort: true,
    });
    expect([setup.buffers.length, setup.doorbells.length]).toEqual([3, 2]);
    // A ring's size is a power of two.
    for (const producer of fixture.producers()) expect(producer.hasRoom(1500 * 1024)).toBe(true);
    expect(setup.meta.hashSeeds).toEqual(hashSeeds);
  });

  test("finds the seeds that the directory was made with, and removes half a file", async () => {
    await using fixture = new Fixture();
    const { hashSeeds } = fixture.keeper;
    await fixture.close();
    const half = `${formatSnapshotName(3)}.tmp`;
    fixture.folder.write(half, "half");
    const again = fixture.open();
    expect(again.hashSeeds).toEqual(hashSeeds);
    expect(fixture.folder.names()).not.toContain(half);
    await again.close();
  });

  test("refuses a directory that is in use, until it is not", async () => {
    await using fixture = new Fixture();
    expect(() => fixture.open()).toThrow(StartError);
    expect(() => fixture.open()).toThrow(`cannot use the data directory ${fixture.folder.path}: `);
    await fixture.close();
    await fixture.open().close();
  });

  test("refuses files that are nobody's, with the reason", async () => {
    using folder = new DataFolder();
    folder.write(formatWalName(1, 0, 1), "");
    const options = optionsOf([...ARGS, `--dir=${folder.path}`]);
    const log = new Log({ level: "error" });
    const parts = { options, threadCount: 1, log, ring: () => {} };
    const open = () => DataKeeper.open({ ...parts, onDeath: () => {} }, folder.path);
    expect(open).toThrow(StartError);
    expect(open).toThrow("META");
  });
});

describe("the log", () => {
  test("has a file for each partition, and everything is in it when it is closed", async () => {
    await using fixture = new Fixture();
    const producers = await fixture.startLog();
    producers.forEach(append);
    await synced(producers);
    await waitUntil(
      () => fixture.ringCount > 0,
      () => "a ring",
    );
    producers.forEach(append);
    expect(await fixture.close()).toBe("");
    for (const producer of producers) expect(producer.syncedPosition()).toBe(producer.position());
    expect(fixture.folder.walNames()).toEqual([0, 1, 2].map((i) => formatWalName(1, i, 1)));
    expect(fixture.deaths).toEqual([]);
  });

  test("is ended and begun anew when the data thread asks, which hears of both", async () => {
    await using fixture = new Fixture();
    await fixture.startLog();
    const control = new SnapshotControl(fixture.keeper.setup.snapshotControl);
    fixture.keeper.receive({ kind: "log-end" });
    await waitUntil(
      () => control.restart === RESTART.ENDED,
      () => "the epoch to end",
    );
    const before = fixture.ringCount;
    const position = POSITION + 8;
    const producers = fixture.producers(position);
    fixture.keeper.receive({ kind: "log-begin", epoch: 2, position });
    await waitUntil(
      () => control.restart === RESTART.STARTED && fixture.ringCount > before,
      () => "an epoch to begin",
    );
    producers.forEach(append);
    await synced(producers);
    expect(fixture.folder.walNames()).toContain(formatWalName(2, 0, 1));
  });

  test("that cannot be begun anew is reported, and the data thread told", async () => {
    await using fixture = new Fixture();
    await fixture.startLog();
    const control = new SnapshotControl(fixture.keeper.setup.snapshotControl);
    fixture.folder.write(formatWalName(2, 1, 1), "in the way");
    fixture.keeper.receive({ kind: "log-end" });
    await waitUntil(
      () => control.restart === RESTART.ENDED,
      () => "the epoch to end",
    );
    const position = POSITION + 8;
    fixture.producers(position);
    fixture.keeper.receive({ kind: "log-begin", epoch: 2, position });
    await waitUntil(
      () => control.restart === RESTART.FAILED,
      () => "the failure to be told",
    );
    const lines = fixture.logged.filter((line) => line.includes("the log cannot be begun anew"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("EEXIST");
  });
});

test("a snapshot is written of the chunks that the data thread hands over", async () => {
  await using fixture = new Fixture();
  await fixture.startLog();
  const { setup } = fixture.keeper;
  const control = new SnapshotControl(setup.snapshotControl);
  const record = setRecordBytes("key", "value");
  new ByteArea(setup.snapshotChunks[0]!).bytes.set(record, GROUP_HEADER_SIZE);
  control.outcome = OUTCOME.RUNNING;
  control.setBusy(0, true);
  const positions = setup.buffers.map(() => POSITION);
  const fields = { number: 1, epoch: 1, segmentBits: setup.meta.segmentBits, timeMs: 1, positions };
  fixture.keeper.receive({ kind: "snapshot-begin", fields });
  const recordsSize = record.length;
  fixture.keeper.receive({ kind: "snapshot-chunk", chunk: 0, recordsSize, recordCount: 1 });
  fixture.keeper.receive({ kind: "snapshot-publish" });
  expect(control.isBusy(0)).toBe(false);
  expect<Outcome>(control.outcome).toBe(OUTCOME.DONE);
  expect(fixture.folder.snapshotNames()).toEqual([formatSnapshotName(1)]);
  await fixture.close();
  const directory = DataDirectory.openExisting(new RealDisk(fixture.folder.path), "it");
  expect(directory.meta).toEqual(setup.meta);
  directory.close();
});
