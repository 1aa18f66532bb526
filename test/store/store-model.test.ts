// The store against a Map, over many seeds. A failure names the seed and the number of steps after
// which the two first differ; `runHistory(seed, steps, 1)` goes exactly there again.

import { describe, expect, test } from "bun:test";
import { tries } from "../support/effort.ts";
import { reserveHighStore } from "../support/high-store.ts";
import { StoreHistory, Tally } from "../support/store-history.ts";

const SEED_COUNT = tries(80);
const SEEDS_PER_TEST = 40;
const STEPS = 3000;
const CHECK_INTERVAL = 500;
const TIMEOUT_MS = 60_000;

function runHistory(
  seed: number,
  steps: number,
  checkInterval: number,
  tally = new Tally(),
  reserve: typeof reserveHighStore | null = null,
): void {
  const history = new StoreHistory(seed, tally, reserve?.(1 + (seed % 2)));
  let step = 0;
  try {
    while (step < steps) {
      history.step();
      if (++step % checkInterval === 0) history.check();
    }
    history.finish();
  } catch (error) {
    // With a check after each step, the prefix that fails is as short as it can be.
    if (checkInterval > 1) runHistory(seed, step + 1, 1, new Tally(), reserve);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`seed ${seed}, after ${step} steps: ${reason}`, { cause: error });
  }
}

describe("Store beside a Map", () => {
  const tally = new Tally();

  for (let begin = 0; begin < SEED_COUNT; begin += SEEDS_PER_TEST) {
    test(
      `agrees with it for the seeds from ${begin} on`,
      () => {
        const end = Math.min(begin + SEEDS_PER_TEST, SEED_COUNT);
        for (let seed = begin; seed < end; seed++) {
          runHistory(seed, STEPS, CHECK_INTERVAL, tally);
        }
      },
      TIMEOUT_MS,
    );
  }

  test("has been through everything that the histories are meant to cause", () => {
    const { negativeReferences, ...counts } = tally;
    expect(negativeReferences).toBe(0);
    for (const [name, count] of Object.entries(counts)) expect(count, name).toBeGreaterThan(10);
    expect(tally.refusedSets / tally.sets).toBeLessThan(0.3);
  });

  test(
    "agrees with it where references become negative, at 16 GiB",
    () => {
      const highTally = new Tally();
      for (let seed = 1000; seed < 1006; seed++) {
        runHistory(seed, STEPS, CHECK_INTERVAL, highTally, reserveHighStore);
      }
      expect(highTally.negativeReferences).toBeGreaterThan(100);
      expect(highTally.moved).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
