import { describe, expect, test } from "bun:test";
import { detectMemoryLimitBytes } from "../../src/options/memory-limit.ts";

const MACHINE_BYTES = 64 * 2 ** 30;
const VERSION_2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
const VERSION_1 = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";
const OTHER_MOUNTS = [
  "22 1 8:1 / / rw - ext4 /dev/sda1 rw",
  "34 31 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu",
];

function detect(groups: string, mounts: readonly string[], files: Record<string, string> = {}) {
  const all: Record<string, string> = {
    "/proc/self/cgroup": groups,
    "/proc/self/mountinfo": [...OTHER_MOUNTS, ...mounts].join("\n"),
    ...files,
  };
  return detectMemoryLimitBytes({
    machineBytes: MACHINE_BYTES,
    readFile: (path) => all[path] ?? null,
  });
}

describe("detectMemoryLimitBytes without a limit", () => {
  test("takes the machine's memory when there are no control groups", () => {
    const source = { machineBytes: MACHINE_BYTES, readFile: () => null };
    expect(detectMemoryLimitBytes(source)).toBe(MACHINE_BYTES);
  });

  test("takes the machine's memory when the hierarchy is not mounted", () => {
    expect(detect("0::/a\n4:memory:/a\n", [])).toBe(MACHINE_BYTES);
  });

  test("drops a limit above the machine's memory", () => {
    const files = { "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n" };
    expect(detect("4:memory:/\n", [VERSION_1], files)).toBe(MACHINE_BYTES);
  });

  test("answers for the machine it runs on", () => {
    expect(detectMemoryLimitBytes()).toBeGreaterThan(0);
  });
});

describe("detectMemoryLimitBytes with version 2", () => {
  test("takes the limit of the process's own group", () => {
    const files = { "/sys/fs/cgroup/a/b/memory.max": "1073741824\n" };
    expect(detect("0::/a/b\n", [VERSION_2], files)).toBe(2 ** 30);
  });

  test("takes the lowest limit of the group and those above it", () => {
    const files = {
      "/sys/fs/cgroup/a/b/memory.max": "max\n",
      "/sys/fs/cgroup/a/memory.max": "2000000000\n",
      "/sys/fs/cgroup/memory.max": "3000000000\n",
    };
    expect(detect("0::/a/b\n", [VERSION_2], files)).toBe(2_000_000_000);
  });

  test("reads the mount point alone when the group is the root", () => {
    const files = { "/sys/fs/cgroup/memory.max": "1000000000" };
    expect(detect("0::/\n", [VERSION_2], files)).toBe(1_000_000_000);
  });

  test("takes max as no limit", () => {
    const files = { "/sys/fs/cgroup/a/memory.max": "max\n" };
    expect(detect("0::/a\n", [VERSION_2], files)).toBe(MACHINE_BYTES);
  });

  for (const text of ["", "-1", "12 34", "0x10", "many"]) {
    test(`takes ${JSON.stringify(text)} as no limit`, () => {
      const files = { "/sys/fs/cgroup/a/memory.max": text };
      expect(detect("0::/a\n", [VERSION_2], files)).toBe(MACHINE_BYTES);
    });
  }

  test("cuts the group's path at the root the mount shows", () => {
    const mount = VERSION_2.replace(" / /sys", " /docker/3f /sys");
    const files = { "/sys/fs/cgroup/b/memory.max": "5000", "/sys/fs/cgroup/memory.max": "7000" };
    expect(detect("0::/docker/3f/b\n", [mount], files)).toBe(5000);
  });

  test("falls back to the mount point for a group outside the mount", () => {
    const mount = VERSION_2.replace(" / /sys", " /docker/3f /sys");
    const files = { "/sys/fs/cgroup/memory.max": "7000" };
    expect(detect("0::/elsewhere\n", [mount], files)).toBe(7000);
    expect(detect("0::/docker/3f0\n", [mount], files)).toBe(7000);
  });

  test("falls back to the mount point for a group that climbs out of its namespace", () => {
    const files = { "/sys/fs/cgroup/memory.max": "7000", "/sys/fs/cgroup/../a/memory.max": "1" };
    expect(detect("0::/../a\n", [VERSION_2], files)).toBe(7000);
  });

  test("reads a mount point with blanks and a mount with several tags or none", () => {
    const tags = ["", "shared:4 ", "shared:4 master:1 "];
    for (const tag of tags) {
      const mount = `30 23 0:26 / /my\\040groups rw ${tag}- cgroup2 none rw`;
      const files = { "/my groups/a/memory.max": "5000" };
      expect(detect("0::/a\n", [mount], files)).toBe(5000);
    }
  });
});

describe("detectMemoryLimitBytes with version 1", () => {
  test("takes the lowest limit of the memory group and those above it", () => {
    const files = {
      "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "9223372036854771712\n",
      "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "6000\n",
    };
    expect(detect("5:cpu:/x\n4:memory:/a/b\n", [VERSION_1], files)).toBe(6000);
  });

  test("finds the memory controller among others in one hierarchy", () => {
    const mount = "35 31 0:32 / /groups rw - cgroup cgroup rw,cpu,memory";
    const files = { "/groups/a/memory.limit_in_bytes": "6000" };
    expect(detect("4:cpu,memory:/a\n", [mount], files)).toBe(6000);
  });

  test("does not take another controller's mount for the memory one", () => {
    const files = { "/sys/fs/cgroup/cpu/a/memory.limit_in_bytes": "6000" };
    expect(detect("4:memory:/a\n", [], files)).toBe(MACHINE_BYTES);
  });

  test("heeds both versions when both are mounted", () => {
    const mounts = [VERSION_1, VERSION_2.replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified")];
    const groups = "4:memory:/a\n1:name=systemd:/\n0::/b\n";
    const version1 = { "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "6000" };
    const version2 = { "/sys/fs/cgroup/unified/b/memory.max": "5000" };
    expect(detect(groups, mounts, version1)).toBe(6000);
    expect(detect(groups, mounts, { ...version1, ...version2 })).toBe(5000);
  });

  test("keeps a colon in a group's name", () => {
    const files = { "/sys/fs/cgroup/memory/a:b/memory.limit_in_bytes": "6000" };
    expect(detect("4:memory:/a:b\n", [VERSION_1], files)).toBe(6000);
  });
});
