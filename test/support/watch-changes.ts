// What clients do, and whether those who watch a key mind.

import { expect } from "bun:test";
import { NO_DEADLINE } from "../../src/redis/keyspace.ts";
import { BANK_SHIFT, wordIndexOf } from "../../src/store/arena.ts";
import { FLAG_WATCHED } from "../../src/store/entry.ts";
import { bytesOf, type KeyspaceFixture } from "./keyspace-fixture.ts";

export const DATABASE = 5;
export const KEY = bytesOf("key");

type Change = (fixture: KeyspaceFixture) => void;

/** What makes dirty who watches "key" in DATABASE; "other" in database 0 is there as well. */
export const CHANGES: Readonly<Record<string, Change>> = {
  "a shorter value": (fixture) => fixture.set(DATABASE, "key", "v"),
  "a longer value": (fixture) => fixture.set(DATABASE, "key", "v".repeat(1000)),
  "a value in pieces": (fixture) => fixture.set(DATABASE, "key", "v".repeat(500_000)),
  "a part written over": (fixture) => fixture.keys.overwrite(DATABASE, KEY, 2, bytesOf("part")),
  "the same value": (fixture) => fixture.set(DATABASE, "key", "value"),
  "a deadline": (fixture) => fixture.keys.setDeadline(DATABASE, KEY, BigInt(2 ** 50)),
  "its removal": (fixture) => fixture.delete(DATABASE, "key"),
  "a flush of its database": (fixture) => fixture.keys.flush(DATABASE),
  "a flush of all": (fixture) => fixture.keys.flush(),
  "a copy over it": (fixture) => fixture.keys.copy(0, bytesOf("other"), DATABASE, KEY),
  "a move over it": (fixture) => fixture.keys.move(0, bytesOf("other"), DATABASE, KEY),
  "a move away": (fixture) => fixture.keys.move(DATABASE, KEY, 0, bytesOf("elsewhere")),
};

/** What does not. */
export const NO_CHANGES: Readonly<Record<string, Change>> = {
  "a look": (fixture) => fixture.get(DATABASE, "key"),
  "a copy of it": (fixture) => fixture.keys.copy(DATABASE, KEY, 0, bytesOf("elsewhere")),
  "another key": (fixture) => fixture.set(DATABASE, "another", "value"),
  "the same key elsewhere": (fixture) => fixture.set(DATABASE + 1, "key", "value"),
  "a flush elsewhere": (fixture) => fixture.keys.flush(0),
  "no deadline": (fixture) => fixture.keys.setDeadline(DATABASE, KEY, NO_DEADLINE),
  "a value that memory is too full for": (fixture) => {
    expect(fixture.set(DATABASE, "key", "v".repeat(2 ** 24))).toBe(false);
  },
};

/** Whether the entry of a key has the mark that keeps short ways off it. */
export function isWatched(fixture: KeyspaceFixture, database: number, key: string): boolean {
  const reference = fixture.entryOf(database, key);
  if (reference === 0) throw new Error("a key that is looked at is there");
  const words = fixture.store.arena.words[reference >>> BANK_SHIFT]!;
  return (words[wordIndexOf(reference)]! & FLAG_WATCHED) !== 0;
}
