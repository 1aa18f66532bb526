// A WAL thread for real: a Worker, shared memory and the system's disk.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FromWalThread, ToWalThread } from "../../src/server/wal-message.ts";
import { RealDisk } from "../../src/wal/real-disk.ts";
import { reserveWalBuffer } from "../../src/wal/wal-buffer.ts";
import { WalDoorbell, failureName } from "../../src/wal/wal-control.ts";
import type { WalWriterOptions } from "../../src/wal/wal-writer.ts";
import { Random } from "../support/random.ts";
import { setRecordBytes } from "../support/wal-records.ts";
import {
  CHECKSUM_SEED,
  SEGMENT_BITS,
  START_POSITION,
  TestPartition,
  findLoss,
  readBack,
} from "../support/wal-writer-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "fkvs-wal-worker-"));
afterAll(() => rmSync(folder, { recursive: true }));

class WalThread implements AsyncDisposable {
  readonly doorbell = new WalDoorbell();
  readonly directory = mkdtempSync(join(folder, "data-"));
  readonly partitions: readonly TestPartition[];
  readonly disk = new RealDisk(this.directory);
  readonly #worker = new Worker(new URL("../../src/server/wal-worker.ts", import.meta.url).href);
  readonly #heard: FromWalThread[] = [];
  #wake = (): void => {};

  constructor(options: Partial<WalWriterOptions>, directory = this.directory) {
    const { partitionCount = 1 } = options;
    const buffers = Array.from({ length: partitionCount }, () => reserveWalBuffer(8 * 1024));
    this.partitions = buffers.map((buffer) => {
      return new TestPartition(buffer, this.doorbell, START_POSITION);
    });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWalThread>) => {
      this.#heard.push(data);
      this.#wake();
    };
    this.#worker.onerror = ({ message }: ErrorEvent) => {
      throw new Error(message);
    };
    this.post({
      kind: "start",
      directory,
      partitions: buffers.map((buffer, partition) => ({ partition, buffer })),
      doorbell: this.doorbell.buffer,
      ringDescriptors: [],
      options: {
        policy: "always",
        fileSizeMax: 20_000,
        flushIntervalMs: 10,
        batchRecords: 8,
        segmentBits: SEGMENT_BITS,
        seed: CHECKSUM_SEED,
        ...options,
        partitionCount,
      },
    });
  }

  post(message: ToWalThread): void {
    this.doorbell.call();
    this.#worker.postMessage(message);
  }

  /** The next message of the kind; others before it are dropped. */
  async hear<K extends FromWalThread["kind"]>(kind: K): Promise<FromWalThread & { kind: K }> {
    for (;;) {
      const message = this.#heard.shift();
      if (message?.kind === kind) return message as FromWalThread & { kind: K };
      if (message !== undefined) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async startEpoch(epoch: number, position: number): Promise<void> {
    this.post({ kind: "start-epoch", epoch, position, isAfterFailure: false });
    await this.hear("epoch-started");
  }

  /** Waits until something has been published that `isThere` sees. */
  async waitFor({ producer }: TestPartition, isThere: () => boolean): Promise<void> {
    for (;;) {
      producer.awaitProgress();
      if (isThere()) return;
      await this.hear("progress");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.post({ kind: "end-epoch" });
    await this.hear("epoch-ended");
    this.#worker.terminate();
  }
}

describe("a WAL thread", () => {
  test.each(["always", "everysec", "none"] as const)(
    "has all records arrive (%s)",
    async (policy) => {
      await using thread = new WalThread({ policy, partitionCount: 2 });
      await thread.startEpoch(1, START_POSITION);
      const random = new Random(7);
      for (let i = 0; i < 3000; i++) {
        const partition = random.pick(thread.partitions);
        const { producer } = partition;
        const value = random.text(random.oneIn(100) ? random.below(4000) : random.below(200));
        const { length } = setRecordBytes(`key ${i}`, value);
        if (!producer.hasRoom(length)) {
          producer.publish();
          await thread.waitFor(partition, () => producer.hasRoom(length));
        }
        expect(partition.append(`key ${i}`, value)).toBe(true);
        if (random.oneIn(3)) producer.publish();
      }
      for (const { producer } of thread.partitions) producer.publish();
      thread.post({ kind: "end-epoch" });
      expect((await thread.hear("epoch-ended")).failure).toBe("");
      thread.partitions.forEach((partition, i) => {
        const end = partition.producer.position();
        expect(partition.producer.syncedPosition()).toBe(end);
        expect(findLoss(thread.disk, i, partition, end)).toBe("");
      });
      expect(thread.disk.list().length).toBeGreaterThan(4);
    },
  );

  test("makes each record durable while nothing else happens", async () => {
    await using thread = new WalThread({ policy: "always" });
    await thread.startEpoch(1, START_POSITION);
    const [partition] = thread.partitions as [TestPartition];
    for (let i = 0; i < 50; i++) {
      partition.put(`key ${i}`, "value");
      const end = partition.producer.position();
      await thread.waitFor(partition, () => partition.producer.syncedPosition() === end);
    }
    expect(readBack(thread.disk, 0).groupCount).toBe(50);
  });

  test("begins one epoch after another", async () => {
    await using thread = new WalThread({ policy: "everysec" });
    const [partition] = thread.partitions as [TestPartition];
    for (let epoch = 1; epoch <= 3; epoch++) {
      const position = START_POSITION + 1000 * epoch;
      partition.restart(position);
      await thread.startEpoch(epoch, position);
      partition.put(`epoch ${epoch}`, "");
      thread.post({ kind: "end-epoch" });
      await thread.hear("epoch-ended");
      expect(findLoss(thread.disk, 0, partition, partition.producer.position(), epoch)).toBe("");
    }
  });

  test("says that it cannot begin, and what has failed", async () => {
    await using thread = new WalThread({}, join(folder, "missing"));
    thread.post({ kind: "start-epoch", epoch: 1, position: START_POSITION, isAfterFailure: false });
    expect((await thread.hear("epoch-failed")).code).toBe("ENOENT");
  });

  test("reports a failure and rings for it", async () => {
    await using thread = new WalThread({ fileSizeMax: 100 });
    await thread.startEpoch(1, START_POSITION);
    const [partition] = thread.partitions as [TestPartition];
    // The name that the next file will want.
    thread.disk.create("wal-0000000001-00-0000000002").close();
    partition.put("a", "x".repeat(200));
    expect((await thread.hear("failed")).code).toBe("EEXIST");
    expect(failureName(partition.producer.failure())).toBe("EEXIST");
    thread.post({ kind: "end-epoch" });
    expect((await thread.hear("epoch-ended")).failure).toContain("0000000002: EEXIST");
  });
});
