import { expect, test } from "bun:test";
import { KEEPS_LOADS_IN_ORDER, loadWord } from "../../src/lib/shared-word.ts";

test("a word that another thread changes is seen to change", async () => {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const source = `self.onmessage = ({ data }) => {
    const words = new Int32Array(data);
    for (let i = 1; i <= 1000; i++) { words[1] = i; Atomics.store(words, 0, i); }
  };`;
  const worker = new Worker(URL.createObjectURL(new Blob([source])));
  worker.postMessage(words.buffer);
  let seen = 0;
  let isInOrder = true;
  const copy = new Int32Array(1);
  while (seen < 1000) {
    const now = loadWord(words, 0);
    // What was written before a word is seen with it.
    isInOrder &&= loadWord(words, 1) >= now;
    isInOrder &&= now >= seen;
    seen = now;
    copy[0] = seen;
  }
  worker.terminate();
  expect(isInOrder).toBe(true);
});

test("only x86 is trusted to keep loads in order", () => {
  expect(KEEPS_LOADS_IN_ORDER).toBe(process.arch === "x64");
});
