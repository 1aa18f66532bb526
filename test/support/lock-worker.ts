// A thread that counts under locks of a store: test/store/store-locks.test.ts.

import { layOutControl } from "../../src/store/control-memory.ts";
import { StoreLocks } from "../../src/store/store-locks.ts";

declare const self: Worker;

export interface LockWork {
  readonly control: SharedArrayBuffer;
  /** Words that only who has the lock may change: by segment, and one for the structure. */
  readonly counters: SharedArrayBuffer;
  readonly pageCount: number;
  readonly segmentBits: number;
  readonly rounds: number;
  readonly seed: number;
}

self.onmessage = ({ data }: MessageEvent<LockWork>) => {
  const { control, counters, pageCount, segmentBits, rounds, seed } = data;
  const layout = layOutControl(pageCount, segmentBits);
  const locks = new StoreLocks(new Int32Array(control), layout);
  const words = new Int32Array(counters);
  const segmentCount = 2 ** segmentBits;
  let state = seed;
  for (let i = 0; i < rounds; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    const segment = (state >>> 8) % segmentCount;
    const hash = segment << (32 - segmentBits);
    if (i % 50 === 0) {
      locks.enterAll();
      for (let word = 0; word <= segmentCount; word++) words[word]!++;
      locks.leave();
    } else if (i % 5 === 0) {
      const other = (segment * 7 + 3) % segmentCount;
      locks.enterKeys(Int32Array.of(hash, other << (32 - segmentBits)), 0, 2);
      words[segment]!++;
      if (other !== segment) words[other]!++;
      words[segmentCount]!++;
      locks.leave();
    } else {
      locks.lockSegment(hash);
      words[segment]!++;
      locks.unlockSegment(hash);
    }
  }
  self.postMessage({ sleeps: locks.sleepCount, waits: locks.waitCount });
};
