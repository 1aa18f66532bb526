// Random commands to this server and to Debian's redis-server: the replies must be the same bytes.
//
//   RESP_TEST_SEEDS=1000 bun test test/differential            more streams
//   RESP_TEST_FIRST_SEED=77 RESP_TEST_SEEDS=1 bun test …       one of them again
//   RESP_TEST_TARGET=redis bun test …                          redis-server with itself

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { describeProgram } from "../support/debian-program.ts";
import { startClientServer, TARGET, type ClientServer } from "../support/client-server.ts";
import { reportDifference } from "../support/difference-report.ts";
import { RealRedis } from "../support/real-redis.ts";
import { isExcepted } from "../support/redis-exceptions.ts";
import { RedisLongStream } from "../support/redis-long-stream.ts";
import { RedisStream } from "../support/redis-stream.ts";
import { TwinServers } from "../support/twin-servers.ts";

const STEP_COUNT = 300;
const LONG_STEP_COUNT = 60;
const FIRST_SEED = Number(process.env["RESP_TEST_FIRST_SEED"] ?? 1);
const SEED_COUNT = Number(process.env["RESP_TEST_SEEDS"] ?? 10);
const SEEDS = Array.from({ length: SEED_COUNT }, (_, i) => FIRST_SEED + i);

setDefaultTimeout(60_000);

describeProgram("redis-server", "redis-server", () => {
  let redis: RealRedis;
  let server: ClientServer;

  beforeAll(async () => {
    redis = await RealRedis.start();
    server = await startClientServer();
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  const cases = SEEDS.flatMap((seed) => [
    [seed, 2],
    [seed, 3],
  ]) as (readonly [number, 2 | 3])[];

  const streams = [
    ["random", STEP_COUNT, (seed: number) => new RedisStream(seed)],
    ["long", LONG_STEP_COUNT, (seed: number) => new RedisLongStream(seed)],
  ] as const;

  describe.each(streams)("answers alike to the %s stream", (kind, stepCount, makeStream) => {
    test.each(cases)("of seed %d, in RESP%d", async (seed, version) => {
      const twins = new TwinServers(server.port, redis.port, version, isExcepted);
      const steps = makeStream(seed).take(stepCount);
      const difference = await twins.compare(steps);
      if (difference === null) return;
      const what = `${TARGET}, ${kind} stream of seed ${seed}, RESP${version}`;
      expect.unreachable(await reportDifference(twins, steps, difference, what));
    });
  });
});
