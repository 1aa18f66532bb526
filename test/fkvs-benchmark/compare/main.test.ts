import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { runProgram } from "../../support/run-program.ts";

const MAIN_PATH = fileURLToPath(
  new URL("../../../fkvs-benchmark/compare/main.ts", import.meta.url),
);

const run = (...args: string[]) => runProgram(MAIN_PATH, args);

describe("bun run compare", () => {
  test("prints help", async () => {
    const { exitCode, stdout } = await run("--help");
    expect(exitCode).toBe(0);
    expect(stdout).toStartWith("Usage: compare [options]\n");
  });

  test("answers a mistake with a sentence and 2", async () => {
    for (const args of [["--round", "3"], ["--durability", "--only", "x"], ["word"]]) {
      const { exitCode, stdout, stderr } = await run(...args);
      expect([exitCode, stdout]).toEqual([2, ""]);
      expect(stderr).toStartWith("error: ");
    }
  });
});
