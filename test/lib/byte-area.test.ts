import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteArea, copyBytes, equalBytes } from "../../src/lib/byte-area.ts";
import { Random } from "../support/random.ts";

const LENGTH_MAX = 200;
const ALIGNMENTS = [0, 1, 2, 3, 4, 5, 6, 7];
const MARGIN = 16;
const AREA_SIZE = LENGTH_MAX + 2 * MARGIN;
/** The byte around what is copied, and a byte that nothing copied ever has. */
const FENCE = 0xee;

function makeRandomArea(seed: number, length = AREA_SIZE): ByteArea {
  const area = new ByteArea(new SharedArrayBuffer(length));
  new Random(seed).fill(area.bytes);
  for (let i = 0; i < length; i++) if (area.bytes[i] === FENCE) area.bytes[i] = 0;
  return area;
}

describe("ByteArea", () => {
  test("shows a stretch of a buffer as bytes and as a view of the same memory", () => {
    const buffer = new SharedArrayBuffer(32);
    const area = new ByteArea(buffer, 8, 10);
    area.view.setUint16(0, 0x1234, true);
    area.bytes[9] = 7;
    expect(area.length).toBe(10);
    expect(area.bytes).toHaveLength(10);
    expect([...new Uint8Array(buffer, 8, 2)]).toEqual([0x34, 0x12]);
    expect(new Uint8Array(buffer)[17]).toBe(7);
    expect(() => area.view.getUint8(10)).toThrow(RangeError);
  });

  test("goes to the end of the buffer unless told otherwise", () => {
    expect(new ByteArea(new ArrayBuffer(32)).length).toBe(32);
    expect(new ByteArea(new ArrayBuffer(32), 30).length).toBe(2);
    expect(new ByteArea(new ArrayBuffer(0)).length).toBe(0);
  });
});

describe("copyBytes", () => {
  for (const from of ALIGNMENTS) {
    test(`writes exactly the bytes asked for, from alignment ${from} to every other`, () => {
      const source = makeRandomArea(from);
      const target = new ByteArea(new ArrayBuffer(AREA_SIZE));
      for (const to of ALIGNMENTS) {
        for (let length = 0; length <= LENGTH_MAX; length++) {
          target.bytes.fill(FENCE);
          copyBytes(source, MARGIN + from, target, MARGIN + to, length);
          const begin = MARGIN + to;
          const copied = target.bytes.subarray(begin, begin + length);
          const wanted = source.bytes.subarray(MARGIN + from, MARGIN + from + length);
          const fences = AREA_SIZE - length;
          if (!copied.equals(wanted)) throw new Error(`${length} bytes to ${to} differ`);
          if (countOf(target.bytes, FENCE) !== fences) throw new Error("a byte beside was written");
        }
      }
    });
  }

  test("copies within one area", () => {
    const area = makeRandomArea(9, 400);
    for (const length of [1, 63, 64, 65, 100]) {
      copyBytes(area, 3, area, 250, length);
      expect(area.bytes.compare(area.bytes, 3, 3 + length, 250, 250 + length)).toBe(0);
    }
  });

  test("refuses to write or read beyond the end of an area in small steps", () => {
    const source = makeRandomArea(1, 40);
    const target = new ByteArea(new ArrayBuffer(40));
    expect(() => copyBytes(source, 30, target, 0, 11)).toThrow(RangeError);
    expect(() => copyBytes(source, 0, target, 30, 11)).toThrow(RangeError);
  });

  test("copies any stretch between any places", () => {
    const source = makeRandomArea(2, 5000);
    const place = fc.nat(2000);
    fc.assert(
      fc.property(place, place, fc.nat(3000), (from, to, length) => {
        const target = new ByteArea(new ArrayBuffer(5000));
        copyBytes(source, from, target, to, length);
        expect(source.bytes.compare(target.bytes, to, to + length, from, from + length)).toBe(0);
      }),
    );
  });
});

describe("equalBytes", () => {
  test("finds equal what is equal, at every length and alignment", () => {
    const left = makeRandomArea(3);
    const right = new ByteArea(new ArrayBuffer(AREA_SIZE));
    for (const from of ALIGNMENTS) {
      for (const to of ALIGNMENTS) {
        // Everything beside the stretch differs.
        right.bytes.fill(FENCE);
        for (let length = 0; length <= LENGTH_MAX; length++) {
          left.bytes.copy(right.bytes, to, from, from + length);
          expect(equalBytes(left.view, from, right.view, to, length)).toBe(true);
        }
      }
    }
  });

  test("finds a difference of one bit wherever it is", () => {
    const left = makeRandomArea(4);
    const right = makeRandomArea(4);
    for (let length = 1; length <= LENGTH_MAX; length += length < 20 ? 1 : 13) {
      for (let at = 0; at < length; at++) {
        right.bytes[5 + at]! ^= 1 << (at & 7);
        expect(equalBytes(left.view, 5, right.view, 5, length)).toBe(false);
        right.bytes[5 + at]! ^= 1 << (at & 7);
      }
      right.bytes[5 + length]! ^= 1;
      right.bytes[4]! ^= 1;
      expect(equalBytes(left.view, 5, right.view, 5, length)).toBe(true);
      right.bytes[5 + length]! ^= 1;
      right.bytes[4]! ^= 1;
    }
  });
});

function countOf(bytes: Uint8Array, wanted: number): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) count += Number(bytes[i] === wanted);
  return count;
}
