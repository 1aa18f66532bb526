import { describe, expect, test } from "bun:test";
import {
  isLoopback,
  OPTION_RULES,
  WINDOW_MARGIN_BYTES,
  WINDOW_TOTAL_BYTES_MAX,
} from "../../src/options/option-rule.ts";
import { loadOptions } from "../../src/options/options.ts";
import type { Options } from "../../src/options/option-table.ts";

const MEMORY_BYTES = 2 ** 30;

/** The first fault of the defaults with some values replaced. */
function findFault(changes: Partial<Options>, hasPassword = false): string | null {
  const loaded = loadOptions([], {}, MEMORY_BYTES);
  if (loaded.kind !== "run") throw new Error("the defaults must run");
  for (const rule of OPTION_RULES) {
    const fault = rule.findFault({
      options: { ...loaded.options, ...changes },
      hasPassword,
      nameOf: (property) => `<${property}>`,
    });
    if (fault !== null) return fault;
  }
  return null;
}

describe("the rule on windows", () => {
  // 30840 windows of 64 KiB and their margins are the most that fit.
  const windowSizeBytes = 64 * 1024;
  const windowCountMax = Math.floor(
    WINDOW_TOTAL_BYTES_MAX / (windowSizeBytes + WINDOW_MARGIN_BYTES),
  );
  const maxClients = 30_000;

  test("allows as many as fit", () => {
    expect(windowCountMax).toBe(30_840);
    expect(findFault({ maxClients, windowSizeBytes, spareWindows: 840 })).toBeNull();
  });

  test("refuses one more and names what to lower", () => {
    const fault = findFault({ maxClients, windowSizeBytes, spareWindows: 841 });
    expect(fault).toContain("lower <maxClients>, <spareWindows> or <windowSizeBytes>");
    expect(fault).toContain("2147483647");
  });

  test("counts the bytes exactly", () => {
    // 2^31 − 1 is prime, so the total can reach it only with one window: 2^31 is one past.
    const windows = { maxClients: 2 ** 11, spareWindows: 0 };
    const exactBytes = 2 ** 20 - WINDOW_MARGIN_BYTES;
    expect(findFault({ ...windows, windowSizeBytes: exactBytes - 1 })).toBeNull();
    expect(findFault({ ...windows, windowSizeBytes: exactBytes })).not.toBeNull();
  });
});

describe("the rule on listening", () => {
  test("refuses to turn TCP off without a Unix socket", () => {
    expect(findFault({ tcp: false })).toContain("<tcp> turns TCP off");
  });

  test("allows it with one, and a Unix socket beside TCP", () => {
    expect(findFault({ tcp: false, unix: "/run/fkvs" })).toBeNull();
    expect(findFault({ tcp: true, unix: "/run/fkvs" })).toBeNull();
  });
});

describe("the rule on exposure", () => {
  test("refuses an address that is not loopback and names the way out", () => {
    const fault = findFault({ host: "0.0.0.0" });
    expect(fault).toContain("<host> is");
    expect(fault).toContain("there is no password");
    expect(fault).toContain("requirepass-file or FKVS_REQUIREPASS");
    expect(fault).toContain("--insecure");
  });

  test("allows it when insecure is set, or TCP is off", () => {
    expect(findFault({ host: "0.0.0.0", insecure: true })).toBeNull();
    expect(findFault({ host: "0.0.0.0", tcp: false, unix: "/run/fkvs" })).toBeNull();
  });

  test("allows it with a password, unless v1 is served without", () => {
    expect(findFault({ host: "0.0.0.0" }, true)).toBeNull();
    const fault = findFault({ host: "0.0.0.0", v1Trusted: true }, true);
    expect(fault).toContain("<v1Trusted> serves v1 without the password");
    expect(fault).toContain("do without v1-trusted");
    expect(findFault({ host: "0.0.0.0", v1Trusted: true, insecure: true }, true)).toBeNull();
    expect(findFault({ host: "0.0.0.0", v1Trusted: true })).toContain("there is no password");
  });
});

describe("the rule on threads of the log", () => {
  test("allows as many as partitions", () => {
    expect(findFault({ walThreads: 4, walShards: 4 })).toBeNull();
  });

  test("refuses one more and names both", () => {
    const fault = findFault({ walThreads: 5, walShards: 4 });
    expect(fault).toStartWith("<walThreads> is 5, but <walShards> is 4");
  });
});

describe("the rule on the directory", () => {
  const REFUSED: readonly [string, Partial<Options>][] = [
    ["<durability> is always", { durability: "always" }],
    ["<recover> is best-effort", { recover: "best-effort" }],
  ];
  for (const [beginning, changes] of REFUSED) {
    test(`says that ${beginning} needs one`, () => {
      expect(findFault(changes)).toStartWith(beginning);
      expect(findFault(changes)).toContain("set dir (--dir, FKVS_DIR or dir in the file)");
      expect(findFault({ ...changes, dir: "/d" })).toBeNull();
    });
  }

  test("lets the other options be without one", () => {
    expect(findFault({ durability: "none", walBatch: 1, snapshotIntervalSeconds: 0 })).toBeNull();
  });
});

describe("isLoopback", () => {
  const LOOPBACK = ["127.0.0.1", "127.0.0.0", "127.255.255.255", "::1", "localhost", "LocalHost"];
  for (const host of LOOPBACK) {
    test(`takes ${host}`, () => expect(isLoopback(host)).toBe(true));
  }

  const OTHERS = [
    ...["126.255.255.255", "128.0.0.0", "0.0.0.0", "::", "::2", "::ffff:127.0.0.1", "10.0.0.1"],
    ...[
      "127.0.0.1.example.com",
      "127.1",
      "127.example.com",
      "localhost.example.com",
      "example.com",
    ],
  ];
  for (const host of OTHERS) {
    test(`does not take ${host}`, () => expect(isLoopback(host)).toBe(false));
  }
});
