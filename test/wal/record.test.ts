import { describe, expect, test } from "bun:test";
import { VALUE_LENGTH_MAX } from "../../src/store/pieces.ts";
import { RECORD_KIND, recordSize } from "../../src/wal/record.ts";
import { encodeRecord } from "../support/plain-wal.ts";

describe("a record", () => {
  test("lies as the table in DURABILITY.md says", () => {
    const bytes = encodeRecord({
      kind: RECORD_KIND.PART,
      database: 3,
      key: "key",
      value: "value",
      deadlineMs: 2 ** 40 + 7,
      group: { id: 2 ** 33 + 1, count: 4, index: 2 },
      part: { offset: 16, wholeLength: 100 },
    });
    const expected = [
      "38000000 05 03 0300 05000000 01000000 0700000000010000",
      "0100000002000000 04000000 02000000",
      "10000000 64000000",
      "6b6579 76616c7565",
    ].join("");
    expect(Buffer.from(bytes).toString("hex")).toBe(expected.replaceAll(" ", ""));
  });

  test.each([
    [0, 0, false, false, 24],
    [1, 0, false, false, 32],
    [3, 5, false, false, 32],
    [3, 6, false, false, 40],
    [3, 5, true, false, 48],
    [3, 5, false, true, 40],
    [0xffff, VALUE_LENGTH_MAX, true, true, 24 + 16 + 8 + 65536 + VALUE_LENGTH_MAX],
  ])("with key %d, value %d, member %p, part %p", (key, value, isMember, isPart, size) => {
    expect(recordSize(key, value, isMember, isPart)).toBe(size);
  });
});
