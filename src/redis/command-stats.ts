// What is counted of each command: INFO's commandstats, errorstats and latencystats and LATENCY
// HISTOGRAM read it. A command is named by the index of its row in the command table.
//
//   calls       executed; failed among them are those that answered an error
//   rejected    refused before execution: arity, login, an unknown subcommand, full memory
//
// Durations are microseconds and may have fractions.

import { LatencyHistogram } from "./latency-histogram.ts";

/** Codes that are told apart; further ones count in the total alone. */
const ERROR_KIND_COUNT_MAX = 128;

export class CommandStats {
  /** Full names by row: `get`, `config|get`. */
  readonly names: readonly string[];
  /** Whether durations go to the histograms too (latency-tracking). */
  isLatencyTracked = true;
  readonly #calls: Float64Array;
  readonly #microseconds: Float64Array;
  readonly #rejected: Float64Array;
  readonly #failed: Float64Array;
  /** By row; made when the first call is timed. */
  #histograms: (LatencyHistogram | null)[];
  readonly #errors = new Map<string, number>();
  #totalCalls = 0;
  #totalErrors = 0;

  constructor(names: readonly string[]) {
    this.names = names;
    this.#calls = new Float64Array(names.length);
    this.#microseconds = new Float64Array(names.length);
    this.#rejected = new Float64Array(names.length);
    this.#failed = new Float64Array(names.length);
    this.#histograms = names.map(() => null);
  }

  get totalCalls(): number {
    return this.#totalCalls;
  }

  /** Error replies of every kind. */
  get totalErrors(): number {
    return this.#totalErrors;
  }

  /** An executed command; `isFailed` when it answered an error. */
  record(row: number, microseconds: number, isFailed: boolean): void {
    this.addBatched(row, 1, microseconds);
    if (isFailed) this.#failed[row]! += 1;
  }

  /**
   * Commands of the hot way, which are not timed one by one: together they took `microseconds`.
   * Each counts in the histogram with the mean, so call it once a batch and not once a second.
   */
  addBatched(row: number, calls: number, microseconds: number): void {
    if (calls === 0) return;
    this.#calls[row]! += calls;
    this.#microseconds[row]! += microseconds;
    this.#totalCalls += calls;
    if (!this.isLatencyTracked) return;
    const histogram = (this.#histograms[row] ??= new LatencyHistogram());
    histogram.record((microseconds * 1000) / calls, calls);
  }

  /** Commands of the hot way that answered an error, which `countError` has been told as well. */
  fail(row: number, count = 1): void {
    this.#failed[row]! += count;
  }

  /** A command that was refused before it was executed. */
  reject(row: number): void {
    this.#rejected[row]! += 1;
  }

  /** Any error reply, by its code; a text without one counts as ERR, as in Redis. */
  countError(code: string, count = 1): void {
    if (count === 0) return;
    this.#totalErrors += count;
    const kind = code === "" ? "ERR" : code;
    const before = this.#errors.get(kind) ?? 0;
    // DEBUG ERROR lets clients choose codes.
    const isTold = before > 0 || this.#errors.size < ERROR_KIND_COUNT_MAX;
    if (isTold) this.#errors.set(kind, before + count);
  }

  calls(row: number): number {
    return this.#calls[row]!;
  }

  microseconds(row: number): number {
    return this.#microseconds[row]!;
  }

  rejectedCalls(row: number): number {
    return this.#rejected[row]!;
  }

  failedCalls(row: number): number {
    return this.#failed[row]!;
  }

  /** Null = no call of the command has been timed. */
  histogram(row: number): LatencyHistogram | null {
    return this.#histograms[row]!;
  }

  /** Error replies by code, in the order of the codes. */
  errorCounts(): readonly (readonly [code: string, count: number])[] {
    return [...this.#errors].sort(([left], [right]) => (left < right ? -1 : 1));
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    for (const counts of [this.#calls, this.#microseconds, this.#rejected, this.#failed]) {
      counts.fill(0);
    }
    this.#histograms.fill(null);
    this.#errors.clear();
    this.#totalCalls = 0;
    this.#totalErrors = 0;
  }
}
