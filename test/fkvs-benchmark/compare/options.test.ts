import { describe, expect, spyOn, test } from "bun:test";
import { CommanderError } from "commander";
import type { ContestPart } from "../../../fkvs-benchmark/compare/contest-part.ts";
import { listDurabilityParts } from "../../../fkvs-benchmark/compare/durability.ts";
import { PART_NAMES, readOptions } from "../../../fkvs-benchmark/compare/options.ts";
import { listThreadParts } from "../../../fkvs-benchmark/compare/threads.ts";

describe("the options of a comparison", () => {
  test("have defaults", () => {
    expect(readOptions([])).toEqual({
      durability: false,
      threads: false,
      rounds: 5,
      seconds: 1,
      keys: 1_000_000,
      memoryKeys: 10_000_000,
      pipelines: [1, 16, 128],
      clients: 50,
      write: true,
    });
  });

  test("are read", () => {
    const line = "--rounds 3 --seconds 2 --keys 1000 --memory-keys 0 --pipelines 1,8 --no-write";
    expect(readOptions(line.split(" "))).toMatchObject({
      rounds: 3,
      seconds: 2,
      keys: 1000,
      memoryKeys: 0,
      pipelines: [1, 8],
      write: false,
    });
  });

  test("choose another comparison, and parts of it", () => {
    const line = "--durability --only always,shards --dir /srv";
    expect(readOptions(line.split(" "))).toMatchObject({
      durability: true,
      only: ["always", "shards"],
      dir: "/srv",
      keys: 100_000,
    });
    const { threads, only, keys } = readOptions(["--threads", "--only", "hot"]);
    expect({ threads, only, keys }).toEqual({ threads: true, only: ["hot"], keys: 1_000_000 });
  });

  test("know the parts that there are", () => {
    const namesOf = (parts: readonly ContestPart[]) => parts.map(({ name }) => name);
    expect(namesOf(listDurabilityParts("ext4"))).toEqual([...PART_NAMES.durability]);
    expect(namesOf(listThreadParts([1]))).toEqual([...PART_NAMES.threads]);
  });

  test.each([
    ...["--rounds 0", "--keys 999", "--seconds 1.5", "--pipelines 1,x", "--wrong", "word"],
    ...["--durability --threads", "--durability --clients 3", "--threads --memory-keys 0"],
    ...["--only hot", "--durability --only hot", "--dir /srv", "--threads --dir /srv"],
  ])("refuse %s", (line) => {
    using written = spyOn(process.stderr, "write").mockReturnValue(true);
    expect(() => readOptions(line.split(" "))).toThrow(CommanderError);
    expect(written).toHaveBeenCalled();
  });
});
