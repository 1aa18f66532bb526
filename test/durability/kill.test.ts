// Death under load with `--durability always`: every acknowledged write is there afterwards, what
// somebody has read as well, and of the rest whole operations only.
//
// FKVS_KILL_ROUNDS=60 kills that often for each of the ways to run.

import { describe, expect, test } from "bun:test";
import { CrashLoad } from "../support/crash-load.ts";
import { endServer } from "../support/data-folder.ts";
import { ENGINES } from "../support/describe-engines.ts";

const ROUNDS_VARIABLE = "FKVS_KILL_ROUNDS";
const ROUND_COUNT = Number(process.env[ROUNDS_VARIABLE] ?? 2);
const SEED = Number(process.env["FKVS_KILL_SEED"] ?? 0x4b11);
const ACKNOWLEDGED_MAX = 2500;
const ROUND_TIMEOUT_MS = 20_000;

/** Small, so that files and snapshots follow each other. */
const ARGS = [
  "--durability=always",
  "--snapshot-wal-size=300kb",
  "--wal-file-size=1mb",
  "--wal-buffer=1mb",
];

describe.each([...ENGINES.keys()])("a server over %s that is killed under load", (engine) => {
  test.each([
    [1, 1, []],
    [4, 1, []],
    [4, 2, []],
    [1, 1, ["--threads=2", "--mode=shared"]],
    [4, 2, ["--threads=2", "--mode=sharded"]],
  ])(
    "has what it acknowledged (%d partitions, %d WAL threads, %j)",
    async (partitionCount, threadCount, further) => {
      const seed = SEED + 100 * partitionCount + threadCount;
      using load = new CrashLoad(seed, partitionCount);
      const args = [
        ...ARGS,
        `--io=${engine}`,
        `--wal-shards=${partitionCount}`,
        `--wal-threads=${threadCount}`,
        ...further,
      ];
      for (let round = 0; round < ROUND_COUNT; round++) {
        await using server = load.folder.start(args);
        expect({ seed, round, problem: await load.check(server) }).toMatchObject({ problem: "" });
        const log = await load.killUnderLoad(server, ACKNOWLEDGED_MAX);
        expect({ seed, round, log, errors: load.errors }).toMatchObject({ errors: [] });
        expect(log.split("\n").filter((line) => line.includes(" error "))).toEqual([]);
      }
      await using server = load.folder.start(args);
      expect({ seed, problem: await load.check(server) }).toMatchObject({ problem: "" });
      await endServer(server);
      if (process.env[ROUNDS_VARIABLE] !== undefined) {
        const { acknowledgedCount, underWayCount, survivorCount } = load;
        console.log({ ROUND_COUNT, acknowledgedCount, underWayCount, survivorCount });
      }
    },
    ROUND_TIMEOUT_MS * (1 + ROUND_COUNT),
  );
});
