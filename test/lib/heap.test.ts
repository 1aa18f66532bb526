import { expect, test } from "bun:test";
import { threadHeap } from "../../src/lib/heap.ts";

const MIB = 2 ** 20;

test("a collection of everything takes what nobody holds any more, and nothing else", () => {
  const held: { objects: { readonly index: number }[] } = { objects: [] };
  threadHeap.collectAll();
  const before = threadHeap.survivorBytes();
  for (let index = 0; index < 200_000; index++) held.objects.push({ index });
  threadHeap.collectYoung();
  threadHeap.collectAll();
  expect(threadHeap.survivorBytes() - before).toBeGreaterThan(2 * MIB);
  expect(held.objects[199_999]).toEqual({ index: 199_999 });
  held.objects = [];
  threadHeap.collectAll();
  expect(threadHeap.survivorBytes() - before).toBeLessThan(MIB);
});
