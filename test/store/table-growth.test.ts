import { describe, expect, test } from "bun:test";
import { BANK_SHIFT } from "../../src/store/arena.ts";
import { FREE, PURPOSE } from "../../src/store/block-heap.ts";
import { classOfSize } from "../../src/store/size-class.ts";
import { findFreeSlot, maskOf, PROBE_LENGTH_MAX } from "../../src/store/slot-table.ts";
import { LOG2_MASK, tableBegin, TableDirectories } from "../../src/store/table-directory.ts";
import { TableGrowth } from "../../src/store/table-growth.ts";
import { SLICE, SLICE_BUCKET_COUNT, WorkSlices } from "../../src/store/work-slices.ts";
import { HeapFixture } from "../support/heap-fixture.ts";
import { Random } from "../support/random.ts";
import { TestClock } from "../support/test-clock.ts";

const STRONG_KEY = [2, 3] as const;

/** Tables whose entries are numbers without a block behind them. */
class GrowthFixture extends HeapFixture {
  readonly directories = new TableDirectories(this.control, this.layout);
  readonly slices = new WorkSlices(new TestClock());
  readonly growth = new TableGrowth(this.arena, this.heap, this.directories, this.slices);
  readonly main = this.directories.main;

  add(hash: number, reference: number): void {
    const place = this.directories.placeOf(this.main, hash);
    const table = this.directories.tableAt(this.main, place);
    const words = this.arena.words[table >>> BANK_SHIFT]!;
    const begin = tableBegin(table);
    const slot = findFreeSlot(words, begin, maskOf(table & LOG2_MASK), hash);
    words[begin + slot] = hash;
    words[begin + slot + 1] = reference;
    this.directories.setCount(this.main, place, this.directories.countAt(this.main, place) + 1);
  }

  /** Hashes by reference of the table at a place. */
  read(place: number): Map<number, number> {
    const table = this.directories.tableAt(this.main, place);
    const words = this.arena.words[table >>> BANK_SHIFT]!;
    const begin = tableBegin(table);
    const pairs = new Map<number, number>();
    for (let slot = 0; slot <= maskOf(table & LOG2_MASK); slot += 2) {
      if (words[begin + slot + 1] !== 0) pairs.set(words[begin + slot + 1]!, words[begin + slot]!);
    }
    return pairs;
  }

  tableSlices(): number {
    let count = 0;
    for (let i = 0; i < SLICE_BUCKET_COUNT; i++) count += this.slices.count(SLICE.TABLE, i);
    return count;
  }
}

function makeFixture(entryCount: number, slotsLog2: number): GrowthFixture {
  const fixture = new GrowthFixture(20);
  const random = new Random(entryCount);
  for (const place of [0, 1]) fixture.growth.resize(fixture.main, place, slotsLog2);
  for (let i = 1; i <= entryCount; i++) fixture.add(random.word() & 0x7fffffff, i);
  return fixture;
}

describe("TableGrowth.resize", () => {
  test("makes the first table of a place, empty whatever its block held before", () => {
    const fixture = new GrowthFixture(20);
    const classIndex = classOfSize(512);
    const block = fixture.heap.allocate(PURPOSE.TABLE, classIndex);
    const keeper = fixture.heap.allocate(PURPOSE.TABLE, classIndex);
    fixture.arena.words[0]!.fill(7, tableBegin(block), tableBegin(block) + 128);
    fixture.heap.free(block);
    expect(fixture.growth.resize(fixture.main, 0, 6)).toBe(true);
    expect(fixture.directories.tableAt(fixture.main, 0)).toBe(block | 6);
    expect(fixture.read(0).size).toBe(0);
    expect(keeper).not.toBe(block);
    expect(fixture.tableSlices()).toBe(1);
  });

  test("moves all entries and frees the old table, larger and smaller", () => {
    const fixture = makeFixture(40, 6);
    const before = fixture.read(0);
    for (const slotsLog2 of [7, 13, 10, 6]) {
      expect(fixture.growth.resize(fixture.main, 0, slotsLog2)).toBe(true);
      expect(fixture.read(0)).toEqual(before);
      expect(fixture.directories.countAt(fixture.main, 0)).toBe(40);
      expect(fixture.heap.liveBytes(PURPOSE.TABLE)).toBe((8 << slotsLog2) + 512);
    }
  });

  test("frees a table whose first hash looks like the mark of a free block", () => {
    const fixture = makeFixture(0, 6);
    // A hash of all ones has its home at the last slot; the second such wraps round to the first.
    fixture.add(-1, 100);
    fixture.add(-1, 101);
    const begin = tableBegin(fixture.directories.tableAt(fixture.main, 1));
    expect(fixture.arena.words[0]![begin]).toBe(FREE);
    expect(fixture.growth.resize(fixture.main, 1, 7)).toBe(true);
    expect(fixture.read(1).size).toBe(2);
  });

  test("changes nothing without memory, and does not call that a flood", () => {
    const fixture = makeFixture(40, 6);
    const before = fixture.read(0);
    fixture.pool.setLimit(0);
    expect(fixture.growth.resize(fixture.main, 0, 13)).toBe(false);
    expect(fixture.growth.isFlooded).toBe(false);
    expect(fixture.read(0)).toEqual(before);
    expect(fixture.heap.liveBytes(PURPOSE.TABLE)).toBe(1024);
  });

  test("changes nothing and says so where entries would get out of reach", () => {
    const fixture = makeFixture(0, 13);
    for (let i = 0; i < PROBE_LENGTH_MAX - 100; i++) {
      fixture.add((i << 13) | 5, 2 * i + 1);
      fixture.add((i << 13) | 4096 | 5, 2 * i + 2);
    }
    const before = fixture.read(0);
    const liveBytes = fixture.heap.liveBytes(PURPOSE.TABLE);
    expect(fixture.growth.resize(fixture.main, 0, 12)).toBe(false);
    expect(fixture.growth.isFlooded).toBe(true);
    expect(fixture.read(0)).toEqual(before);
    expect(fixture.heap.liveBytes(PURPOSE.TABLE)).toBe(liveBytes);
    expect(fixture.growth.resize(fixture.main, 1, 12)).toBe(true);
    expect(fixture.growth.isFlooded).toBe(false);
  });
});

