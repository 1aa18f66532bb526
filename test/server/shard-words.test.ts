import { expect, test } from "bun:test";
import type { ShardFigures } from "../../src/redis/info-figures.ts";
import { readShardFigures, shardWords } from "../../src/server/shard-words.ts";

const COUNTS: ShardFigures = {
  ownCount: 1,
  foreignCount: 2,
  servedCount: 3,
  publishCount: 4,
  replyPublishCount: 5,
  wakeCount: 6,
  fullCount: 7,
  stallCount: 8,
  timeoutCount: 9,
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
