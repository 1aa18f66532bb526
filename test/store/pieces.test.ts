import { describe, expect, test } from "bun:test";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { Pieces, emptyChain, type PieceChain } from "../../src/store/pieces.ts";
import { HeapFixture } from "../support/heap-fixture.ts";
import { Random } from "../support/random.ts";

const BYTES = Buffer.alloc(10 * PAGE_SIZE);
new Random(1).fill(BYTES);

class PiecesFixture extends HeapFixture {
  readonly pieces = new Pieces(this.arena, this.heap, this.pool);

  /** A chain of the first bytes of `BYTES`. */
  makeChain(length: number): PieceChain {
    const chain = emptyChain();
    expect(this.pieces.append(chain, BYTES, 0, length)).toBe(true);
    return chain;
  }

  read(chain: PieceChain, begin = 0, end = chain.length): Buffer {
    const stretches: Buffer[] = [];
    this.pieces.forEachStretch(chain, begin, end, (area, offset, length) => {
      stretches.push(Buffer.from(area.bytes.subarray(offset, offset + length)));
    });
    return Buffer.concat(stretches);
  }
}

function expectSame(actual: Buffer, expected: Uint8Array): void {
  expect(actual.equals(expected)).toBe(true);
}

describe("Pieces", () => {
  const LENGTHS = [0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 3 * PAGE_SIZE, 4 * PAGE_SIZE + 7];

  test("hold bytes in as few pages as there can be, and give them back", () => {
    for (const length of LENGTHS) {
      const fixture = new PiecesFixture(12);
      const chain = fixture.makeChain(length);
      const pageCount = Math.ceil(length / PAGE_SIZE);
      expect(chain.length).toBe(length);
      expect(fixture.pool.takenCount).toBe(pageCount);
      expect(fixture.pieces.liveBytes).toBe(pageCount * PAGE_SIZE);
      expectSame(fixture.read(chain), BYTES.subarray(0, length));
      fixture.pieces.give(chain);
      expect(chain).toEqual(emptyChain());
      expect(fixture.pool.takenCount).toBe(0);
      expect(fixture.pool.dirtyCount).toBe(pageCount);
      expect(fixture.pieces.liveBytes).toBe(0);
    }
  });

  test("give back every page of a chain to be taken again, once", () => {
    const fixture = new PiecesFixture(9);
    const first = fixture.makeChain(3 * PAGE_SIZE);
    const second = fixture.makeChain(5 * PAGE_SIZE);
    fixture.pieces.give(first);
    fixture.pieces.give(second);
    const pages = Array.from({ length: 8 }, () => fixture.pool.take());
    expect(pages.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(fixture.pool.take()).toBe(0);
    expect(fixture.pool.dirtyCount).toBe(0);
  });

  test("grow by whatever comes, in the last page first", () => {
    const random = new Random(2);
    const fixture = new PiecesFixture(12);
    const chain = emptyChain();
    while (chain.length < 9 * PAGE_SIZE) {
      const step = random.pick([1, 1000, PAGE_SIZE - 1, PAGE_SIZE]);
      fixture.pieces.append(
        chain,
        BYTES,
        chain.length,
        Math.min(chain.length + step, BYTES.length),
      );
    }
    expect(fixture.pool.takenCount).toBe(Math.ceil(chain.length / PAGE_SIZE));
    expectSame(fixture.read(chain), BYTES.subarray(0, chain.length));
  });

  test("are filled with zeros up to what is written behind them, whatever was there before", () => {
    const fixture = new PiecesFixture(5);
    fixture.pieces.give(fixture.makeChain(4 * PAGE_SIZE));
    const chain = fixture.makeChain(10);
    expect(fixture.pieces.overwrite(chain, 2 * PAGE_SIZE + 10, Buffer.from("end"))).toBe(true);
    const expected = Buffer.alloc(2 * PAGE_SIZE + 13);
    BYTES.copy(expected, 0, 0, 10);
    expected.write("end", 2 * PAGE_SIZE + 10);
    expectSame(fixture.read(chain), expected);
  });

  test("take nothing when there is not memory for all", () => {
    for (const length of [0, 1, PAGE_SIZE, PAGE_SIZE + 1]) {
      const fixture = new PiecesFixture(6);
      const chain = fixture.makeChain(length);
      const before = { ...chain };
      const { takenCount } = fixture.pool;
      expect(fixture.pieces.append(chain, BYTES, length, length + 5 * PAGE_SIZE + 1)).toBe(false);
      const change = BYTES.subarray(7);
      expect(fixture.pieces.overwrite(chain, 0, change.subarray(0, 6 * PAGE_SIZE))).toBe(false);
      expect(fixture.pieces.overwrite(chain, 5 * PAGE_SIZE, change.subarray(0, 1))).toBe(false);
      expect(fixture.pieces.overwrite(chain, 4 * PAGE_SIZE, change)).toBe(false);
      expect(chain).toEqual(before);
      expect(fixture.pool.takenCount).toBe(takenCount);
      expect(fixture.pieces.liveBytes).toBe(takenCount * PAGE_SIZE);
      expectSame(fixture.read(chain), BYTES.subarray(0, length));
      // What was tried does not show once there is room.
      expect(fixture.pieces.append(chain, BYTES, length, length + 3 * PAGE_SIZE)).toBe(true);
      expectSame(fixture.read(chain), BYTES.subarray(0, length + 3 * PAGE_SIZE));
    }
  });

  test("have memory made free when the pool has none", () => {
    const fixture = new PiecesFixture(4);
    const other = fixture.makeChain(PAGE_SIZE);
    fixture.heap.onExhausted(() => {
      const isThere = other.length > 0;
      fixture.pieces.give(other);
      return isThere;
    });
    const chain = fixture.makeChain(3 * PAGE_SIZE);
    expectSame(fixture.read(chain), BYTES.subarray(0, 3 * PAGE_SIZE));
    expect(fixture.pieces.append(chain, BYTES)).toBe(false);
  });

  test("are read and written over from anywhere to anywhere", () => {
    const fixture = new PiecesFixture(12);
    const length = 4 * PAGE_SIZE + 100;
    const chain = fixture.makeChain(length);
    const model = Buffer.from(BYTES.subarray(0, length));
    const random = new Random(3);
    const places = [0, 1, PAGE_SIZE - 1, PAGE_SIZE, 2 * PAGE_SIZE + 1, 4 * PAGE_SIZE, length];
    for (let step = 0; step < 200; step++) {
      const [begin, end] = [random.pick(places), random.pick(places)].toSorted((a, b) => a - b);
      expectSame(fixture.read(chain, begin, end), model.subarray(begin, end));
      const source = BYTES.subarray(random.below(1000)).subarray(0, end! - begin!);
      expect(fixture.pieces.overwrite(chain, begin!, source)).toBe(true);
      model.set(source, begin);
      expect(chain.length).toBe(length);
    }
    expectSame(fixture.read(chain), model);
    expect(() => fixture.read(chain, 0, length + 1)).toThrow("is there");
  });

  test("are written over across their end, and grow by the rest", () => {
    const fixture = new PiecesFixture(12);
    for (const position of [PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 49, PAGE_SIZE + 50]) {
      const chain = fixture.makeChain(PAGE_SIZE + 50);
      const source = BYTES.subarray(3, 3 + 2 * PAGE_SIZE);
      expect(fixture.pieces.overwrite(chain, position, source)).toBe(true);
      expectSame(fixture.read(chain), Buffer.concat([BYTES.subarray(0, position), source]));
      fixture.pieces.give(chain);
    }
    expect(fixture.pool.takenCount).toBe(0);
  });

  test("are copied, or not at all", () => {
    const fixture = new PiecesFixture(9);
    const chain = fixture.makeChain(3 * PAGE_SIZE + 1);
    const copied = fixture.pieces.copy(chain)!;
    expectSame(fixture.read(copied), BYTES.subarray(0, chain.length));
    fixture.pieces.overwrite(chain, 0, Buffer.alloc(chain.length));
    expectSame(fixture.read(copied), BYTES.subarray(0, chain.length));
    expect(fixture.pool.takenCount).toBe(8);
    expect(fixture.pieces.copy(chain)).toBeNull();
    expect(fixture.pool.takenCount).toBe(8);
  });

  test("that fit one page show their bytes where they lie", () => {
    const fixture = new PiecesFixture(4);
    expect(fixture.pieces.bytesOfOne(emptyChain()).length).toBe(0);
    const chain = fixture.makeChain(PAGE_SIZE);
    expectSame(Buffer.from(fixture.pieces.bytesOfOne(chain)), BYTES.subarray(0, PAGE_SIZE));
    fixture.pieces.append(chain, BYTES, 0, 1);
    expect(() => fixture.pieces.bytesOfOne(chain)).toThrow("one page");
  });
});
