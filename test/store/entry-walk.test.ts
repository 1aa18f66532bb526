import { describe, expect, test } from "bun:test";
import { EntryWalk } from "../../src/store/entry-walk.ts";
import { TableDirectories } from "../../src/store/table-directory.ts";
import { SegmentsFixture } from "../support/segments-fixture.ts";
import { collidingKeys } from "../support/xxhash-collisions.ts";

const SEED = 1;

function setUp(keys: readonly string[]) {
  const fixture = new SegmentsFixture(40, 2, { slotsLog2Max: 6, seed: SEED });
  const references = keys.map((key) => fixture.add(key));
  const directories = new TableDirectories(fixture.control, fixture.layout);
  const walk = new EntryWalk(fixture.arena, directories);
  const end = directories.length(directories.main);
  /** Visits all until it has seen `count`; what it has seen. */
  const visit = (count = Infinity) => {
    const seen: number[] = [];
    const goesOn = walk.run(directories.main, 0, end, (entry) => seen.push(entry) < count);
    return { seen, goesOn };
  };
  return { fixture, references, visit };
}

const sorted = (references: readonly number[]) => references.toSorted((a, b) => a - b);

describe("EntryWalk", () => {
  test("meets nothing where no table is", () => {
    expect(setUp([]).visit()).toEqual({ seen: [], goesOn: true });
  });

  test("meets every entry once, though places share tables", () => {
    const { fixture, references, visit } = setUp(Array.from({ length: 600 }, (_, i) => `${i}`));
    expect(fixture.census().tableCount).toBeLessThan(2 ** fixture.census().directoryBits);
    const { seen, goesOn } = visit();
    expect(sorted(seen)).toEqual(sorted(references));
    expect(goesOn).toBe(true);
  });

  test("meets those of a flood, and can end among them", () => {
    const { fixture, references, visit } = setUp(collidingKeys(0x12345678, SEED, 500));
    expect(fixture.census().strongCount).toBe(1);
    expect(sorted(visit().seen)).toEqual(sorted(references));
    for (const count of [1, 100, 499]) {
      const { seen, goesOn } = visit(count);
      expect(seen).toHaveLength(count);
      expect(goesOn).toBe(false);
    }
  });

  test("ends as soon as the visitor has seen enough", () => {
    const { visit } = setUp(Array.from({ length: 100 }, (_, i) => `${i}`));
    const { seen, goesOn } = visit(7);
    expect(seen).toHaveLength(7);
    expect(goesOn).toBe(false);
  });
});
