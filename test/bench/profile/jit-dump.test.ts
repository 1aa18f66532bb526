import { describe, expect, test } from "bun:test";
import { readJitDump } from "../../../bench/profile/jit-dump.ts";

const HEADER_SIZE = 40;
const KIND_LOAD = 0;
const KIND_CLOSE = 3;

function header(): Buffer {
  const bytes = Buffer.alloc(HEADER_SIZE);
  bytes.writeUInt32LE(0x4a695444, 0);
  bytes.writeUInt32LE(1, 4);
  bytes.writeUInt32LE(HEADER_SIZE, 8);
  return bytes;
}

function record(kind: number, body: Buffer): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(kind, 0);
  head.writeUInt32LE(head.length + body.length, 4);
  return Buffer.concat([head, body]);
}

function load(address: bigint, size: bigint, name: string): Buffer {
  const fields = Buffer.alloc(40);
  fields.writeBigUInt64LE(address, 8);
  fields.writeBigUInt64LE(address, 16);
  fields.writeBigUInt64LE(size, 24);
  const code = Buffer.alloc(Number(size), 0xcc);
  return record(KIND_LOAD, Buffer.concat([fields, Buffer.from(`${name}\0`), code]));
}

describe("readJitDump", () => {
  const get = load(0x7fb1412450a0n, 0x40n, "JSC-FTL: get#CH6sSU");
  const set = load(0x1000n, 0x10n, "JSC-Baseline: set#AbEtIZ");

  test("reads code and skips other records", () => {
    const close = record(KIND_CLOSE, Buffer.alloc(0));
    expect(readJitDump(Buffer.concat([header(), get, close, set]))).toEqual([
      { begin: 0x7fb1412450a0, end: 0x7fb1412450e0, name: "JSC-FTL: get#CH6sSU" },
      { begin: 0x1000, end: 0x1010, name: "JSC-Baseline: set#AbEtIZ" },
    ]);
  });

  test("ends where a record is cut off", () => {
    const bytes = Buffer.concat([header(), get, set]);
    for (let missing = 1; missing <= set.length; missing++) {
      expect(readJitDump(bytes.subarray(0, bytes.length - missing))).toHaveLength(1);
    }
  });

  test("ends at a record of no size", () => {
    expect(readJitDump(Buffer.concat([header(), Buffer.alloc(64), get]))).toEqual([]);
  });

  test("refuses what is no jitdump", () => {
    expect(() => readJitDump(Buffer.alloc(100))).toThrow("no jitdump");
    expect(() => readJitDump(header().subarray(0, 20))).toThrow("no jitdump");
  });
});
