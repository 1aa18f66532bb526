import { describe, expect, test } from "bun:test";
import { BATCH_CAPACITY, Batch } from "../../src/batch/batch.ts";

describe("Batch", () => {
  test("begins empty, with a place in every column for each of its rows", () => {
    const { count, ...columns } = new Batch();
    expect(count).toBe(0);
    expect(Object.keys(columns)).not.toHaveLength(0);
    for (const [name, column] of Object.entries(columns)) {
      expect(column, name).toHaveLength(BATCH_CAPACITY);
    }
  });
});
