// Looks at a word that other threads write, in such order as the program has it.
//
// JavaScriptCore compiles Atomics.load to a locked addition of nothing: 20 cycles, and the cache
// line is taken from whoever reads it beside us, so that threads which only look wait for each
// other. x86 keeps loads in order by itself, and no store passes a locked instruction; there a
// plain load does. A compiler may move it neither over a write to any typed array nor over an
// Atomics operation, since both may be to the same word: who reads a word twice and wants to see
// two values has one of them in between.

/** Whether the processor keeps loads in order. */
export const KEEPS_LOADS_IN_ORDER = process.arch === "x64";

export function loadWord(words: Int32Array, index: number): number {
  return KEEPS_LOADS_IN_ORDER ? words[index]! : Atomics.load(words, index);
}
