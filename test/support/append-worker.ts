// A thread that appends to a ring beside others: test/wal/joined-producer.test.ts.

import { createJoinedProducer } from "../../src/wal/joined-producer.ts";
import { WalDoorbell } from "../../src/wal/wal-control.ts";
import { Random } from "./random.ts";
import { appendSet, setRecordSize } from "./wal-records.ts";

declare const self: Worker;

export const APPENDED_LENGTH_MAX = 600;

export interface AppendWork {
  readonly ring: SharedArrayBuffer;
  readonly doorbell: SharedArrayBuffer;
  /** A word that counts what the consumer has taken, and is notified. */
  readonly takes: SharedArrayBuffer;
  readonly name: string;
  readonly recordCount: number;
  readonly threadCount: number;
  readonly seed: number;
}

/** The records that a thread appends, in order. */
export function* appendedBy({ name, recordCount, seed }: AppendWork): Generator<[string, string]> {
  const random = new Random(seed);
  for (let i = 0; i < recordCount; i++) {
    yield [`${name}${i}`, random.text(random.below(APPENDED_LENGTH_MAX))];
  }
}

/** As a verdict asks for it: others may be between theirs and their record. */
export function roomFor(threadCount: number): number {
  return threadCount * setRecordSize("name000000", "v".repeat(APPENDED_LENGTH_MAX));
}

function append(work: AppendWork): void {
  const takes = new Int32Array(work.takes);
  const producer = createJoinedProducer(work.ring, new WalDoorbell(work.doorbell));
  const random = new Random(work.seed + 1);
  for (const [key, value] of appendedBy(work)) {
    for (;;) {
      const seen = Atomics.load(takes, 0);
      if (producer.hasRoom(roomFor(work.threadCount))) break;
      producer.publish();
      Atomics.wait(takes, 0, seen);
    }
    appendSet(producer, key, value);
    if (random.oneIn(4)) producer.publish();
  }
  producer.publish();
}

if (!Bun.isMainThread) {
  self.onmessage = ({ data }: MessageEvent<AppendWork>) => {
    append(data);
    self.postMessage("done");
  };
}
