import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";

const MAIN_PATH = fileURLToPath(
  new URL("../../../fkvs-benchmark/compare/main.ts", import.meta.url),
);

async function run(...args: string[]) {
  const child = Bun.spawn([process.execPath, MAIN_PATH, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, stdout, stderr };
}

describe("bun run compare", () => {
  test("prints help", async () => {
    const { exitCode, stdout } = await run("--help");
    expect(exitCode).toBe(0);
    expect(stdout).toStartWith("Usage: compare [options]\n");
  });

  test("answers a mistake with a sentence and 2", async () => {
    for (const args of [["--round", "3"], ["--rounds", "x"], ["word"]]) {
      const { exitCode, stdout, stderr } = await run(...args);
      expect([exitCode, stdout]).toEqual([2, ""]);
      expect(stderr).toStartWith("error: ");
    }
  });
});
