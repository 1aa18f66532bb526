// The latencies of each test as a line of an HdrHistogram log, version 2 histograms in a log of
// version 1.3, which the tools of every HdrHistogram library read. Values are nanoseconds; the tag
// is the test.
//
//   #[StartTime: 1700000000.000 (seconds since epoch), …]
//   "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
//   Tag=set,0.512,2.000,1.234,HISTFAAA…          seconds, seconds, milliseconds, histogram

import { HistogramLogWriter, type Histogram } from "hdr-histogram-js";
import { closeSync, openSync, writeSync } from "node:fs";
import { RunError } from "./run-error.ts";

/** What the log's readers expect of values in nanoseconds. */
const NS_PER_MS = 1_000_000;

export class HdrLog {
  readonly #file: number;
  readonly #writer: HistogramLogWriter;
  readonly #startMs: number;

  /** Opened before the first test: a path that cannot be written is known then, not at the end. */
  constructor(path: string, program: string, startMs: number) {
    this.#file = open(path);
    this.#startMs = startMs;
    this.#writer = new HistogramLogWriter((text) => writeSync(this.#file, text));
    this.#writer.outputComment(`[Latencies in nanoseconds, logged by ${program}]`);
    this.#writer.outputLogFormatVersion();
    // The library's own line for it ends with an empty line, which some readers take for the end.
    const seconds = (startMs / 1000).toFixed(3);
    const date = new Date(startMs).toISOString();
    this.#writer.outputComment(`[StartTime: ${seconds} (seconds since epoch), ${date}]`);
    this.#writer.outputLegend();
  }

  add(test: string, histogram: Histogram, endMs: number, elapsedSeconds: number): void {
    const endSeconds = (endMs - this.#startMs) / 1000;
    const beginSeconds = Math.max(0, endSeconds - elapsedSeconds);
    histogram.tag = test;
    this.#writer.outputIntervalHistogram(
      histogram,
      beginSeconds,
      beginSeconds + elapsedSeconds,
      NS_PER_MS,
    );
  }

  close(): void {
    closeSync(this.#file);
  }
}

function open(path: string): number {
  try {
    return openSync(path, "w");
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/,.*$/s, "") : "unknown";
    throw new RunError(`${path}, named by --hdr, cannot be written (${reason})`);
  }
}
