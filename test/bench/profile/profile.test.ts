import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOptions } from "../../../bench/profile/options.ts";
import { renderProfile, writeProfile, type Profile } from "../../../bench/profile/profile.ts";

const folder = mkdtempSync(join(tmpdir(), "fkvs-profile-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options = readOptions(["--out", folder], new Date());
const profile: Profile = {
  figures: {
    throughput: 1_234_567.8,
    serverCpuNs: 289.6,
    serverShare: 1,
    clientCpuNs: 1,
    p50Us: 1,
    p99Us: 2,
    stolenShare: 0,
  },
  stacks: new Map([["t;get_[j]", 3]]),
  seesKernel: true,
};

describe("a profile", () => {
  test("says what was loaded, how fast it was, and where the time went", () => {
    expect(renderProfile(profile, options).split("\n")).toEqual([
      "fkvs GET P=128, 50 clients, 1,000,000 keys, --io auto",
      "1,234,568 requests/s, 290 ns of CPU each, while being watched",
      "user 100.0 % (jit 100.0 %, native 0.0 %), kernel 0.0 %; 3 samples",
      "",
      "    self   total  kind    function",
      " 100.0 % 100.0 %  jit     get",
      "",
    ]);
  });

  test("says when the kernel is not seen", () => {
    const blind = renderProfile({ ...profile, seesKernel: false }, options);
    expect(blind).toContain("the kernel is not seen");
  });

  test("becomes four files", () => {
    writeProfile(profile, options);
    const names = ["flame.svg", "functions.txt", "load.json", "stacks.folded"];
    expect(readdirSync(folder).toSorted()).toEqual(names);
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    expect(read("functions.txt")).toBe(renderProfile(profile, options));
    expect(read("stacks.folded")).toBe("t;get_[j] 3\n");
    expect(JSON.parse(read("load.json"))).toMatchObject({
      options: { test: "get", pipeline: 128 },
      figures: { serverCpuNs: 289.6 },
    });
  });
});
