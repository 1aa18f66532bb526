// A reader over files in memory, the small files that it reads, and what it finds in them.

import { expect } from "bun:test";
import { WalReader, type WalFault, type WalReaderOptions } from "../../src/wal/wal-reader.ts";
import { RECORD_STEP } from "../../src/wal/record-reader.ts";
import { Random } from "./random.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import {
  SEED,
  SEGMENT_BITS,
  buildWalFile,
  copyRecord,
  namesOf,
  set,
  type BuiltFile,
  type PlainFile,
  type PlainRecord,
} from "./plain-wal.ts";

export const OPTIONS: WalReaderOptions = {
  checksumSeed: SEED,
  segmentBits: SEGMENT_BITS,
  fromPosition: null,
  provenPosition: 0,
  isLastEpoch: true,
};

export interface Reading {
  readonly records: PlainRecord[];
  readonly positions: number[];
  readonly fault: WalFault | null;
  readonly endPosition: number | null;
}

export type Files = Readonly<Record<string, Uint8Array>>;

export function openReader(files: Files, options: Partial<WalReaderOptions> = {}): WalReader {
  const disk = new SimulatedDisk(new Random(1), files);
  const names = namesOf(...Object.keys(files).map((name) => ({ name })));
  return new WalReader(disk, names, { ...OPTIONS, ...options });
}

export function readGroups(reader: WalReader): Reading {
  const records: PlainRecord[] = [];
  const positions: number[] = [];
  while (reader.next()) {
    while (reader.records.next() === RECORD_STEP.RECORD) {
      records.push(copyRecord(reader.records));
      positions.push(reader.recordPosition);
    }
    expect(reader.records.fault).toBe("");
  }
  const { fault, endPosition } = reader;
  return { records, positions, fault, endPosition };
}

export function read(files: Files, options: Partial<WalReaderOptions> = {}): Reading {
  const reader = openReader(files, options);
  const reading = readGroups(reader);
  reader.close();
  return reading;
}

/** Every damage is skipped. */
export function readOn(files: Files, options: Partial<WalReaderOptions> = {}) {
  const reader = openReader(files, options);
  const records: PlainRecord[] = [];
  const faults: WalFault[] = [];
  const skipped: number[] = [];
  for (;;) {
    records.push(...readGroups(reader).records);
    if (reader.fault === null) break;
    faults.push(reader.fault);
    skipped.push(reader.skipDamage());
  }
  return { keys: records.map(({ key }) => key).join(""), faults, skipped };
}

export function flip(bytes: Uint8Array, offset: number, mask = 1): Uint8Array {
  const changed = bytes.slice();
  changed[offset]! ^= mask;
  return changed;
}

/** Three groups of one 32-byte record each; what was synced when each was written can be given. */
export function smallFile(synced: readonly number[] = [0, 32, 64], more: Partial<PlainFile> = {}) {
  const groups = synced.map((syncedPosition, i) => {
    return { records: [set("abcdefgh"[i]!, `${i}`)], syncedPosition };
  });
  return buildWalFile({ ...more, groups });
}

/** Two files: a, b, c and d, e, f. */
export function twoFiles(secondSynced = [96, 128, 160]): [BuiltFile, BuiltFile] {
  const second = secondSynced.map((syncedPosition, i) => {
    return { records: [set("def"[i]!, `${i}`)], syncedPosition };
  });
  return [smallFile(), buildWalFile({ sequence: 2, position: 96, groups: second })];
}

export const keysOf = ({ records }: Reading): string => records.map(({ key }) => key).join("");
