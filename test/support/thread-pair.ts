// Two stores over the same memory, as two data threads have them. The test calls one after the
// other, so that nobody ever waits for a lock; each has its own all the same.

import { reserveStore } from "../../src/store/store-buffers.ts";
import type { StoreLocks } from "../../src/store/store-locks.ts";
import { KeyspaceFixture } from "./keyspace-fixture.ts";

const SEGMENT_BITS = 2;

export class ThreadPair {
  readonly first: KeyspaceFixture;
  readonly second: KeyspaceFixture;

  constructor(sizeBytes = 8 * 2 ** 20) {
    const sharedBuffers = reserveStore(sizeBytes, SEGMENT_BITS, true);
    const options = { sizeBytes, segmentBits: SEGMENT_BITS, sharedBuffers };
    this.first = new KeyspaceFixture(options);
    this.second = new KeyspaceFixture(options);
  }

  get both(): readonly [KeyspaceFixture, KeyspaceFixture] {
    return [this.first, this.second];
  }
}

/** Does something as a command that has all locks does. */
export function withAllLocks<T>(thread: KeyspaceFixture, work: () => T): T {
  const locks = locksOf(thread);
  locks.enterAll();
  try {
    return work();
  } finally {
    locks.leave();
  }
}

/** The same with the structure alone. */
export function withStructure<T>(thread: KeyspaceFixture, work: () => T): T {
  const locks = locksOf(thread);
  locks.enter();
  try {
    return work();
  } finally {
    locks.leave();
  }
}

function locksOf({ store }: KeyspaceFixture): StoreLocks {
  if (store.locks === null) throw new Error("a store that threads share has locks");
  return store.locks;
}
