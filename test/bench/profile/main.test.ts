import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "../../support/run-program.ts";

const MAIN_PATH = fileURLToPath(new URL("../../../bench/profile/main.ts", import.meta.url));
const TIMEOUT_MS = 30_000;

const folder = mkdtempSync(join(tmpdir(), "fkvs-profile-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const runMain = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runProgram(MAIN_PATH, args, { cwd: folder, env });

/** Whether this user may record a process of his own, with perf. */
function perfWorks(): boolean {
  if (Bun.which("perf") === null) return false;
  const file = join(folder, "perf.data");
  const command = ["perf", "record", "-k", "mono", "-e", "cpu-clock", "-g", "-o", file, "true"];
  return Bun.spawnSync(command).exitCode === 0;
}

describe("bun run profile", () => {
  test.each([
    ["--pipeline", "0"],
    ["--frequency", "1000000"],
    ["--test", "nothing"],
    ["--io", "nothing"],
    ["--unheard-of", "1"],
  ])("ends with 2 at %s %s", async (flag, value) => {
    const { exitCode, stderr } = await runMain([flag, value]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(flag);
  });

  test("helps", async () => {
    const { exitCode, stdout } = await runMain(["--help"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("--cpu-prof");
  });

  test("says where perf comes from when there is none", async () => {
    const { exitCode, stderr } = await runMain([], { PATH: folder });
    expect(exitCode).toBe(1);
    for (const part of ["apt install linux-perf", "perf_event_paranoid", "--cpu-prof"]) {
      expect(stderr).toContain(part);
    }
  });

  test.skipIf(!perfWorks())(
    "records a server",
    async () => {
      const out = join(folder, "out");
      const args = ["--keys", "1000", "--seconds", "1", "--clients", "4", "--out", out];
      const { exitCode, stdout, stderr } = await runMain(args);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stdout).toMatch(/jit +\w+ \[FTL\]/);
      const names = ["flame.svg", "functions.txt", "load.json", "stacks.folded"];
      expect(readdirSync(out).toSorted()).toEqual(names);
      const { figures } = JSON.parse(readFileSync(join(out, "load.json"), "utf8")) as {
        figures: { throughput: number };
      };
      expect(figures.throughput).toBeGreaterThan(0);
      expect(readFileSync(join(out, "flame.svg"), "utf8")).toContain("[FTL]");
    },
    TIMEOUT_MS,
  );
});