describe("TableGrowth.split", () => {
  test("divides the entries by the next bit of their hash", () => {
    const fixture = makeFixture(80, 7);
    const before = fixture.read(0);
    expect(fixture.growth.split(fixture.main, 0)).toBe(true);
    expect(fixture.directories.bits(fixture.main)).toBe(2);
    const [low, high] = [fixture.read(0), fixture.read(1)];
    for (const hash of low.values()) expect(hash >>> 30).toBe(0);
    for (const hash of high.values()) expect(hash >>> 30).toBe(1);
    expect(new Map([...low, ...high])).toEqual(before);
    expect(fixture.directories.countAt(fixture.main, 0)).toBe(low.size);
    expect(fixture.directories.countAt(fixture.main, 1)).toBe(high.size);
    expect(fixture.heap.liveBytes(PURPOSE.TABLE)).toBe(3 * 1024);
  });

  test("keeps the table when there is memory for none or only one of its halves", () => {
    const fixture = makeFixture(80, 7);
    const before = fixture.read(0);
    fixture.pool.setLimit(0);
    const classIndex = classOfSize(1024);
    while (fixture.heap.roomCount(PURPOSE.TABLE, classIndex) > 1) {
      fixture.heap.allocate(PURPOSE.TABLE, classIndex);
    }
    const liveBytes = fixture.heap.liveBytes(PURPOSE.TABLE);
    for (const room of [1, 0]) {
      expect(fixture.heap.roomCount(PURPOSE.TABLE, classIndex)).toBe(room);
      expect(fixture.growth.split(fixture.main, 0)).toBe(false);
      expect(fixture.growth.isFlooded).toBe(false);
      expect(fixture.heap.roomCount(PURPOSE.TABLE, classIndex)).toBe(room);
      expect(fixture.read(0)).toEqual(before);
      expect(fixture.directories.countAt(fixture.main, 0)).toBe(80);
      fixture.heap.allocate(PURPOSE.TABLE, classIndex);
    }
    expect(fixture.heap.liveBytes(PURPOSE.TABLE)).toBe(liveBytes + 1024);
  });

  test("calls it a flood when entries come to lie out of reach", () => {
    const slotsLog2 = 11;
    const fixture = makeFixture(0, slotsLog2);
    const home = 2 ** slotsLog2 - PROBE_LENGTH_MAX / 2;
    // A crowd that goes round the end of the table, and behind it one entry for each home that it
    // covers. Met in the order of the slots, half of the crowd comes last.
    for (let i = 0; i < PROBE_LENGTH_MAX; i++) fixture.add((i << slotsLog2) | home, i + 1);
    for (let i = 1; i < PROBE_LENGTH_MAX; i++) {
      fixture.add((home + i) % 2 ** slotsLog2, PROBE_LENGTH_MAX + i);
    }
    const before = fixture.read(0);
    const liveBytes = fixture.heap.liveBytes(PURPOSE.TABLE);
    expect(before.size).toBe(2 * PROBE_LENGTH_MAX - 1);
    expect(fixture.growth.split(fixture.main, 0)).toBe(false);
    expect(fixture.growth.isFlooded).toBe(true);
    expect(fixture.read(0)).toEqual(before);
    expect(fixture.heap.liveBytes(PURPOSE.TABLE)).toBe(liveBytes);
    expect(fixture.directories.countAt(fixture.main, 0)).toBe(before.size);
  });

  test("calls it a flood when the directory cannot tell more tables apart", () => {
    const fixture = makeFixture(10, 6);
    let splits = 0;
    while (fixture.growth.split(fixture.main, 0)) splits++;
    expect(splits).toBe(fixture.layout.directoryBitsMax - 1);
    expect(fixture.growth.isFlooded).toBe(true);
  });
});

describe("TableGrowth.spread", () => {
  test("changes nothing without memory for the table or for the directory", () => {
    const fixture = makeFixture(0, 13);
    const table = fixture.directories.tableAt(fixture.main, 0);
    const retagged = () => {
      throw new Error("nothing has another hash");
    };
    fixture.pool.setLimit(0);
    expect(fixture.growth.spread(fixture.main, 0, STRONG_KEY, retagged)).toBe(false);
    fixture.pool.setLimit(19);
    const liveBytes = fixture.heap.liveBytes(PURPOSE.TABLE);
    while (fixture.directories.createStrong(64, 0) !== 0);
    expect(fixture.growth.spread(fixture.main, 0, STRONG_KEY, retagged)).toBe(false);
    expect(fixture.directories.tableAt(fixture.main, 0)).toBe(table);
    expect(fixture.heap.liveBytes(PURPOSE.TABLE)).toBe(liveBytes);
  });
});
