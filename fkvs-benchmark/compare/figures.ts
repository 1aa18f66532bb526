// What is measured of one server in one situation, and the arithmetic over several rounds of it.

import type { Situation } from "./situation.ts";

/** One run. */
export interface Figures {
  readonly throughput: number;
  /** CPU time of the server per request in nanoseconds, 0 = unknown. */
  readonly serverCpuNs: number;
  /** Of a core, 0 = unknown. */
  readonly serverShare: number;
  readonly clientCpuNs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Of the machine, what its host gave to others meanwhile. */
  readonly stolenShare: number;
}

/** The rounds of one situation, by server. */
export interface Comparison {
  readonly situation: Situation;
  /** Rounds in the order measured: round i of one server ran beside round i of the others. */
  readonly rounds: ReadonlyMap<string, readonly Figures[]>;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Each figure's own median. */
export function medianFigures(rounds: readonly Figures[]): Figures {
  const of = (pick: (figures: Figures) => number): number => median(rounds.map(pick));
  return {
    throughput: of((figures) => figures.throughput),
    serverCpuNs: of((figures) => figures.serverCpuNs),
    serverShare: of((figures) => figures.serverShare),
    clientCpuNs: of((figures) => figures.clientCpuNs),
    p50Us: of((figures) => figures.p50Us),
    p99Us: of((figures) => figures.p99Us),
    stolenShare: of((figures) => figures.stolenShare),
  };
}

/** Of every run. */
export function stolenShares(comparisons: readonly Comparison[]): number[] {
  const runs = comparisons.flatMap(({ rounds }) => [...rounds.values()].flat());
  return runs.map(({ stolenShare }) => stolenShare);
}

/**
 * How many times better the first is: the median of the rounds' own ratios, because what disturbs a
 * shared machine disturbs neighbouring runs alike.
 */
export function ratio(
  ours: readonly Figures[],
  theirs: readonly Figures[],
  better: (our: Figures, their: Figures) => number,
): number {
  const count = Math.min(ours.length, theirs.length);
  return median(Array.from({ length: count }, (_, i) => better(ours[i]!, theirs[i]!)));
}

export const throughputRatio = (our: Figures, their: Figures): number =>
  our.throughput / their.throughput;
export const cpuRatio = (our: Figures, their: Figures): number =>
  our.serverCpuNs === 0 ? NaN : their.serverCpuNs / our.serverCpuNs;
