// Histories of the real program under many clients: whatever they have seen can be explained by one
// store that does one thing after the other.
//
//   FKVS_HISTORY_SEEDS=200 bun test test/linearizability       more histories
//   FKVS_HISTORY_FIRST_SEED=77 FKVS_HISTORY_SEEDS=1 bun …      one of them again

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { DataFolder } from "../support/data-folder.ts";
import { expectHealthyProcess } from "../support/expect-healthy-process.ts";
import { UndecidedError, findViolation, type Order } from "../support/linearizability-checker.ts";
import { hasReturned, type Operation } from "../support/linearizability-model.ts";
import { recordHistory, type LoadOptions } from "../support/recorded-load.ts";
import { spawnServer, type ServerProcess } from "../support/server-process.ts";
import {
  OTHER_COUNTS,
  TWO_THREADS,
  TWO_THREADS_ONCE,
  nameOfChoice,
  threadArgs,
  type ThreadChoice,
} from "../support/thread-choices.ts";
import { withServer } from "../support/thread-server.ts";

setDefaultTimeout(60_000);

const FIRST_SEED = Number(process.env["FKVS_HISTORY_FIRST_SEED"] ?? 1);
const SEED_COUNT = Number(process.env["FKVS_HISTORY_SEEDS"] ?? 6);
const SMOKE_SEED_COUNT = Math.ceil(SEED_COUNT / 2);
/** A few seconds; nearly all histories need less than a thousandth. */
const PLACES_MAX = 100_000;
const NEVER = 2 ** 30;

/** Many clients of one key or two, some of several, deep pipelines of few clients, and deaths. */
const LOADS: readonly Omit<LoadOptions, "seed">[] = [
  { connectionCount: 9, burstCount: 30, depthMax: 1, keyCount: 2, vanishingOneIn: NEVER },
  { connectionCount: 6, burstCount: 12, depthMax: 6, keyCount: 4, vanishingOneIn: NEVER },
  { connectionCount: 6, burstCount: 9, depthMax: 4, keyCount: 6, vanishingOneIn: 15 },
];

/** Where keys have owners of their own, only what one key sees is in the order of a pipeline. */
function orderOf({ threads, mode }: ThreadChoice): Order {
  return threads > 1 && mode === "sharded" ? "key" : "connection";
}

async function checkHistories(
  server: ServerProcess,
  choice: ThreadChoice,
  seedCount: number,
): Promise<void> {
  const port = await server.port();
  const order = orderOf(choice);
  const counts = { lost: 0, undecided: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + seedCount; seed++) {
    const load = LOADS[seed % LOADS.length]!;
    const history = await recordHistory(port, { seed, ...load });
    const violation = judge(history, order);
    if (violation === "undecided") counts.undecided++;
    else if (violation !== null) expect.unreachable(`seed ${seed}, ${order}: ${violation}`);
    counts.lost += history.filter((operation) => !hasReturned(operation)).length;
  }
  if (seedCount >= 2 * LOADS.length) expect(counts.lost).toBeGreaterThan(0);
  expect(counts.undecided).toBeLessThanOrEqual(seedCount / 3);
  await expectHealthyProcess(server, choice.threads);
}

/** As findViolation; where replies were lost, there may be too many ways to explain the rest. */
function judge(history: readonly Operation[], order: Order): string | null {
  try {
    return findViolation(history, { order, placesMax: PLACES_MAX });
  } catch (error) {
    if (error instanceof UndecidedError) return "undecided";
    throw error;
  }
}

describe("what clients have seen can be explained, with", () => {
  test.each(TWO_THREADS.map((choice) => [nameOfChoice(choice), choice] as const))(
    "%s",
    async (_, choice) => {
      await withServer(spawnServer(threadArgs(choice)), (server) =>
        checkHistories(server, choice, SEED_COUNT),
      );
    },
  );

  test.each(TWO_THREADS_ONCE.map((choice) => [nameOfChoice(choice), choice] as const))(
    "%s, and a log",
    async (_, choice) => {
      using folder = new DataFolder();
      await withServer(folder.start(threadArgs(choice)), (server) =>
        checkHistories(server, choice, SEED_COUNT),
      );
    },
  );

  test.each(OTHER_COUNTS.map((choice) => [nameOfChoice(choice), choice] as const))(
    "%s",
    async (_, choice) => {
      await withServer(spawnServer(threadArgs(choice)), (server) =>
        checkHistories(server, choice, SMOKE_SEED_COUNT),
      );
    },
  );
});
