// What a hash costs by the length of its key, beside implementations that are not ours: whether
// XXH32 in TypeScript is good enough to need no native one, and what a flooded table pays.
//
// One loop for each implementation, over one area, for all lengths: so each is compiled as the
// decoder is, with its function inlined, the area a constant, and the length not.

import { createXXHash32 } from "hash-wasm";
import { assert } from "../src/lib/assert.ts";
import { ByteArea } from "../src/lib/byte-area.ts";
import { halfSipHash } from "../src/store/half-siphash.ts";
import { xxHash32 } from "../src/store/xxhash32.ts";
import { Random } from "../test/support/random.ts";
import { measureSection, type Budget, type Section } from "./measurement.ts";

const KEY_LENGTHS = [8, 16, 32, 64, 256];
const KEY_LENGTH_MAX = Math.max(...KEY_LENGTHS);
const SEED = 0x1234567;
/** Before each key, as in a frame of GET: nothing is aligned. */
const HEADER_SIZE = 5;
const STRIDE = HEADER_SIZE + KEY_LENGTH_MAX;
/** Rounds over all lengths until the loops are compiled for all of them. */
const WARM_UP_ROUNDS = 20;

interface Implementation {
  readonly name: string;
  /** Hashes every key, of a length; the hashes in one number. */
  readonly hashAll: (length: number) => number;
}

export async function measureHash(keyCount: number, budget: Budget): Promise<Section[]> {
  const area = new ByteArea(new SharedArrayBuffer(keyCount * STRIDE));
  new Random(SEED).fill(area.bytes);
  const views = new Map(KEY_LENGTHS.map((length) => [length, viewKeys(area, length)]));
  const implementations = [...ours(area), ...(await others(views))];
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    for (const length of KEY_LENGTHS) {
      const [own, , wasm, native] = implementations.map(({ hashAll }) => hashAll(length));
      assert(own === wasm && own === native, "all compute XXH32");
    }
  }
  const sections: Section[] = [];
  for (const length of KEY_LENGTHS) {
    const cases = implementations.map(({ name, hashAll }) => ({
      name,
      operationCount: keyCount,
      run: () => hashAll(length),
    }));
    sections.push(await measureSection(`hash, ${length} bytes`, "key", cases, budget));
  }
  return sections;
}

function viewKeys(area: ByteArea, length: number): Uint8Array[] {
  const views: Uint8Array[] = [];
  for (let at = HEADER_SIZE; at < area.length; at += STRIDE) {
    views.push(area.bytes.subarray(at, at + length));
  }
  return views;
}

function ours({ view, length: end }: ByteArea): Implementation[] {
  return [
    {
      name: "xxHash32",
      hashAll(length) {
        let sum = 0;
        for (let at = HEADER_SIZE; at < end; at += STRIDE) sum ^= xxHash32(view, at, length, SEED);
        return sum;
      },
    },
    {
      name: "halfSipHash",
      hashAll(length) {
        let sum = 0;
        for (let at = HEADER_SIZE; at < end; at += STRIDE) {
          sum ^= halfSipHash(view, at, length, SEED, ~SEED);
        }
        return sum;
      },
    },
  ];
}

/** They take views, which a server would have to make: at 30 ns each, not measured here. */
async function others(views: ReadonlyMap<number, Uint8Array[]>): Promise<Implementation[]> {
  const hasher = await createXXHash32(SEED);
  return [
    {
      name: "xxhash32 of hash-wasm, views at hand",
      hashAll(length) {
        let sum = 0;
        for (const view of views.get(length)!) {
          const [a, b, c, d] = hasher.init().update(view).digest("binary");
          sum ^= (a! << 24) | (b! << 16) | (c! << 8) | d!;
        }
        return sum;
      },
    },
    {
      name: "Bun.hash.xxHash32, views at hand",
      hashAll(length) {
        let sum = 0;
        for (const view of views.get(length)!) sum ^= Bun.hash.xxHash32(view, SEED);
        return sum;
      },
    },
  ];
}
