import { describe, expect, test } from "bun:test";
import type { ThreadFigures } from "../../src/redis/info-figures.ts";
import { threadLines } from "../../src/redis/info-threads.ts";

const THREAD: ThreadFigures = {
  connectionCount: 1,
  unlistedCount: 2,
  commandCount: 3,
  lockWaitCount: 4,
  lockSleepCount: 5,
  structureCount: 6,
  allSegmentsCount: 7,
  shard: null,
};
const COUNTS =
  "connections=1,unlisted=2,commands=3,lock_waits=4,lock_sleeps=5,structure_takes=6," +
  "all_segments_takes=7";

describe("INFO's lines about threads", () => {
  test("are one for each thread", () => {
    expect(threadLines({ mode: "shared", threads: [THREAD, THREAD] })).toEqual([
      ["threads", 2],
      ["threads_mode", "shared"],
      ["thread_0", COUNTS],
      ["thread_1", COUNTS],
    ]);
  });

  test.each([
    [90, 40, "2.25"],
    [0, 0, "0.00"],
  ])("with %d commands in %d publishes have a mean of %s", (foreignCount, publishCount, mean) => {
    const shard = {
      ownCount: 10,
      foreignCount,
      localReadCount: 12,
      localWriteCount: 13,
      servedCount: 11,
      publishCount,
      replyPublishCount: 12,
      wakeCount: 8,
      fullCount: 13,
      stallCount: 14,
      timeoutCount: 15,
    };
    const lines = threadLines({ mode: "sharded", threads: [{ ...THREAD, shard }] });
    expect(lines[1]).toEqual(["threads_mode", "sharded"]);
    expect(lines[2]).toEqual([
      "thread_0",
      `${COUNTS},own=10,foreign=${foreignCount},local_reads=12,local_writes=13,served=11,` +
        `publishes=${publishCount},commands_per_publish=${mean},reply_publishes=12,wake_ups=8,` +
        `full=13,stalls=14,timeouts=15`,
    ]);
  });
});
