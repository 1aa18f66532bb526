// A thread that counts under a lock in a word: test/lib/word-lock.test.ts.

import { lockWord, unlockWord } from "../../src/lib/word-lock.ts";

declare const self: Worker;

export interface WordLockWork {
  /** The lock, and a word that only who has it may change. */
  readonly words: SharedArrayBuffer;
  readonly rounds: number;
}

self.onmessage = ({ data }: MessageEvent<WordLockWork>) => {
  const words = new Int32Array(data.words);
  for (let i = 0; i < data.rounds; i++) {
    lockWord(words, 0);
    words[1]!++;
    unlockWord(words, 0);
  }
  self.postMessage("done");
};
