import { expect, test } from "bun:test";
import type { ShardFigures } from "../../src/redis/info-figures.ts";
import { readShardFigures, shardWords } from "../../src/server/shard-words.ts";

const COUNTS: ShardFigures = {
  ownCount: 1,
  foreignCount: 2,
  localReadCount: 3,
  localWriteCount: 11,
  servedCount: 4,
  publishCount: 5,
  replyPublishCount: 6,
  wakeCount: 7,
  fullCount: 8,
  stallCount: 9,
  timeoutCount: 10,
};

test("a thread's counts come back from its words, each its own", () => {
  const words = shardWords(COUNTS);
  expect(new Set(Object.values(words)).size).toBe(Object.keys(COUNTS).length);
  expect(readShardFigures((name) => words[name]!)).toEqual(COUNTS);
});

test("a thread that has none leaves zeroes behind", () => {
  const words = shardWords(null);
  expect(Object.keys(words)).toEqual(Object.keys(shardWords(COUNTS)));
  expect(Object.values(words)).toEqual(Object.values(COUNTS).map(() => 0));
});
