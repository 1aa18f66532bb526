// How a benchmark measures. Its cases are closures that execute a known number of operations a
// call; mitata calls them until their time is up, and here the samples become nanoseconds an
// operation.
//
//   round 1: case a, case b, …    round 2: case a, case b, …    figure: the best round's median
//
// Rounds are interleaved, and the best one counts: what else the machine does only ever adds time,
// and hits cases that run side by side alike.

import { do_not_optimize, measure } from "mitata";

export interface Case {
  readonly name: string;
  /** Operations that one call executes. */
  readonly operationCount: number;
  /** Executes them; the result depends on all of them, so that none is dead code. */
  readonly run: () => number;
}

/** For operations with waiting between them, which is not to be measured. */
export interface TimedCase {
  readonly name: string;
  readonly operationCount: number;
  /** Executes them; the nanoseconds that count. */
  readonly runTimedNs: () => Promise<number>;
}

export interface Budget {
  readonly roundCount: number;
  readonly roundTimeMs: number;
  readonly sampleCountMin: number;
  /** Whether garbage is collected before every case. */
  readonly collectsGarbage: boolean;
}

export const FULL_BUDGET: Budget = {
  roundCount: 3,
  roundTimeMs: 200,
  sampleCountMin: 12,
  collectsGarbage: true,
};
/** Every case a few times: that it runs is all that is asked. */
export const TINY_BUDGET: Budget = {
  roundCount: 1,
  roundTimeMs: 0,
  sampleCountMin: 2,
  collectsGarbage: false,
};

/** One case's figures. */
export interface Row {
  readonly name: string;
  /** Measured operations, of all rounds. */
  readonly operationCount: number;
  /** Of one operation, in the median call of the best round. */
  readonly medianNs: number;
  /** Of one operation, in the fastest call of all. */
  readonly fastestNs: number;
}

/** A table of the output. */
export interface Section {
  readonly title: string;
  /** What the figures are for: "request", "key". */
  readonly unit: string;
  readonly rows: readonly Row[];
  /** Lines below the table. */
  readonly notes: readonly string[];
}

export async function measureSection(
  title: string,
  unit: string,
  cases: readonly (Case | TimedCase)[],
  budget: Budget,
  notes: readonly string[] = [],
): Promise<Section> {
  const rounds: Row[][] = [];
  for (let round = 0; round < budget.roundCount; round++) {
    const rows: Row[] = [];
    for (const each of cases) rows.push(await measureCase(each, budget));
    rounds.push(rows);
  }
  const rows = cases.map((_, index) => bestOf(rounds.map((round) => round[index]!)));
  return { title, unit, rows, notes };
}

async function measureCase(measured: Case | TimedCase, budget: Budget): Promise<Row> {
  const { name, operationCount } = measured;
  // A threshold of 0: calls are long enough to be timed one by one.
  const options = {
    min_cpu_time: budget.roundTimeMs * 1e6,
    min_samples: budget.sampleCountMin,
    batch_threshold: 0,
    ...(budget.collectsGarbage ? {} : { gc: false }),
  };
  const stats =
    "run" in measured
      ? await measure(() => do_not_optimize(measured.run()), options)
      : await measure(measured.runTimedNs, { ...options, ...MANUAL });
  return {
    name,
    operationCount: stats.samples.length * operationCount,
    medianNs: stats.p50 / operationCount,
    fastestNs: stats.min / operationCount,
  };
}

/** mitata takes the case's own word for its time, and the wall's for when to stop; undeclared. */
const MANUAL: object = { manual: "real" };

function bestOf(rounds: readonly Row[]): Row {
  const least = (select: (row: Row) => number): number => Math.min(...rounds.map(select));
  return {
    name: rounds[0]!.name,
    operationCount: rounds.reduce((sum, row) => sum + row.operationCount, 0),
    medianNs: least((row) => row.medianNs),
    fastestNs: least((row) => row.fastestNs),
  };
}

const NAME_WIDTH = 56;
const FIGURE_WIDTH = 12;

export function renderSection(section: Section): string {
  const heads = [`ns/${section.unit}`, "fastest"].map((head) => head.padStart(FIGURE_WIDTH));
  const lines = section.rows.map(({ name, medianNs, fastestNs }) => {
    const figures = [medianNs, fastestNs].map((ns) => ns.toFixed(1).padStart(FIGURE_WIDTH));
    return `  ${name.padEnd(NAME_WIDTH)}${figures.join("")}`;
  });
  const notes = section.notes.map((note) => `  ${note}`);
  const head = section.title.padEnd(NAME_WIDTH + 2) + heads.join("");
  return [head, ...lines, ...notes, ""].join("\n");
}
