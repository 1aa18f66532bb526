// What is wrong with a header as WAL files and snapshots begin with: the bytes it begins with, the
// version of the format, and, at its end, its checksum. What is in between is their own.

import type { ByteArea } from "../lib/byte-area.ts";
import { hasChecksum } from "./checksum.ts";

export interface HeaderFormat {
  readonly magic: Buffer;
  readonly version: number;
  readonly versionOffset: number;
  /** Where the checksum of all before it stands. */
  readonly checksumOffset: number;
  /** `a snapshot` */
  readonly name: string;
  /** `the snapshot` */
  readonly owner: string;
}

export interface HeaderFault {
  readonly reason: string;
  /** It is a header, of a format that is not ours to judge. */
  readonly isOfUnknownVersion: boolean;
}

/** Null = nothing is wrong. */
export function findHeaderFault(
  area: ByteArea,
  offset: number,
  format: HeaderFormat,
  seed: number,
): HeaderFault | null {
  const { magic, version: known, name, owner } = format;
  if (magic.compare(area.bytes, offset, offset + magic.length) !== 0) {
    return { reason: `it does not begin like ${name}`, isOfUnknownVersion: false };
  }
  const version = area.view.getUint32(offset + format.versionOffset, true);
  if (version !== known) {
    const reason = `it is of version ${version} of the format, and this program knows ${known}`;
    return { reason, isOfUnknownVersion: true };
  }
  const checksumOffset = offset + format.checksumOffset;
  if (hasChecksum(area, offset, checksumOffset, seed, checksumOffset)) return null;
  return { reason: `the checksum of ${owner}'s header is wrong`, isOfUnknownVersion: false };
}
