import { describe, expect, test } from "bun:test";
import {
  cpuRatio,
  median,
  medianFigures,
  ratio,
  throughputRatio,
  stolenShares,
  type Figures,
} from "../../../fkvs-benchmark/compare/figures.ts";

function figures(throughput: number, serverCpuNs = 1000): Figures {
  const rest = { serverShare: 0.5, clientCpuNs: 500, p50Us: 10, p99Us: 20, stolenShare: 0 };
  return { throughput, serverCpuNs, ...rest };
}

test("what the host took is told of every run", () => {
  const situation = { test: "get", pipeline: 1 };
  const run = (stolenShare: number): Figures => ({ ...figures(1), stolenShare });
  const rounds = new Map([
    ["one", [run(0.1), run(0.2)]],
    ["other", [run(0.3)]],
  ]);
  expect(stolenShares([{ situation, rounds }])).toEqual([0.1, 0.2, 0.3]);
});

describe("the figures of several rounds", () => {
  test("have the middle value as their median, or the mean of the middle two", () => {
    expect(median([5])).toBe(5);
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 6])).toBe(5.5);
  });

  test("are summed up figure by figure", () => {
    const rounds = [figures(100, 30), figures(300, 10), figures(200, 20)];
    expect(medianFigures(rounds)).toEqual(figures(200, 20));
  });

  test("are compared round by round, so that a slow round of all does not count", () => {
    // In the second round the machine was ten times slower for both.
    const ours = [figures(200), figures(20), figures(220)];
    const theirs = [figures(100), figures(10), figures(100)];
    expect(ratio(ours, theirs, throughputRatio)).toBe(2);
  });

  test("are better with less CPU time, and unknown without any", () => {
    expect(ratio([figures(1, 500)], [figures(1, 1500)], cpuRatio)).toBe(3);
    expect(ratio([figures(1, 0)], [figures(1, 1500)], cpuRatio)).toBeNaN();
  });
});
