// Every benchmark runs once with few keys, so that none rots. Each checks itself that it does what
// its name says (that a hit hits, that every request is executed and answered) and throws if not;
// here is checked that all cases are there with plausible figures. Times mean nothing here.

import { describe, expect, test } from "bun:test";
import { measureDecoder } from "../../bench/decoder.ts";
import { measureHash } from "../../bench/hash.ts";
import { measureInlineSize } from "../../bench/inline-size.ts";
import { TINY_BUDGET, type Section } from "../../bench/measurement.ts";
import {
  measureLoggedPipeline,
  measureLoggedRespPipeline,
  measurePipeline,
  measureRespPipeline,
  measureShardedPipeline,
  measureSharedPipeline,
} from "../../bench/pipeline.ts";
import { measureSplice } from "../../bench/splice.ts";
import { BENCHMARKS } from "../../bench/suite.ts";
import { measureTable } from "../../bench/table.ts";

const KEY_COUNT = 128;
const SAMPLES = TINY_BUDGET.sampleCountMin;
const BATCH = 64;

function expectPlausible(sections: readonly Section[]): void {
  const titles = sections.map(({ title }) => title);
  expect(new Set(titles).size).toBe(titles.length);
  for (const { rows } of sections) {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    for (const { medianNs, fastestNs } of rows) {
      expect(fastestNs).toBeGreaterThan(0);
      expect(medianNs).toBeGreaterThanOrEqual(fastestNs);
      expect(medianNs).toBeLessThan(1e9);
    }
  }
}

/** Operations of one call of each case. */
function callCounts(section: Section): number[] {
  return section.rows.map(({ operationCount }) => operationCount / SAMPLES);
}

describe("bench", () => {
  test("hash: every implementation with every length", async () => {
    const sections = await measureHash(KEY_COUNT, TINY_BUDGET);
    expectPlausible(sections);
    expect(sections).toHaveLength(5);
    for (const section of sections) expect(callCounts(section)).toEqual(Array(4).fill(KEY_COUNT));
  });

  test("table: every operation, and the loops ahead", async () => {
    const sections = await measureTable(KEY_COUNT, TINY_BUDGET);
    expectPlausible(sections);
    expect(sections.map(callCounts)).toEqual(Array(2).fill(Array(4).fill(16 * BATCH)));
  });

  test("decoder: every kind of request", async () => {
    const sections = await measureDecoder(KEY_COUNT, TINY_BUDGET);
    expectPlausible(sections);
    expect(sections[0]!.rows.map(({ name }) => name)).toEqual(["GET", "SET", "PING"]);
    expect(callCounts(sections[0]!)).toEqual(Array(3).fill(16 * BATCH));
  });

  test("pipeline: every command at every depth", async () => {
    const sections = await measurePipeline(KEY_COUNT, TINY_BUDGET);
    expectPlausible(sections);
    expect(sections.map(({ rows }) => rows[0]!.name.split(" ")[0])).toEqual([
      "GET",
      "SET",
      "INCR",
      "PING",
    ]);
    for (const section of sections) {
      expect(callCounts(section)).toEqual([50 * 16, 50, 50 * 16, 50 * 128]);
    }
  });

  test("resp-pipeline: the same commands, and MGET", async () => {
    const sections = await measureRespPipeline(KEY_COUNT, TINY_BUDGET);
    expectPlausible(sections);
    expect(sections.map(({ rows }) => rows[1]!.name)).toEqual([
      "GET P=1",
      "SET P=1",
      "INCR P=1",
      "PING P=1",
      "MGET of 10 P=1",
    ]);
    for (const section of sections) {
      expect(callCounts(section)).toEqual([50 * 16, 50, 50 * 16, 50 * 128]);
    }
  });

  test.each([
    ["logged-pipeline", measureLoggedPipeline],
    ["logged-resp-pipeline", measureLoggedRespPipeline],
  ])("%s: writes alone", async (_, measure) => {
    const sections = await measure(KEY_COUNT, TINY_BUDGET);
    expectPlausible(sections);
    expect(sections.map(({ rows }) => rows[1]!.name)).toEqual(["SET P=1", "INCR P=1"]);
  });

  test.each([
    ["shared", measureSharedPipeline],
    ["sharded", measureShardedPipeline],
  ])("%s-pipeline: what has a short way, of all keys", async (mode, measure) => {
    const sections = await measure(KEY_COUNT, TINY_BUDGET);
    expectPlausible(sections);
    expect(sections.map(({ title }) => title.split(", ")[1])).toEqual([mode, mode, mode]);
    expect(sections.map(({ rows }) => rows[1]!.name)).toEqual(["GET P=1", "SET P=1", "INCR P=1"]);
  });

  test("inline-size: every size is read, and all but the largest rewritten", async () => {
    const sections = await measureInlineSize(KEY_COUNT, TINY_BUDGET);
    expectPlausible(sections);
    const counts = sections.map(callCounts);
    expect(counts.slice(0, 7)).toEqual(Array(7).fill(Array(4).fill(BATCH)));
    expect(counts.slice(7)).toEqual(Array(6).fill(Array(2).fill(BATCH)));
    // Header, key and value, rounded up to a block; and an entry with 8 bytes and a block.
    expect(sections[1]!.notes).toEqual(["memory a key: inline 88, separate 96 bytes"]);
  });

  test("splice: every size both ways, alone and by the window", async () => {
    const sections = await measureSplice(KEY_COUNT, TINY_BUDGET);
    expectPlausible(sections);
    expect(sections).toHaveLength(7);
    for (const { rows } of sections) {
      const ways = rows.map(({ name }) => name.split(",")[0]);
      expect(ways).toEqual(rows.length === 4 ? [...WAYS, ...WAYS] : WAYS);
    }
    expect(callCounts(sections[0]!)).toEqual([63, 63, 63, 63]);
    expect(callCounts(sections.at(-1)!)).toEqual([1, 1]);
  });

  test("prints the same by name", async () => {
    for (const { name, run, tinyKeyCount } of BENCHMARKS) {
      if (name === "hash" || name === "slices") {
        expect(await run(tinyKeyCount, TINY_BUDGET)).toStartWith(`${name}, `);
      }
    }
    const names = BENCHMARKS.map(({ name }) => name);
    const pipelines = ["", "resp-", "logged-", "logged-resp-", "shared-", "sharded-"].map(
      (kind) => `${kind}pipeline`,
    );
    expect(names.join(" ")).toBe(
      `hash table decoder ${pipelines.join(" ")} inline-size splice slices recovery`,
    );
  });
});

const WAYS = ["copied", "spliced"];
