// The section of INFO about several data threads: how many there are, what each has done, and which
// ways its commands went. A server with one thread does not have it.

import type { ThreadFigures, ThreadsFigures } from "./info-figures.ts";
import type { InfoLines } from "./info-sections.ts";

export function threadLines({ mode, threads }: ThreadsFigures): InfoLines {
  return [
    ["threads", threads.length],
    ["threads_mode", mode],
    ...threads.map((thread, index): InfoLines[number] => [`thread_${index}`, describe(thread)]),
  ];
}

function describe(thread: ThreadFigures): string {
  const { shard } = thread;
  const fields: [string, number | string][] = [
    ["connections", thread.connectionCount],
    ["unlisted", thread.unlistedCount],
    ["commands", thread.commandCount],
    ["lock_waits", thread.lockWaitCount],
    ["lock_sleeps", thread.lockSleepCount],
    ["structure_takes", thread.structureCount],
    ["all_segments_takes", thread.allSegmentsCount],
  ];
  if (shard !== null) {
    fields.push(
      ["own", shard.ownCount],
      ["foreign", shard.foreignCount],
      ["local_reads", shard.localReadCount],
      ["local_writes", shard.localWriteCount],
      ["served", shard.servedCount],
      ["publishes", shard.publishCount],
      ["commands_per_publish", perPublish(shard.foreignCount, shard.publishCount)],
      ["reply_publishes", shard.replyPublishCount],
      ["wake_ups", shard.wakeCount],
      ["full", shard.fullCount],
      ["stalls", shard.stallCount],
      ["timeouts", shard.timeoutCount],
    );
  }
  return fields.map(([name, value]) => `${name}=${value}`).join(",");
}

function perPublish(count: number, publishCount: number): string {
  return (publishCount === 0 ? 0 : count / publishCount).toFixed(2);
}
