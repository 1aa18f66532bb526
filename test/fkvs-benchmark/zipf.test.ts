import { describe, expect, test } from "bun:test";
import { createRandom } from "../../fkvs-benchmark/random.ts";
import { createZipf } from "../../fkvs-benchmark/zipf.ts";

const COUNT = 400_000;

function countKeys(keyspace: number, theta: number): number[] {
  const next = createZipf(createRandom(3), keyspace, theta);
  const counts = new Array<number>(keyspace).fill(0);
  for (let i = 0; i < COUNT; i++) counts[next()]!++;
  return counts.sort((a, b) => b - a);
}

describe("zipf", () => {
  for (const theta of [0.5, 0.99]) {
    test(`asks for the hottest keys as often as the law says, theta ${theta}`, () => {
      const counts = countKeys(1000, theta);
      let zeta = 0;
      for (let rank = 1; rank <= 1000; rank++) zeta += rank ** -theta;
      // The first two ranks are exact in this method; the others are approximated.
      for (const rank of [1, 2]) {
        const wanted = (COUNT * rank ** -theta) / zeta;
        expect(Math.abs(counts[rank - 1]! - wanted) / wanted).toBeLessThan(0.05);
      }
      const hot = counts.slice(0, 100).reduce((sum, count) => sum + count, 0) / COUNT;
      let share = 0;
      for (let rank = 1; rank <= 100; rank++) share += rank ** -theta / zeta;
      expect(Math.abs(hot - share)).toBeLessThan(0.03);
    });
  }

  test("gives every rank a key of its own, in keyspaces of any size", () => {
    for (const keyspace of [1, 2, 3, 10, 1000]) {
      const counts = countKeys(keyspace, 0.2);
      expect(counts).toHaveLength(keyspace);
      expect(counts.every((count) => count > 0)).toBe(true);
    }
  });

  test("does not put the hot keys side by side", () => {
    const next = createZipf(createRandom(3), 1_000_000, 0.99);
    const keys = Array.from({ length: 1000 }, next);
    expect(keys.filter((key) => key < 100_000).length).toBeLessThan(500);
  });
});
