import { describe, expect, test } from "bun:test";
import { STRUCTURE_LOCK, layOutControl, reserveControl } from "../../src/store/control-memory.ts";
import { StoreLocks } from "../../src/store/store-locks.ts";
import type { LockWork } from "../support/lock-worker.ts";

const PAGE_COUNT = 16;
const SEGMENT_BITS = 3;
const SEGMENT_COUNT = 2 ** SEGMENT_BITS;
const layout = layOutControl(PAGE_COUNT, SEGMENT_BITS);

function hashIn(segment: number): number {
  return segment << (32 - SEGMENT_BITS);
}

function setUp() {
  const control = new Int32Array(reserveControl(layout));
  return { control, locks: new StoreLocks(control, layout) };
}

/** Whether each segment's lock is held, and the structure's. */
function heldIn(control: Int32Array): string {
  const words = Array.from(
    { length: SEGMENT_COUNT },
    (_, i) => control[layout.segmentsBegin + 16 * i]! & 1,
  );
  return `${words.join("")} ${control[STRUCTURE_LOCK]! & 1}`;
}

describe("StoreLocks", () => {
  test("take one segment on the short way, and nothing else", () => {
    const { control, locks } = setUp();
    locks.lockSegment(hashIn(5));
    expect(heldIn(control)).toBe("00000100 0");
    locks.unlockSegment(hashIn(5));
    expect(heldIn(control)).toBe("00000000 0");
    expect(locks.hasStructure).toBe(false);
  });

  test("try for one segment without waiting", () => {
    const { control, locks } = setUp();
    expect(locks.tryLockSegment(hashIn(5))).toBe(true);
    expect(heldIn(control)).toBe("00000100 0");
    expect(locks.tryLockSegment(hashIn(5))).toBe(false);
    expect(locks.tryLockSegment(hashIn(4))).toBe(true);
    expect(locks.waitCount).toBe(0);
    locks.unlockSegment(hashIn(5));
    expect(heldIn(control)).toBe("00001000 0");
  });

  test("take the structure and the segments of keys, each once", () => {
    const { control, locks } = setUp();
    locks.enterKeys(Int32Array.of(hashIn(6), hashIn(1), hashIn(6), hashIn(3)), 0, 4);
    expect(heldIn(control)).toBe("01010010 1");
    locks.alsoKey(hashIn(7));
    expect(heldIn(control)).toBe("01010011 1");
    locks.leave();
    expect(heldIn(control)).toBe("00000000 0");
  });

  test("may be entered by who is inside, and are given back by the last leave", () => {
    const { control, locks } = setUp();
    locks.enterKey(hashIn(2));
    locks.enterAll();
    locks.leave();
    expect(heldIn(control)).toBe("11111111 1");
    expect(locks.hasStructure).toBe(true);
    locks.leaveSegments();
    expect(heldIn(control)).toBe("00000000 1");
    locks.leave();
    expect(heldIn(control)).toBe("00000000 0");
    expect({ structure: locks.structureCount, all: locks.allCount }).toEqual({
      structure: 1,
      all: 1,
    });
  });

  test("refuse several segments without the structure, and a leave without an enter", () => {
    const { locks } = setUp();
    expect(() => locks.alsoKey(hashIn(1))).toThrow("has the structure");
    expect(() => locks.leave()).toThrow("has entered");
  });

  test("let one thread in at a time, and wake who sleeps", async () => {
    const rounds = 20_000;
    const control = reserveControl(layout);
    const counters = new SharedArrayBuffer(4 * (SEGMENT_COUNT + 1));
    const workers = [1, 2, 3].map((seed) => {
      const worker = new Worker(new URL("../support/lock-worker.ts", import.meta.url).href);
      const work: LockWork = {
        control,
        counters,
        pageCount: PAGE_COUNT,
        segmentBits: SEGMENT_BITS,
        rounds,
        seed,
      };
      const done = new Promise<void>((resolve) => {
        worker.onmessage = () => resolve();
      });
      worker.postMessage(work);
      return { worker, done };
    });
    await Promise.all(workers.map(({ done }) => done));
    for (const { worker } of workers) worker.terminate();
    const words = new Int32Array(counters);
    const alls = rounds / 50;
    const pairs = rounds / 5 - alls;
    expect(words[SEGMENT_COUNT]).toBe(3 * (alls + pairs));
    const inSegments = words.subarray(0, SEGMENT_COUNT).reduce((sum, count) => sum + count, 0);
    // A pair counts twice unless both of its keys are of one segment: 7s + 3 is s nowhere modulo 8.
    expect(inSegments).toBe(3 * (alls * SEGMENT_COUNT + 2 * pairs + (rounds - alls - pairs)));
  });
});
