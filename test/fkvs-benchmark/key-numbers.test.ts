import { describe, expect, test } from "bun:test";
import { createKeyNumbers } from "../../fkvs-benchmark/key-numbers.ts";
import { createRandom } from "../../fkvs-benchmark/random.ts";
import type { KeyChoice } from "../../fkvs-benchmark/plan.ts";
import { makeLoadPlan } from "../support/load-plan.ts";

function choose(keys: KeyChoice, rest: Parameters<typeof makeLoadPlan>[0] = {}) {
  return createKeyNumbers(makeLoadPlan({ keys, ...rest }), createRandom(1));
}

const uniform = (keyspace: number): KeyChoice => ({
  kind: "random",
  keyspace,
  distribution: { kind: "uniform" },
});

describe("key numbers", () => {
  test("of a single key are always 0, and each client's own when verified", () => {
    expect(choose({ kind: "single" })(3)).toBe(0);
    const own = choose({ kind: "single" }, { isVerified: true, firstConnection: 10 });
    expect([own(0), own(3)]).toEqual([10, 13]);
  });

  test("of a sequence never come twice", () => {
    const next = choose({ kind: "sequence", begin: 5, step: 3 });
    expect([next(0), next(1), next(0)]).toEqual([5, 8, 11]);
  });

  test("are spread evenly over a keyspace, and the same for the same seed", () => {
    const [next, again] = [choose(uniform(10)), choose(uniform(10))];
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const key = next(0);
      expect(key).toBe(again(0));
      counts[key]!++;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  test("belong to one client each when they are verified", () => {
    for (const keyspace of [7, 8, 20, 1000]) {
      const next = choose(uniform(keyspace), { isVerified: true, connectionTotal: 7 });
      const owners = new Map<number, number>();
      for (let i = 0; i < 20_000; i++) {
        const connection = i % 7;
        const key = next(connection);
        expect(key >= 0 && key < keyspace).toBe(true);
        expect(owners.get(key) ?? connection).toBe(connection);
        owners.set(key, connection);
      }
      expect(owners.size).toBe(keyspace);
    }
  });

  test("need as many keys as clients when they are verified", () => {
    const few = () => choose(uniform(6), { isVerified: true, connectionTotal: 7 });
    expect(few).toThrow("keyspace of 6 is too small for 7 clients");
  });
});
