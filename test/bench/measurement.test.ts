import { describe, expect, test } from "bun:test";
import {
  FULL_BUDGET,
  TINY_BUDGET,
  measureSection,
  renderSection,
} from "../../bench/measurement.ts";

describe("measureSection", () => {
  test("calls every case in every round, and counts its operations", async () => {
    const calls = new Map<string, number>();
    const makeCase = (name: string, operationCount: number) => ({
      name,
      operationCount,
      run: () => calls.set(name, (calls.get(name) ?? 0) + 1).size,
    });
    const budget = { ...TINY_BUDGET, roundCount: 3, sampleCountMin: 5 };
    const cases = [makeCase("one", 1), makeCase("ten", 10)];
    const { rows } = await measureSection("title", "call", cases, budget);
    expect(rows.map(({ name, operationCount }) => [name, operationCount])).toEqual([
      ["one", 3 * 5],
      ["ten", 3 * 5 * 10],
    ]);
    // mitata warms up before it measures.
    for (const count of calls.values()) expect(count).toBeGreaterThan(3 * 5);
  });

  test("takes a timed case's word for its time", async () => {
    const times = [4000, 1000, 3000];
    let call = 0;
    const runTimedNs = async () => times[call++ % times.length]!;
    const cases = [{ name: "timed", operationCount: 10, runTimedNs }];
    const budget = { ...TINY_BUDGET, roundCount: 2, sampleCountMin: 9 };
    const { rows } = await measureSection("title", "call", cases, budget);
    expect(rows).toEqual([
      { name: "timed", operationCount: 2 * 9 * 10, medianNs: 300, fastestNs: 100 },
    ]);
  });

  test("has a full budget that is more than the tiny one", () => {
    expect(FULL_BUDGET.roundCount).toBeGreaterThan(TINY_BUDGET.roundCount);
    expect(FULL_BUDGET.sampleCountMin).toBeGreaterThan(TINY_BUDGET.sampleCountMin);
  });
});

describe("renderSection", () => {
  test("lays figures out in columns", () => {
    const row = { name: "a case", operationCount: 1, medianNs: 12.345, fastestNs: 1234.56 };
    const text = renderSection({ title: "title", unit: "key", rows: [row], notes: ["a note"] });
    const [head, line, note] = text.split("\n");
    expect(head).toMatch(/^title +ns\/key +fastest$/);
    expect(line).toMatch(/^ {2}a case +12\.3 +1234\.6$/);
    expect(line).toHaveLength(head!.length);
    expect(note).toBe("  a note");
  });
});
