// Whole histories of a server, each from one seed. FKVS_SIMULATION_SEEDS=n runs that many, and
// FKVS_SIMULATION_SEED=n the one that has failed, by itself; FKVS_SIMULATION_FIGURES=1 says what
// happened in them.

import { expect, test } from "bun:test";
import { Simulation, type SimulationFigures } from "../support/simulation.ts";

const SEED_COUNT = Number(process.env["FKVS_SIMULATION_SEEDS"] ?? 500);
const ONLY_SEED = process.env["FKVS_SIMULATION_SEED"];
const SEEDS =
  ONLY_SEED === undefined ? Array.from({ length: SEED_COUNT }, (_, i) => i) : [Number(ONLY_SEED)];
const TIMEOUT_MS = Math.max(60_000, 1000 * SEEDS.length);

test(
  `${SEEDS.length} histories keep what they promise`,
  () => {
    const sums: Record<string, number> = {};
    for (const seed of SEEDS) {
      for (const [name, count] of Object.entries(runSeed(seed))) {
        sums[name] = (sums[name] ?? 0) + count;
      }
    }
    if (process.env["FKVS_SIMULATION_FIGURES"] !== undefined) process.stdout.write(show(sums));
    if (SEEDS.length < 500) return;
    // All of what they are made for has happened.
    for (const [name, count] of Object.entries(sums))
      expect(`${name} ${count > 0}`).toEndWith("true");
  },
  TIMEOUT_MS,
);

function runSeed(seed: number): SimulationFigures {
  const simulation = new Simulation(seed);
  try {
    simulation.run();
    return simulation.figures;
  } catch (error) {
    const again = `FKVS_SIMULATION_SEED=${seed} bun test test/simulation/simulation.test.ts`;
    const trace = ONLY_SEED === undefined ? "" : `\n${simulation.describe()}`;
    const { stack } = error as Error;
    const { count, mode } = simulation.threads;
    const threads = count === 1 ? "" : ` (${count} threads, ${mode})`;
    throw new Error(`seed ${seed}${threads} fails; run it again with ${again}\n${stack}${trace}`);
  }
}

function show(sums: Readonly<Record<string, number>>): string {
  return Object.entries(sums)
    .map(([name, count]) => `${name} ${count}\n`)
    .join("");
}
