import { describe, expect, test } from "bun:test";
import { describeSituation } from "../../../fkvs-benchmark/compare/situation.ts";
import { listThreadParts } from "../../../fkvs-benchmark/compare/threads.ts";

const [UNIFORM, HOT] = listThreadParts([1, 16]);

describe("what several threads cost", () => {
  test("is asked in both modes, beside one thread", () => {
    const { contestants, yardsticks } = UNIFORM!;
    const flags = contestants.map(({ name, command }) => [name, command(1, "").slice(4).join(" ")]);
    expect(flags).toEqual([
      ["1 thread", ""],
      ["2 threads, shared", "--threads 2 --mode shared"],
      ["2 threads, sharded", "--threads 2 --mode sharded"],
      ["4 threads, shared", "--threads 4 --mode shared"],
      ["4 threads, sharded", "--threads 4 --mode sharded"],
      ["2 threads, sharded, owners alone", "--threads 2 --mode sharded --foreign-local none"],
    ]);
    expect(yardsticks).toEqual(["1 thread"]);
    expect(HOT!.contestants).toBe(contestants);
  });

  test("is asked of all keys, and of one", () => {
    const names = ["GET P=1", "GET P=16", "SET P=1", "SET P=16"];
    expect(UNIFORM!.situations.map(describeSituation)).toEqual(names);
    expect(HOT!.situations.map(describeSituation)).toEqual(names);
    expect(UNIFORM!.situations.map(({ keyCount }) => keyCount)).toEqual(Array(4).fill(undefined));
    const all = [...UNIFORM!.situations, ...HOT!.situations];
    expect(all.map(({ clientThreads }) => clientThreads)).toEqual(Array(8).fill(2));
    expect(HOT!.situations.map(({ keyCount }) => keyCount)).toEqual(Array(4).fill(1));
  });
});
