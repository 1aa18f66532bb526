// The main thread's part of snapshots: writes what the data thread hands over, gives the finished
// file its name, and removes what is not needed any more. At most one is under way.

import { ByteArea } from "../lib/byte-area.ts";
import type { Log } from "../lib/log.ts";
import type { DataDirectory, SnapshotPlace } from "../wal/data-directory.ts";
import { RecoveryError } from "../wal/recovery-error.ts";
import type { SnapshotFields } from "../wal/snapshot-format.ts";
import { SnapshotReader } from "../wal/snapshot-reader.ts";
import { SnapshotWriter } from "../wal/snapshot-writer.ts";
import { OUTCOME, type SnapshotControl } from "./snapshot-control.ts";
import type { SnapshotMessage } from "./snapshot-job.ts";

export interface SnapshotKeeperParts {
  readonly directory: DataDirectory;
  readonly control: SnapshotControl;
  readonly chunks: readonly SharedArrayBuffer[];
  readonly log: Log;
  /** Has the data thread look at the control words. */
  readonly ring: () => void;
}

export class SnapshotKeeper {
  readonly #parts: SnapshotKeeperParts;
  readonly #areas: readonly ByteArea[];
  #writer: SnapshotWriter | null = null;
  #place: SnapshotPlace | null = null;

  constructor(parts: SnapshotKeeperParts) {
    this.#parts = parts;
    this.#areas = parts.chunks.map((buffer) => new ByteArea(buffer));
  }

  receive(message: Exclude<SnapshotMessage, { kind: "log-end" | "log-begin" }>): void {
    try {
      if (message.kind === "snapshot-begin") this.#begin(message.fields);
      else if (message.kind === "snapshot-publish") this.#publish();
      else this.#write(message.chunk, message.recordsSize, message.recordCount);
    } catch (error) {
      this.#writer?.abandon();
      this.#writer = null;
      this.#parts.log.error("writing a snapshot failed", { error: (error as Error).message });
      if (message.kind === "snapshot-chunk") this.#parts.control.setBusy(message.chunk, false);
      this.#parts.control.outcome = OUTCOME.FAILED;
    }
    this.#parts.ring();
  }

  #begin(fields: SnapshotFields): void {
    const { disk, meta } = this.#parts.directory;
    this.#writer?.abandon();
    this.#writer = new SnapshotWriter(disk, fields, meta.checksumSeed);
    this.#place = fields;
  }

  #write(chunk: number, recordsSize: number, recordCount: number): void {
    this.#writer?.writeChunk(this.#areas[chunk]!, 0, recordsSize, recordCount);
    this.#parts.control.setBusy(chunk, false);
  }

  #publish(): void {
    if (this.#writer === null) return;
    this.#writer.finish();
    this.#writer.publish();
    this.#writer = null;
    this.#parts.control.outcome = OUTCOME.DONE;
    this.#removeOld(this.#place!);
  }

  /** The newest snapshot, one older, and the log from the older one's positions on, stay. */
  #removeOld(newest: SnapshotPlace): void {
    const { directory, log } = this.#parts;
    try {
      const older = this.#findOlder(newest);
      directory.remove(directory.listRemovable(newest, older));
    } catch (error) {
      log.warn("old files could not be removed", { error: (error as Error).message });
    }
  }

  #findOlder(newest: SnapshotPlace): SnapshotPlace | null {
    const { directory } = this.#parts;
    for (const { name, number } of directory.list().snapshots) {
      if (number >= newest.number) continue;
      try {
        const reader = new SnapshotReader(directory.disk, name, directory.meta.checksumSeed);
        reader.close();
        return reader.head;
      } catch (error) {
        // A damaged one is no reason to keep anything for.
        if (!(error instanceof RecoveryError)) throw error;
      }
    }
    return null;
  }
}
