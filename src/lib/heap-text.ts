// What lives on the JavaScript heap of this thread, as text: sizes, then objects by type, the most
// frequent first.

import { heapStats } from "bun:jsc";

/** Types that are listed. */
const TYPE_COUNT_MAX = 50;

export function describeHeap(): string {
  const { heapSize, heapCapacity, extraMemorySize, objectTypeCounts } = heapStats();
  // The count that the heap keeps itself is as old as its last collection.
  const objectCount = Object.values(objectTypeCounts).reduce((sum, count) => sum + count, 0);
  const types = Object.entries(objectTypeCounts)
    .sort(([, left], [, right]) => right - left)
    .slice(0, TYPE_COUNT_MAX);
  const lines: [string, number][] = [
    ["heap_bytes", heapSize],
    ["heap_capacity_bytes", heapCapacity],
    ["external_bytes", extraMemorySize],
    ["objects", objectCount],
    ...types.map(([type, count]): [string, number] => [`objects_${type}`, count]),
  ];
  return lines.map(([name, value]) => `${name}:${value}\n`).join("");
}
