import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { describePersistence, RESP_DEFAULTS } from "../../src/server/resp-options.ts";
import { loadOptions } from "../../src/options/options.ts";

describe("RESP_DEFAULTS", () => {
  test("are those of a server without options, but that they say nothing and allow DEBUG", () => {
    const loaded = loadOptions([], {});
    if (loaded.kind !== "run") throw new Error("the options are not loaded");
    const { options } = loaded;
    expect(RESP_DEFAULTS).toEqual({
      password: null,
      isV1Trusted: options.v1Trusted,
      isDebugAllowed: true,
      maxValueBytes: options.maxValueSizeBytes,
      host: options.host,
      unix: options.unix,
      isProtected: !options.insecure,
      logLevel: "error",
      persistence: null,
    });
  });
});

describe("describePersistence", () => {
  function describeOf(argv: readonly string[]) {
    const loaded = loadOptions(argv, {});
    if (loaded.kind !== "run") throw new Error("the options are not loaded");
    return describePersistence(loaded.options);
  }

  test("tells of nothing without a directory", () => {
    expect(describeOf(["--durability", "none"])).toBeNull();
  });

  test("tells the whole path, and what was asked for", () => {
    expect(describeOf(["--dir", "data", "--durability", "always"])).toEqual({
      directory: resolve("data"),
      durability: "always",
      snapshotIntervalSeconds: 3600,
    });
  });
});
