// Records as a data thread would append them, for tests of what is behind the ring.

import { RECORD_KIND, recordSize, writeRecordHeader } from "../../src/wal/record.ts";
import type { WalProducer } from "../../src/wal/wal-buffer.ts";

const HEAD_SIZE = 24;

/** Appends a SET in database 0 without a deadline; text is of one byte a character. */
export function appendSet(producer: WalProducer, key: string, value: string | Buffer): void {
  const keyBytes = Buffer.from(key, "latin1");
  const valueBytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  const size = recordSize(keyBytes.length, valueBytes.length, false, false);
  const at = producer.beginRecord(size, HEAD_SIZE);
  writeHead(producer.area.view, at, size, keyBytes.length, valueBytes.length);
  producer.copyBytes(HEAD_SIZE, keyBytes, 0, keyBytes.length);
  producer.copyBytes(HEAD_SIZE + keyBytes.length, valueBytes, 0, valueBytes.length);
  producer.endRecord();
}

/** The bytes that this appends. */
export function setRecordBytes(key: string, value: string): Buffer {
  const bytes = Buffer.alloc(recordSize(key.length, value.length, false, false));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  writeHead(view, 0, bytes.length, key.length, value.length);
  bytes.write(key, HEAD_SIZE, "latin1");
  bytes.write(value, HEAD_SIZE + key.length, "latin1");
  return bytes;
}

export function setRecordSize(key: string, value: string): number {
  return recordSize(key.length, value.length, false, false);
}

function writeHead(
  view: DataView,
  offset: number,
  size: number,
  keyLength: number,
  valueLength: number,
): void {
  const kind = RECORD_KIND.SET;
  writeRecordHeader(view, offset, size, kind, 0, keyLength, valueLength, 0, 0, 0);
}
