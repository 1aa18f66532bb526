// META, the file that says how the others of a data directory are to be read. Its text is believed
// no more than any other file's: each field is checked, and what is wrong said in one sentence.

import { META_NAME } from "./file-names.ts";
import { RecoveryError, UnknownFormatError } from "./recovery-error.ts";

export const META_VERSION = 1;
/** It has about a hundred bytes. */
export const META_SIZE_MAX = 4096;
const FORMAT = "fkvs";
const SEGMENT_BITS_MAX = 31;

export interface Meta {
  /** An unsigned 32-bit integer. */
  readonly checksumSeed: number;
  /** Signed 32-bit integers: the store's seeds. */
  readonly hashSeeds: readonly [number, number, number];
  readonly segmentBits: number;
}

/** Of a new directory. */
export function makeMeta(segmentBits: number): Meta {
  const [checksumSeed] = crypto.getRandomValues(new Uint32Array(1));
  const [first, second, third] = crypto.getRandomValues(new Int32Array(3));
  return { checksumSeed: checksumSeed!, hashSeeds: [first!, second!, third!], segmentBits };
}

export function formatMeta({ checksumSeed, hashSeeds, segmentBits }: Meta): string {
  const fields = { format: FORMAT, version: META_VERSION, checksumSeed, hashSeeds, segmentBits };
  return `${JSON.stringify(fields)}\n`;
}

/** Throws RecoveryError for text that is no META. */
export function parseMeta(text: string): Meta {
  const fields = parseObject(text);
  if (fields["format"] !== FORMAT) throw refusal(`its format is not "${FORMAT}"`);
  const { version } = fields as { version?: unknown };
  if (!isInteger(version, 1, Number.MAX_SAFE_INTEGER)) throw refusal("its version is no number");
  if (version !== META_VERSION) {
    const reason = `it is of version ${version}, and this program knows ${META_VERSION}`;
    throw new UnknownFormatError(META_NAME, 0, reason);
  }
  const { checksumSeed, hashSeeds, segmentBits } = fields as Record<string, unknown>;
  if (!isInteger(checksumSeed, 0, 0xffffffff)) {
    throw refusal("its checksumSeed is no unsigned 32-bit integer");
  }
  if (!isSeeds(hashSeeds)) throw refusal("its hashSeeds are not three 32-bit integers");
  if (!isInteger(segmentBits, 0, SEGMENT_BITS_MAX)) {
    throw refusal(`its segmentBits are not from 0 to ${SEGMENT_BITS_MAX}`);
  }
  return { checksumSeed, hashSeeds, segmentBits };
}

function parseObject(text: string): Record<string, unknown> {
  if (text.length > META_SIZE_MAX) throw refusal(`it is longer than ${META_SIZE_MAX} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refusal("it is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refusal("it is no JSON object");
  }
  return value as Record<string, unknown>;
}

function isSeeds(value: unknown): value is [number, number, number] {
  if (!Array.isArray(value) || value.length !== 3) return false;
  return value.every((seed) => isInteger(seed, -(2 ** 31), 2 ** 31 - 1));
}

function isInteger(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
}

function refusal(reason: string): RecoveryError {
  return new RecoveryError(META_NAME, 0, reason);
}
