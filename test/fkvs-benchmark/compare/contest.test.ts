// A contest in small, of our server alone: started once, asked in both protocols.

import { describe, expect, spyOn, test } from "bun:test";
import {
  compareAll,
  compareMemory,
  type ContestPlan,
} from "../../../fkvs-benchmark/compare/contest.ts";
import { CONTESTANTS } from "../../../fkvs-benchmark/compare/contestant.ts";

const PLAN: ContestPlan = {
  contestants: CONTESTANTS.slice(0, 2),
  settings: {
    clients: 3,
    keyCount: 1000,
    keySize: 16,
    valueSize: 32,
    seconds: 0.1,
    warmupSeconds: 0,
    attemptCount: 1,
    clientCpu: null,
  },
  roundCount: 2,
  serverPlace: { cpu: null, parentFolder: null },
};

describe("a contest", () => {
  test("asks a server in both protocols, and everybody in each round", async () => {
    using said = spyOn(console, "error").mockReturnValue();
    const mget = { test: "mget", pipeline: 1, keysPerRequest: 50 };
    const comparisons = await compareAll(PLAN, [{ test: "get", pipeline: 1 }, mget]);
    const counts = comparisons.map(({ rounds }) =>
      [...rounds].map(([name, figures]) => [name, figures.length]),
    );
    expect(counts).toEqual([
      [
        ["fkvs", 2],
        ["fkvs RESP", 2],
      ],
      [["fkvs RESP", 2]],
    ]);
    expect(said.mock.calls.flat()).toEqual(["GET P=1 is measured", "MGET of 50 P=1 is measured"]);
  });

  test("measures the memory of each server once", async () => {
    using said = spyOn(console, "error").mockReturnValue();
    const memory = await compareMemory(PLAN);
    expect(memory.map(({ name }) => name)).toEqual(["fkvs"]);
    expect(said.mock.calls.flat()).toEqual(["memory of fkvs is measured"]);
  });
});
