import { describe, expect, test } from "bun:test";
import { layOutControl, reserveControl } from "../../src/store/control-memory.ts";
import { DATABASE_SHIFT } from "../../src/store/entry.ts";
import { SharedWatches, WATCHED_KEY_COUNT_MAX } from "../../src/store/shared-watches.ts";
import { StoreLocks } from "../../src/store/store-locks.ts";

const HASH = -123456789;
const IDENTITY = 3 | (5 << DATABASE_SHIFT);

function makeThreads(): readonly [SharedWatches, SharedWatches] {
  const layout = layOutControl(2, 1);
  const control = new Int32Array(reserveControl(layout, true));
  const locks = new StoreLocks(control, layout);
  locks.enter();
  const shared = { control, layout, locks };
  return [new SharedWatches(shared), new SharedWatches(shared)];
}

describe("SharedWatches", () => {
  test("shows every change to all who have a share in the key", () => {
    const [first, second] = makeThreads();
    first.join(HASH, IDENTITY);
    const begin = first.begin(HASH, IDENTITY, true);
    expect(second.note(HASH, IDENTITY, true)).toBe(true);
    expect(first.version(HASH, IDENTITY)).not.toBe(begin);
    second.join(HASH, IDENTITY);
    const later = second.begin(HASH, IDENTITY, true);
    expect(later).toBe(first.version(HASH, IDENTITY));
    expect(first.note(HASH, IDENTITY, true)).toBe(true);
    expect(second.version(HASH, IDENTITY)).not.toBe(later);
  });

  test("knows nothing of keys that nobody watches", () => {
    const [first, second] = makeThreads();
    first.join(HASH, IDENTITY);
    const begin = first.begin(HASH, IDENTITY, true);
    expect(second.note(HASH + 1, IDENTITY, true)).toBe(false);
    expect(second.note(HASH, IDENTITY + 1, true)).toBe(false);
    expect(first.version(HASH, IDENTITY)).toBe(begin);
  });

  test("forgets a key with the last share", () => {
    const [first, second] = makeThreads();
    first.join(HASH, IDENTITY);
    second.join(HASH, IDENTITY);
    expect([first.count, second.count]).toEqual([1, 1]);
    expect(first.leave(HASH, IDENTITY)).toBe(false);
    expect(first.note(HASH, IDENTITY, true)).toBe(true);
    expect(second.leave(HASH, IDENTITY)).toBe(true);
    expect(first.note(HASH, IDENTITY, true)).toBe(false);
    expect(first.count).toBe(0);
  });

  test("takes a flush for a change of the keys that are there, in that database", () => {
    const [first, second] = makeThreads();
    const missing = HASH + 1;
    const elsewhere = IDENTITY ^ (1 << DATABASE_SHIFT);
    const keys = [
      [HASH, IDENTITY, true],
      [missing, IDENTITY, false],
      [HASH, elsewhere, true],
    ] as const;
    for (const [hash, identity] of keys) first.join(hash, identity);
    const begins = () =>
      keys.map(([hash, identity, isThere]) => first.begin(hash, identity, isThere));
    const versions = () => keys.map(([hash, identity]) => first.version(hash, identity));
    const changed = (before: readonly number[]) => versions().map((v, i) => v !== before[i]);
    let before = begins();
    second.noteFlush(5);
    expect(changed(before)).toEqual([true, false, false]);
    before = versions();
    second.noteFlush(5);
    expect(changed(before)).toEqual([false, false, false]);
    before = begins();
    second.noteFlush(null);
    expect(changed(before)).toEqual([true, false, true]);
    // What is written is there, and what is removed is not.
    second.note(missing, IDENTITY, true);
    before = versions();
    second.noteFlush(null);
    expect(changed(before)).toEqual([false, true, false]);
    second.note(missing, IDENTITY, true);
    second.note(missing, IDENTITY, false);
    before = versions();
    second.noteFlush(null);
    expect(changed(before)).toEqual([false, false, false]);
  });

  test("forgets no key that is there for one of the same hash and length that is not", () => {
    const [first, second] = makeThreads();
    first.join(HASH, IDENTITY);
    const begin = first.begin(HASH, IDENTITY, true);
    second.join(HASH, IDENTITY);
    expect(second.begin(HASH, IDENTITY, false)).toBe(begin);
    second.noteFlush(null);
    expect(first.version(HASH, IDENTITY)).not.toBe(begin);
  });

  test("refuses a key when there are too many", () => {
    const [watches] = makeThreads();
    for (let hash = 0; hash < WATCHED_KEY_COUNT_MAX; hash++) watches.join(hash, IDENTITY);
    expect(watches.join(HASH, IDENTITY)).toBe(false);
    expect(watches.join(0, IDENTITY)).toBe(true);
    expect(watches.leave(0, IDENTITY)).toBe(false);
    expect(watches.leave(0, IDENTITY)).toBe(true);
    expect(watches.join(HASH, IDENTITY)).toBe(true);
    expect(watches.count).toBe(WATCHED_KEY_COUNT_MAX);
  });
});
