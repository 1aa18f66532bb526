// What a thread of sharded mode has counted, and the words of its figures (thread-figures.ts) that
// other threads read it in: one table for both directions.

import type { ShardFigures } from "../redis/info-figures.ts";
import type { FigureName } from "./thread-figures.ts";

const WORD_NAMES: Readonly<Record<keyof ShardFigures, FigureName>> = {
  ownCount: "ownCommands",
  foreignCount: "foreignCommands",
  localReadCount: "localReads",
  localWriteCount: "localWrites",
  servedCount: "servedCommands",
  publishCount: "publishes",
  replyPublishCount: "replyPublishes",
  wakeCount: "wakeUps",
  fullCount: "fullRings",
  stallCount: "stalledReplies",
  timeoutCount: "shardTimeouts",
};
const ENTRIES = Object.entries(WORD_NAMES) as [keyof ShardFigures, FigureName][];

/** Null = threads share all keys, and have counted nothing of it. */
export function shardWords(counts: ShardFigures | null): Partial<Record<FigureName, number>> {
  return Object.fromEntries(ENTRIES.map(([field, name]) => [name, counts?.[field] ?? 0]));
}

export function readShardFigures(read: (name: FigureName) => number): ShardFigures {
  const figures = ENTRIES.map(([field, name]) => [field, read(name)]);
  return Object.fromEntries(figures) as ShardFigures;
}
