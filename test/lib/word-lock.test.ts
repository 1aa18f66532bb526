import { describe, expect, test } from "bun:test";
import { lockWord, unlockWord } from "../../src/lib/word-lock.ts";
import type { WordLockWork } from "../support/word-lock-worker.ts";

describe("a lock in a word", () => {
  test("is 0 while it is free", () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    lockWord(words, 1);
    expect([...words]).toEqual([0, 1]);
    unlockWord(words, 1);
    expect([...words]).toEqual([0, 0]);
  });

  test("lets one thread in at a time, and wakes who sleeps", async () => {
    const words = new SharedArrayBuffer(8);
    const work: WordLockWork = { words, rounds: 20_000 };
    const workers = [1, 2, 3].map(() => {
      return new Worker(new URL("../support/word-lock-worker.ts", import.meta.url).href);
    });
    const done = workers.map((worker) => {
      return new Promise((resolve) => worker.addEventListener("message", resolve));
    });
    for (const worker of workers) worker.postMessage(work);
    await Promise.all(done);
    for (const worker of workers) worker.terminate();
    expect([...new Int32Array(words)]).toEqual([0, 3 * work.rounds]);
  });
});
