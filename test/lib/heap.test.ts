import { expect, test } from "bun:test";
import { join } from "node:path";

const MIB = 2 ** 20;
const SCRIPT = join(import.meta.dir, "../support/heap-growth.ts");

test("a collection of everything takes what nobody holds any more, and nothing else", () => {
  const { stdout, exitCode } = Bun.spawnSync([process.execPath, SCRIPT]);
  expect(exitCode).toBe(0);
  const { whileHeld, lastIndex, released } = JSON.parse(stdout.toString()) as {
    readonly whileHeld: number;
    readonly lastIndex: number;
    readonly released: number;
  };
  expect(whileHeld).toBeGreaterThan(2 * MIB);
  expect(lastIndex).toBe(199_999);
  expect(released).toBeLessThan(MIB);
});
