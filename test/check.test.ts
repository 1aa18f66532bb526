// fkvs-check as an operator meets it: what it prints, and its exit codes.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatMeta } from "../src/wal/meta.ts";
import { RealDisk } from "../src/wal/real-disk.ts";
import { SEED, SEGMENT_BITS, buildWalFile, set } from "./support/plain-wal.ts";

const PROGRAM = fileURLToPath(new URL("../src/check.ts", import.meta.url));
const META = { checksumSeed: SEED, hashSeeds: [1, 2, 3] as const, segmentBits: SEGMENT_BITS };
const folder = mkdtempSync(join(tmpdir(), "fkvs-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

const groups = [
  { records: [set("a", "1")], syncedPosition: 0 },
  { records: [set("b", "2")], syncedPosition: 32 },
];
const { name, bytes } = buildWalFile({ partitionCount: 1, groups });

function makeDirectory(directory: string, files: Readonly<Record<string, Uint8Array | string>>) {
  const path = join(folder, directory);
  mkdirSync(path);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
  return path;
}

function run(...args: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, PROGRAM, ...args]);
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

describe("fkvs-check", () => {
  test("ends with 0 for a sound directory, and says what is in it", () => {
    const path = makeDirectory("sound", { META: formatMeta(META), [name]: bytes });
    const { exitCode, stdout, stderr } = run(path);
    expect(stderr).toBe("");
    expect(stdout).toBe(
      `${name}: WAL, epoch 1, partition 0, positions 0 to 64, 2 groups, 2 records (SET 2),` +
        ` 208 bytes\n${path}: sound, 1 file\n`,
    );
    expect(exitCode).toBe(0);
  });

  test("ends with 0 for a torn end, and says so", () => {
    const path = makeDirectory("torn", {
      META: formatMeta(META),
      [name]: bytes.subarray(0, -1),
    });
    const { exitCode, stdout } = run(path);
    expect(stdout).toEndWith("sound, 1 file, 71 bytes torn at an end and never synced\n");
    expect(exitCode).toBe(0);
  });

  test("ends with 1 for a damaged one", () => {
    const damaged = bytes.slice();
    damaged[110]! ^= 1;
    const path = makeDirectory("damaged", { META: formatMeta(META), [name]: damaged });
    const { exitCode, stdout } = run(path);
    expect(stdout).toContain("  damaged at byte 64, position 0: ");
    expect(stdout).toEndWith(`${path}: damaged in 1 place, 1 file\n`);
    expect(exitCode).toBe(1);
    const { exitCode: ofMeta, stderr } = run(makeDirectory("no-json", { META: "{" }));
    expect(stderr).toBe("fkvs-check: META at byte 0: it is not JSON\n");
    expect(ofMeta).toBe(1);
  });

  test("ends with 2 for what is no directory of ours, and leaves nothing there", () => {
    const path = makeDirectory("empty", {});
    expect(run(path)).toMatchObject({
      exitCode: 2,
      stderr: `fkvs-check: there is no data in ${path}\n`,
    });
    expect(readdirSync(path)).toEqual([]);
    const missing = run(join(folder, "missing"));
    expect(missing.stderr).toMatch(/^fkvs-check: cannot list \S+missing: ENOENT\n$/);
    expect(missing.exitCode).toBe(2);
  });

  test("ends with 2 while a server uses the directory", () => {
    const path = makeDirectory("locked", { META: formatMeta(META) });
    const disk = new RealDisk(path);
    disk.lock();
    expect(run(path)).toMatchObject({
      exitCode: 2,
      stderr: `fkvs-check: ${path} is in use by another server\n`,
    });
    disk.unlock();
    expect(run(path).exitCode).toBe(0);
  });

  test.each([[[]], [["a", "b"]], [["--verbose"]]])("ends with 2 for the arguments %j", (args) => {
    const { exitCode, stderr } = run(...args);
    expect(stderr).toContain("it takes one argument, the directory to check");
    expect(exitCode).toBe(2);
  });

  test("explains itself", () => {
    const { exitCode, stdout } = run("--help");
    expect(stdout).toStartWith("Usage: fkvs-check DIR\n");
    expect(exitCode).toBe(0);
  });
});
