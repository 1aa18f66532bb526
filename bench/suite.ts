// The benchmarks by name: what `bun run bench` offers.

import { measureDecoder } from "./decoder.ts";
import { measureHash } from "./hash.ts";
import { measureInlineSize } from "./inline-size.ts";
import { renderSection, type Budget, type Section } from "./measurement.ts";
import {
  measureLoggedPipeline,
  measureLoggedRespPipeline,
  measurePipeline,
  measureRespPipeline,
  measureShardedPipeline,
  measureSharedPipeline,
} from "./pipeline.ts";
import { measureRecovery, renderRecovery } from "./recovery.ts";
import { fillStore, renderFill } from "./slices.ts";
import { measureSplice } from "./splice.ts";
import { measureTable } from "./table.ts";

export interface Benchmark {
  readonly name: string;
  readonly summary: string;
  /** Numbers of keys it is run with, unless one is asked for. */
  readonly keyCounts: readonly number[];
  /** Number of keys to see that it runs. */
  readonly tinyKeyCount: number;
  /** Measures; what to print. */
  readonly run: (keyCount: number, budget: Budget) => Promise<string>;
}

export const BENCHMARKS: readonly Benchmark[] = [
  {
    name: "hash",
    summary: "XXH32 and HalfSipHash by key length, beside others' implementations",
    keyCounts: [1024],
    tinyKeyCount: 16,
    run: inSections(measureHash),
  },
  {
    name: "table",
    summary: "find, set, insert, delete; the loops ahead of a batch against one by one",
    keyCounts: [1000, 1_000_000],
    tinyKeyCount: 128,
    run: inSections(measureTable),
  },
  {
    name: "decoder",
    summary: "frames to rows of a batch",
    keyCounts: [1_000_000],
    tinyKeyCount: 128,
    run: inSections(measureDecoder),
  },
  {
    name: "pipeline",
    summary: "requests through a data thread without sockets; batches against one by one",
    keyCounts: [1000, 1_000_000],
    tinyKeyCount: 128,
    run: inSections(measurePipeline),
  },
  {
    name: "resp-pipeline",
    summary: "the same in RESP, and commands of several keys",
    keyCounts: [1000, 1_000_000],
    tinyKeyCount: 128,
    run: inSections(measureRespPipeline),
  },
  {
    name: "logged-pipeline",
    summary: "writes with a log, whose records go nowhere; against pipeline",
    keyCounts: [1000, 1_000_000],
    tinyKeyCount: 128,
    run: inSections(measureLoggedPipeline),
  },
  {
    name: "logged-resp-pipeline",
    summary: "the same in RESP; against resp-pipeline",
    keyCounts: [1000, 1_000_000],
    tinyKeyCount: 128,
    run: inSections(measureLoggedRespPipeline),
  },
  {
    name: "shared-pipeline",
    summary: "RESP as one of two threads with all keys, whose other one sleeps",
    keyCounts: [1000, 1_000_000],
    tinyKeyCount: 128,
    run: inSections(measureSharedPipeline),
  },
  {
    name: "sharded-pipeline",
    summary: "RESP as one of two threads with half of the keys each, whose other one sleeps",
    keyCounts: [1000, 1_000_000],
    tinyKeyCount: 128,
    run: inSections(measureShardedPipeline),
  },
  {
    name: "inline-size",
    summary: "values inside their entries against values in blocks of their own",
    keyCounts: [100_000],
    tinyKeyCount: 128,
    run: inSections(measureInlineSize),
  },
  {
    name: "splice",
    summary: "values copied to the send window against values sent from the arena",
    keyCounts: [100_000],
    tinyKeyCount: 128,
    run: inSections(measureSplice),
  },
  {
    name: "slices",
    summary: "slices of internal work while keys come in",
    keyCounts: [1_000_000],
    tinyKeyCount: 10_000,
    run: async (keyCount) => renderFill(fillStore(keyCount)),
  },
  {
    name: "recovery",
    summary: "a start from the WAL and from a snapshot, without the disk",
    keyCounts: [1_000_000],
    tinyKeyCount: 1000,
    run: async (keyCount) => renderRecovery(measureRecovery(keyCount)),
  },
];

function inSections(
  measure: (keyCount: number, budget: Budget) => Promise<Section[]>,
): Benchmark["run"] {
  return async (keyCount, budget) =>
    (await measure(keyCount, budget)).map(renderSection).join("\n");
}
