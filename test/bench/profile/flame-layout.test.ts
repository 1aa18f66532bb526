import { describe, expect, test } from "bun:test";
import { layOutFlames } from "../../../bench/profile/flame-layout.ts";

const stacks = new Map([
  ["t;b", 1],
  ["t;a;c", 4],
  ["t;a", 3],
  ["u", 2],
]);

function boxes(widthMin: number) {
  return layOutFlames(stacks, widthMin).map(({ frame, depth, left, width, sampleCount }) => {
    const round = (share: number) => Math.round(share * 100);
    return [frame, depth, round(left), round(width), sampleCount];
  });
}

describe("layOutFlames", () => {
  test("puts what was called upon what called it, by name", () => {
    expect(boxes(0)).toEqual([
      ["all", 0, 0, 100, 10],
      ["t", 1, 0, 80, 8],
      ["a", 2, 0, 70, 7],
      ["c", 3, 0, 40, 4],
      ["b", 2, 70, 10, 1],
      ["u", 1, 80, 20, 2],
    ]);
  });

  test("leaves out what is too narrow, and keeps its place", () => {
    expect(boxes(0.15).map(([frame, , left]) => [frame, left])).toEqual([
      ["all", 0],
      ["t", 0],
      ["a", 0],
      ["c", 0],
      ["u", 80],
    ]);
  });

  test("is empty without samples", () => {
    expect(layOutFlames(new Map(), 0)).toEqual([]);
  });
});
