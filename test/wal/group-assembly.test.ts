import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { emptyChain, type PieceChain } from "../../src/store/pieces.ts";
import { GroupAssembly, type Change, type PartPlace } from "../../src/wal/group-assembly.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { RecordReader } from "../../src/wal/record-reader.ts";
import { recordBytes, type RecordText } from "../support/wal-files.ts";

const { SET, DELETE, PART } = RECORD_KIND;

/** Takes parts, and counts the chains that nobody has. */
class TestPlace implements PartPlace {
  readonly texts = new Map<PieceChain, string>();

  append(chain: PieceChain, bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString("latin1");
    this.texts.set(chain, (this.texts.get(chain) ?? "") + text);
    chain.length += text.length;
  }

  give(chain: PieceChain): void {
    this.texts.delete(chain);
    Object.assign(chain, emptyChain());
  }
}

class Fixture {
  readonly place = new TestPlace();
  readonly groups = new GroupAssembly(this.place);

  add(partition: number, index: number, count: number, record: Partial<RecordText>, id = 7) {
    const text = { kind: SET, key: "k", ...record, member: { id, count, index } };
    const area = new ByteArea(Uint8Array.from(recordBytes(text)).buffer);
    const reader = new RecordReader(area);
    reader.open(area, 0, area.length);
    reader.next();
    const result = this.groups.add(partition, reader);
    // What was read is overwritten by what is read next.
    area.bytes.fill(0xff);
    return result;
  }

  /** Key and value of each change. */
  describe(changes: readonly Change[] | string | null): unknown {
    if (changes === null || typeof changes === "string") return changes;
    return changes.map(({ key, value }) => {
      const text = value instanceof Uint8Array ? value.toString() : this.place.texts.get(value)!;
      return [key.toString("latin1"), text];
    });
  }
}

describe("GroupAssembly", () => {
  test("hands out a group when its last member comes, in order", () => {
    const fixture = new Fixture();
    expect(fixture.add(1, 1, 4, { key: "b" })).toBeNull();
    expect(fixture.add(1, 3, 4, { key: "d", kind: DELETE })).toBeNull();
    expect(fixture.add(0, 0, 4, { key: "a", deadlineMs: 2 ** 33 + 5, database: 3 })).toBeNull();
    expect(fixture.groups.openIds).toEqual([7]);
    const changes = fixture.add(2, 2, 4, { key: "c" });
    expect(changes).toMatchObject([
      { index: 0, partition: 0, kind: SET, database: 3, deadlineLow: 5, deadlineHigh: 2 },
      { index: 1, partition: 1, kind: SET },
      { index: 2, partition: 2, kind: SET },
      { index: 3, partition: 1, kind: DELETE },
    ]);
    expect(fixture.groups.isOpen(7)).toBe(false);
  });

  test("keeps copies, and groups apart", () => {
    const fixture = new Fixture();
    fixture.add(0, 0, 2, { key: "a", value: "1" }, 1);
    fixture.add(0, 0, 2, { key: "b", value: "2" }, 2);
    const second = fixture.add(0, 1, 2, { key: "c", value: "3" }, 2);
    const first = fixture.add(0, 1, 2, { key: "d", value: "4" }, 1);
    expect(fixture.describe(second)).toEqual([
      ["b", "2"],
      ["c", "3"],
    ]);
    expect(fixture.describe(first)).toEqual([
      ["a", "1"],
      ["d", "4"],
    ]);
  });

  test("puts the parts of values together, of several partitions at a time", () => {
    const fixture = new Fixture();
    const part = (offset: number, value: string, key: string) => {
      return { kind: PART, key, value, part: { offset, whole: 5 } };
    };
    fixture.add(0, 0, 5, part(0, "ab", "x"));
    fixture.add(1, 2, 5, part(0, "12345", "y"));
    fixture.add(1, 3, 5, part(0, "123", "z"));
    fixture.add(0, 1, 5, part(2, "cde", "x"));
    expect(fixture.describe(fixture.add(1, 4, 5, part(3, "45", "z")))).toEqual([
      ["x", "abcde"],
      ["y", "12345"],
      ["z", "12345"],
    ]);
  });

  test("gives back the parts of what is dropped", () => {
    const fixture = new Fixture();
    fixture.add(0, 0, 3, { kind: PART, value: "ab", part: { offset: 0, whole: 5 } });
    fixture.add(1, 2, 3, { value: "ab" });
    expect(fixture.place.texts.size).toBe(1);
    fixture.groups.drop(7);
    fixture.groups.drop(8);
    expect(fixture.place.texts.size).toBe(0);
    expect(fixture.groups.openIds).toEqual([]);
  });

  test("refuses what cannot be a member", () => {
    const first = { kind: PART, value: "ab", part: { offset: 0, whole: 5 } } as const;
    const cases: [string, number, number, Partial<RecordText>][] = [
      ["differ on their number", 1, 5, {}],
      ["out of order", 0, 4, {}],
      ["is interrupted", 1, 4, {}],
      ["do not follow each other", 1, 4, { ...first, part: { offset: 3, whole: 5 } }],
      ["do not follow each other", 1, 4, { ...first, part: { offset: 2, whole: 6 } }],
      ["do not follow each other", 1, 4, { ...first, part: { offset: 2, whole: 5 }, key: "l" }],
      ["do not follow each other", 1, 4, { ...first, part: { offset: 2, whole: 5 }, database: 1 }],
    ];
    for (const [fault, index, count, record] of cases) {
      const fixture = new Fixture();
      fixture.add(0, 0, 4, first);
      expect(fixture.add(0, index, count, record)).toContain(fault);
    }
    const fixture = new Fixture();
    fixture.add(0, 0, 2, {});
    expect(fixture.add(0, 1, 2, first)).toBe("a value in parts has no end");
  });
});
