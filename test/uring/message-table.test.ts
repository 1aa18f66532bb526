import { describe, expect, test } from "bun:test";
import { createMessageTable } from "../../src/uring/message-table.ts";
import { readLong } from "../../src/uring/words.ts";
import { FakeKernel } from "./fake-kernel.ts";

const HEADERS = 0x7f0000000000;
const VECTORS = 0x7f1000000000;

function tableWithWords(messageCount: number, vectorCount: number) {
  const views: Int32Array[] = [];
  const kernel = new FakeKernel();
  kernel.addressOf = (view) => (views.push(view as Int32Array) === 1 ? HEADERS : VECTORS);
  const table = createMessageTable(kernel, messageCount, vectorCount);
  return { table, headers: views[0]!, vectors: views[1]! };
}

describe("createMessageTable", () => {
  test("lays messages out one after the other, each with its own vectors", () => {
    const { table, headers } = tableWithWords(3, 4);
    expect([0, 1, 2].map(table.addressOf)).toEqual([HEADERS, HEADERS + 56, HEADERS + 112]);
    expect([0, 1, 2].map((message) => readLong(headers, message * 14 + 4))).toEqual([
      VECTORS,
      VECTORS + 64,
      VECTORS + 128,
    ]);
  });

  test("appends vectors until a message is full", () => {
    const { table, headers, vectors } = tableWithWords(2, 2);
    expect(table.append(1, 0x7fabcdef0123, 5)).toBe(true);
    expect(table.append(1, 0x1000, 2 ** 33)).toBe(true);
    expect(table.append(1, 0x2000, 1)).toBe(false);
    expect([readLong(headers, 6), readLong(headers, 14 + 6)]).toEqual([0, 2]);
    expect([8, 10, 12, 14].map((word) => readLong(vectors, word))).toEqual([
      0x7fabcdef0123,
      5,
      0x1000,
      2 ** 33,
    ]);
  });

  test("begins a message anew", () => {
    const { table, headers, vectors } = tableWithWords(1, 2);
    table.append(0, 1, 1);
    table.append(0, 2, 2);
    table.clear(0);
    expect(readLong(headers, 6)).toBe(0);
    table.append(0, 3, 4);
    expect([readLong(vectors, 0), readLong(vectors, 2), readLong(headers, 6)]).toEqual([3, 4, 1]);
  });

  test("refuses more vectors than the kernel takes", () => {
    expect(() => createMessageTable(new FakeKernel(), 1, 1025)).toThrow(RangeError);
  });
});
