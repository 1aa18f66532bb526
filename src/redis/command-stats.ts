// What is counted of each command: INFO's commandstats, errorstats and latencystats and LATENCY
// HISTOGRAM read it. A command is named by the index of its row in the command table.
//
//   calls       executed; failed among them are those that answered an error
//   rejected    refused before execution: arity, login, an unknown subcommand, full memory
//
// Durations are microseconds and may have fractions.
//
// The counts of several data threads are in memory that they share, so that each can add up all:
//
//   calls, errors in total | calls | microseconds | rejected | failed | histograms
//   2 words                  1 word a row each                          HISTOGRAM_WORDS a row
//
// Error codes are words and not numbers: they stay with their thread.

import { HISTOGRAM_WORDS, LatencyHistogram } from "./latency-histogram.ts";
import { LiveSettings } from "./live-settings.ts";

/** Codes that are told apart; further ones count in the total alone. */
const ERROR_KIND_COUNT_MAX = 128;

const TOTAL_CALLS = 0;
const TOTAL_ERRORS = 1;
const TOTAL_WORDS = 2;
const COUNT_ARRAYS = 4;

/** Words of shared memory for the counts of that many commands. */
export function commandStatsWords(commandCount: number): number {
  return TOTAL_WORDS + commandCount * (COUNT_ARRAYS + HISTOGRAM_WORDS);
}

export class CommandStats {
  /** Full names by row: `get`, `config|get`. */
  readonly names: readonly string[];
  readonly #settings: LiveSettings;
  readonly #totals: Float64Array;
  readonly #calls: Float64Array;
  readonly #microseconds: Float64Array;
  readonly #rejected: Float64Array;
  readonly #failed: Float64Array;
  /** Zeroed shared memory for all histograms, null = each is made when its first call is timed. */
  readonly #histogramWords: Float64Array | null;
  #histograms: (LatencyHistogram | null)[];
  readonly #errors = new Map<string, number>();

  constructor(
    names: readonly string[],
    settings: LiveSettings = new LiveSettings(),
    shared: Float64Array | null = null,
  ) {
    const { length } = names;
    const countWords = TOTAL_WORDS + COUNT_ARRAYS * length;
    const words = shared ?? new Float64Array(countWords);
    const [calls, microseconds, rejected, failed] = [0, 1, 2, 3].map((array) => {
      const begin = TOTAL_WORDS + array * length;
      return words.subarray(begin, begin + length);
    }) as [Float64Array, Float64Array, Float64Array, Float64Array];
    this.names = names;
    this.#settings = settings;
    this.#totals = words.subarray(0, TOTAL_WORDS);
    this.#calls = calls;
    this.#microseconds = microseconds;
    this.#rejected = rejected;
    this.#failed = failed;
    this.#histogramWords = shared === null ? null : shared.subarray(countWords);
    this.#histograms = names.map(() => null);
  }

  /** Whether durations go to the histograms too (latency-tracking). */
  get isLatencyTracked(): boolean {
    return this.#settings.isLatencyTracked;
  }

  set isLatencyTracked(isTracked: boolean) {
    this.#settings.isLatencyTracked = isTracked;
  }

  get totalCalls(): number {
    return this.#totals[TOTAL_CALLS]!;
  }

  /** Error replies of every kind. */
  get totalErrors(): number {
    return this.#totals[TOTAL_ERRORS]!;
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
    this.#totals[TOTAL_CALLS]! += calls;
    if (!this.isLatencyTracked) return;
    const histogram = (this.#histograms[row] ??= this.#makeHistogram(row));
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
    this.#totals[TOTAL_ERRORS]! += count;
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
    if (this.#histogramWords === null) return this.#histograms[row]!;
    // Another thread may have begun it.
    const histogram = (this.#histograms[row] ??= this.#makeHistogram(row));
    return histogram.totalCount === 0 ? null : histogram;
  }

  /** Error replies by code, in the order of the codes. */
  errorCounts(): readonly (readonly [code: string, count: number])[] {
    return [...this.#errors].sort(([left], [right]) => (left < right ? -1 : 1));
  }

  /** Counts what another thread has counted, too: its counts, and its errors by code. */
  add(other: CommandStats, errors: readonly (readonly [code: string, count: number])[]): void {
    const ours = [this.#totals, this.#calls, this.#microseconds, this.#rejected, this.#failed];
    const theirs = [
      other.#totals,
      other.#calls,
      other.#microseconds,
      other.#rejected,
      other.#failed,
    ];
    for (const [array, counts] of ours.entries()) {
      for (const word of counts.keys()) counts[word]! += theirs[array]![word]!;
    }
    for (const row of this.names.keys()) {
      const histogram = other.histogram(row);
      if (histogram === null) continue;
      (this.#histograms[row] ??= this.#makeHistogram(row)).add(histogram);
    }
    for (const [code, count] of errors) {
      this.#errors.set(code, (this.#errors.get(code) ?? 0) + count);
    }
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    const { length } = this.names;
    for (let row = 0; row < length; row++) if (this.#calls[row]! > 0) this.histogram(row)?.reset();
    for (const counts of [this.#calls, this.#microseconds, this.#rejected, this.#failed]) {
      counts.fill(0);
    }
    this.#histograms.fill(null);
    this.#errors.clear();
    this.#totals.fill(0);
  }

  #makeHistogram(row: number): LatencyHistogram {
    if (this.#histogramWords === null) return new LatencyHistogram();
    const begin = row * HISTOGRAM_WORDS;
    return new LatencyHistogram(this.#histogramWords.subarray(begin, begin + HISTOGRAM_WORDS));
  }
}
