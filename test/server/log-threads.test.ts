// Real WAL threads over a real directory, held as the main thread holds them.

import { afterAll, describe, expect, test } from "bun:test";
import { Log } from "../../src/lib/log.ts";
import { LogThreads } from "../../src/server/log-threads.ts";
import { SnapshotControl } from "../../src/server/snapshot-control.ts";
import type { WalSetup } from "../../src/server/wal-setup.ts";
import { createWalProducer } from "../../src/wal/staged-producer.ts";
import { reserveWalBuffer } from "../../src/wal/wal-buffer.ts";
import { WalDoorbell } from "../../src/wal/wal-control.ts";
import { DataFolder } from "../support/data-folder.ts";
import { waitUntil } from "../support/wait-until.ts";
import { setRecordBytes } from "../support/wal-records.ts";

const POSITION = 8;
const META = { checksumSeed: 5, hashSeeds: [1, 2, 3], segmentBits: 4 } as const;
const folders: DataFolder[] = [];
afterAll(() => folders.forEach((folder) => folder[Symbol.dispose]()));

/** Three partitions, on two threads. */
async function startThreads(deaths: string[] = []) {
  const folder = new DataFolder();
  folders.push(folder);
  const doorbells = [new WalDoorbell(), new WalDoorbell()];
  const buffers = [0, 1, 2].map(() => reserveWalBuffer(64 * 1024));
  const setup: WalSetup = {
    path: folder.path,
    meta: META,
    policy: "always",
    buffers,
    doorbells: doorbells.map(({ buffer }) => buffer),
    journalShare: null,
    timeoutMs: 1000,
    isBestEffort: false,
    snapshotControl: SnapshotControl.reserve(0),
    snapshotChunks: [],
    snapshotIntervalMs: 0,
    snapshotWalBytes: 0,
  };
  const logged: string[] = [];
  let ringCount = 0;
  const threads = await LogThreads.start({
    setup,
    threadCount: doorbells.length,
    options: {
      policy: "always",
      fileSizeMax: 1_000_000,
      flushIntervalMs: 10,
      batchRecords: 8,
      segmentBits: META.segmentBits,
      partitionCount: buffers.length,
      seed: META.checksumSeed,
    },
    ringDescriptors: [],
    log: new Log({ level: "error", sink: (line) => logged.push(line) }),
    ring: () => ringCount++,
    onDeath: (reason) => deaths.push(reason),
  });
  const producers = buffers.map((buffer, i) =>
    createWalProducer(buffer, doorbells[i % doorbells.length]!, POSITION),
  );
  return { folder, threads, producers, logged, rings: () => ringCount };
}

function append(producer: ReturnType<typeof createWalProducer>, key: string): void {
  const bytes = setRecordBytes(key, "value");
  producer.beginRecord(bytes.length, bytes.length);
  producer.copyBytes(0, bytes, 0, bytes.length);
  producer.endRecord();
  producer.awaitProgress();
  producer.publish();
}

describe("LogThreads", () => {
  test("make what all partitions get durable, and ring", async () => {
    const { folder, threads, producers, rings } = await startThreads();
    await threads.startEpoch(1, POSITION);
    for (const producer of producers) append(producer, "key");
    await waitUntil(
      () => producers.every((producer) => producer.syncedPosition() === producer.position()),
      () => "all to be synced",
    );
    await waitUntil(
      () => rings() > 0,
      () => "a ring",
    );
    for (const producer of producers) append(producer, "another");
    expect(await threads.endEpoch()).toBe("");
    for (const producer of producers) expect(producer.syncedPosition()).toBe(producer.position());
    expect(folder.walNames()).toHaveLength(3);
    threads.close();
  });

  test("begin an epoch all together or not at all, and another after that", async () => {
    const deaths: string[] = [];
    const { folder, threads, producers } = await startThreads(deaths);
    folder.write("wal-0000000001-01-0000000001", "in the way");
    const failure = await threads.startEpoch(1, POSITION).then(
      () => "",
      (error: Error) => error.message,
    );
    expect(failure).toContain("wal-0000000001-01-0000000001: EEXIST");
    await threads.endEpoch();
    await threads.startEpoch(2, POSITION, true);
    append(producers[1]!, "key");
    expect(await threads.endEpoch()).toBe("");
    expect(producers[1]!.syncedPosition()).toBe(producers[1]!.position());
    threads.close();
    expect(deaths).toEqual([]);
  });

  test("say what has failed, in the log and at the end", async () => {
    const { folder, threads, producers, logged, rings } = await startThreads();
    await threads.startEpoch(1, POSITION);
    // The name that the next file will want: a record fills the first.
    folder.write("wal-0000000001-02-0000000002", "in the way");
    const before = rings();
    while (producers[2]!.failure() === 0) {
      if (producers[2]!.hasRoom(1000)) append(producers[2]!, "k".repeat(900));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await waitUntil(
      () => logged.length > 0 && rings() > before,
      () => "the failure to be logged",
    );
    expect(logged.join("")).toContain("wal-0000000001-02-0000000002: EEXIST");
    expect(await threads.endEpoch()).toContain("EEXIST");
    threads.close();
  });
});
