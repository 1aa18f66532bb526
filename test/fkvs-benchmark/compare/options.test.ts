import { describe, expect, spyOn, test } from "bun:test";
import { CommanderError } from "commander";
import { readOptions } from "../../../fkvs-benchmark/compare/options.ts";

describe("the options of a comparison", () => {
  test("have defaults", () => {
    expect(readOptions([])).toEqual({
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

  test.each(["--rounds 0", "--keys 999", "--seconds 1.5", "--pipelines 1,x", "--wrong", "word"])(
    "refuse %s",
    (line) => {
      using written = spyOn(process.stderr, "write").mockReturnValue(true);
      expect(() => readOptions(line.split(" "))).toThrow(CommanderError);
      expect(written).toHaveBeenCalled();
    },
  );
});
