import { describe, expect, test } from "bun:test";
import {
  DROPS,
  FIGURE,
  FIGURE_COUNT,
  SLICE_MAXIMA,
  combineFigures,
  putFigures,
  type FigureName,
} from "../../src/server/thread-figures.ts";

function figures(values: Partial<Record<FigureName, number>>): Float64Array {
  const words = new Float64Array(FIGURE_COUNT);
  putFigures(words, values);
  return words;
}

const read = (words: Float64Array, name: FigureName): number => words[FIGURE[name]]!;

describe("figures of several threads", () => {
  test("are added up", () => {
    const threads = [
      figures({ open: 2, turns: 10, keyspaceHits: 5 }),
      figures({ open: 3, turns: 20, keyspaceHits: 7 }),
    ];
    for (const [i, words] of threads.entries()) words[DROPS + 1] = i + 1;
    const sum = combineFigures(threads);
    expect(read(sum, "open")).toBe(5);
    expect(read(sum, "turns")).toBe(30);
    expect(read(sum, "keyspaceHits")).toBe(12);
    expect(sum[DROPS + 1]).toBe(3);
  });

  test("are those of the one that has most, where that is what they say", () => {
    const threads = [figures({ usedPeakBytes: 5 }), figures({ usedPeakBytes: 7 })];
    threads[0]![SLICE_MAXIMA] = 9;
    threads[1]![SLICE_MAXIMA] = 4;
    const sum = combineFigures(threads);
    expect(read(sum, "usedPeakBytes")).toBe(7);
    expect(sum[SLICE_MAXIMA]).toBe(9);
  });

  test("are thread 0's, where it answers for all", () => {
    const threads = [figures({ saveCount: 3, isSaving: 1 }), figures({ saveCount: 8 })];
    const sum = combineFigures(threads);
    expect([read(sum, "saveCount"), read(sum, "isSaving")]).toEqual([3, 1]);
  });

  test("leave out what was counted before the last reset, not what is since the start", () => {
    const sum = combineFigures([
      figures({ resets: 2, keyspaceHits: 5, turns: 1 }),
      figures({ resets: 1, keyspaceHits: 7, turns: 1 }),
    ]);
    expect([read(sum, "keyspaceHits"), read(sum, "turns"), read(sum, "resets")]).toEqual([5, 2, 2]);
  });

  test("have places of their own", () => {
    const places = Object.values(FIGURE);
    expect(new Set(places).size).toBe(places.length);
    expect(Math.max(...places)).toBeLessThan(FIGURE_COUNT);
  });
});
