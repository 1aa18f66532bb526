// Random commands to this server with two data threads, and to Debian's redis-server: the replies
// must be the same bytes. test/differential has many more streams, for one thread.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { describeProgram } from "../support/debian-program.ts";
import { reportDifference } from "../support/difference-report.ts";
import { RealRedis } from "../support/real-redis.ts";
import { isExcepted } from "../support/redis-exceptions.ts";
import { RedisLongStream } from "../support/redis-long-stream.ts";
import { RedisStream } from "../support/redis-stream.ts";
import { TWO_THREADS_ONCE } from "../support/thread-choices.ts";
import { describeThreads } from "../support/thread-server.ts";
import { TwinServers } from "../support/twin-servers.ts";

setDefaultTimeout(60_000);

const STREAMS = [
  ["random", 300, (seed: number) => new RedisStream(seed)],
  ["long", 60, (seed: number) => new RedisLongStream(seed)],
] as const;
const CASES = [
  [501, 2],
  [502, 3],
] as const;

describeProgram("redis-server", "redis-server", () => {
  let redis: RealRedis;
  beforeAll(async () => {
    redis = await RealRedis.start();
  });
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
  });

  describeThreads(
    "replies",
    TWO_THREADS_ONCE,
    (server) => {
      const cases = STREAMS.flatMap((stream) => CASES.map((each) => [...stream, ...each] as const));
      test.each(cases)(
        "to the %s stream are alike (%d steps)",
        async (kind, stepCount, makeStream, seed, version) => {
          const twins = new TwinServers(server.port, redis.port, version, isExcepted);
          const steps = makeStream(seed).take(stepCount);
          const difference = await twins.compare(steps);
          if (difference === null) return;
          const what = `${server.choice.mode}, ${kind} stream of seed ${seed}, RESP${version}`;
          expect.unreachable(await reportDifference(twins, steps, difference, what));
        },
      );
    },
    ["--max-memory=512mb", "--enable-debug-command"],
  );
});
