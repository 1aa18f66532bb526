// A process of its own, whose heap holds what this holds and nothing of other tests. Prints by how
// many bytes the heap has grown while objects are held, and when nobody holds them any more.

import { threadHeap } from "../../src/lib/heap.ts";

const OBJECT_COUNT = 200_000;

const held: { objects: { readonly index: number }[] } = { objects: [] };
threadHeap.collectAll();
const before = threadHeap.survivorBytes();
for (let index = 0; index < OBJECT_COUNT; index++) held.objects.push({ index });
threadHeap.collectYoung();
threadHeap.collectAll();
const whileHeld = threadHeap.survivorBytes() - before;
const lastIndex = held.objects.at(-1)!.index;
held.objects = [];
threadHeap.collectAll();
const released = threadHeap.survivorBytes() - before;
console.log(JSON.stringify({ whileHeld, lastIndex, released }));
