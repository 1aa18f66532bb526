import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { runProgram } from "../support/run-program.ts";

const MAIN_PATH = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));

const runMain = (...args: string[]) => runProgram(MAIN_PATH, args);

describe("bun run bench", () => {
  test("lists the benchmarks", async () => {
    const { exitCode, stdout } = await runMain("--list");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^hash +XXH32/);
    expect(stdout.trimEnd().split("\n")).toHaveLength(13);
  });

  test("runs what is named, with as many keys as are asked for", async () => {
    const { exitCode, stdout } = await runMain("decoder", "slices", "--tiny", "--keys", "6401");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("decoder, 64 requests");
    expect(stdout).toContain("slices, 6,401 new keys");
    expect(stdout).not.toContain("pipeline");
  });

  test("refuses a name and a number that it does not know", async () => {
    const unknown = await runMain("decoder", "decoy");
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain("there is no benchmark decoy");
    for (const keys of ["63", "1e3.5", "many"]) {
      const { exitCode, stderr } = await runMain("decoder", "--tiny", "--keys", keys);
      expect(exitCode).toBe(2);
      expect(stderr).toContain("an integer from 64 on");
    }
  });
});
