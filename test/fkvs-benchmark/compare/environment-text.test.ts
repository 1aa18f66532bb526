import { describe, expect, test } from "bun:test";
import { cpus } from "node:os";
import { CONTESTANTS } from "../../../fkvs-benchmark/compare/contestant.ts";
import {
  renderEnvironment,
  wrap,
  type EnvironmentFacts,
} from "../../../fkvs-benchmark/compare/environment-text.ts";
import { VERSION } from "../../../src/version.ts";

describe("the environment", () => {
  const facts: EnvironmentFacts = {
    contestants: CONTESTANTS.slice(0, 3),
    settings: {
      clients: 50,
      keyCount: 1_000_000,
      keySize: 16,
      valueSize: 32,
      seconds: 1,
      warmupSeconds: 0,
      attemptCount: 4,
      clientCpu: 1,
    },
    roundCount: 5,
    serverPlace: { cpu: 0, parentFolder: null },
    command: "bun run compare",
    clientCounts: [50, 512],
    conditions: ["random keys", "files on ext4"],
    remarks: ["That is all."],
    stolenShares: [0.004, 0.12, 0.02],
  };
  const render = (changes: Partial<EnvironmentFacts> = {}): string =>
    renderEnvironment({ ...facts, ...changes }).replaceAll("\n", " ");

  test("names machine, versions, places, conditions and the command", () => {
    const text = render();
    const parts = [
      Bun.version,
      "`bun run compare`",
      "each server on CPU 0, the client on CPU 1, ",
      "1,000,000",
      " 50 and 512 connections,",
      " preloaded, random keys, files on ext4, the servers interleaved, ",
      " median of 5 rounds of 1 s; ",
      " Runs that lost more than 5 % of the machine to its host were made up to 4 times; " +
        "those that count lost 2 % (median) and 12 % at most. ",
    ];
    for (const part of parts) expect(text).toContain(part);
    // One program has one version, however it is started and whatever it is asked in.
    expect(text).toContain(`, fkvs ${VERSION}. `);
    expect(text).toEndWith(" That is all.");
  });

  test("says who may be anywhere", () => {
    const serverPlace = { cpu: null, parentFolder: null };
    expect(render({ serverPlace })).toContain(
      `each server on all ${cpus().length} CPUs, the client on CPU 1, `,
    );
    const settings = { ...facts.settings, clientCpu: null };
    expect(render({ serverPlace, settings })).toContain(
      "servers and client wherever the system puts them",
    );
  });

  test("says nothing of the host where it has taken nothing", () => {
    expect(render({ stolenShares: [0, 0.001, 0] })).not.toContain("host");
  });

  test("is broken into lines between words", () => {
    const text = Array.from({ length: 100 }, (_, i) => `word${i}`).join(" ");
    const lines = wrap(text).split("\n");
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    expect(lines.join(" ")).toBe(text);
  });
});
