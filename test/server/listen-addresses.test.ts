import { describe, expect, test } from "bun:test";
import { loadOptions } from "../../src/options/options.ts";
import type { Options } from "../../src/options/option-table.ts";
import { firstAddresses, furtherAddresses } from "../../src/server/listen-addresses.ts";

function optionsOf(...argv: string[]): Options {
  const loaded = loadOptions(argv, {});
  if (loaded.kind !== "run") throw new Error("these options run");
  return loaded.options;
}

describe("firstAddresses", () => {
  test("are what was asked for", () => {
    const both = optionsOf("--port", "7000", "--unix", "/s");
    expect(firstAddresses(both, false)).toEqual([
      { kind: "tcp", host: "127.0.0.1", port: 7000 },
      { kind: "unix", path: "/s" },
    ]);
    const options = optionsOf("--no-tcp", "--unix", "/s");
    expect(firstAddresses(options, false)).toEqual([{ kind: "unix", path: "/s" }]);
  });

  test("are for others to join when there are several threads", () => {
    const addresses = firstAddresses(optionsOf("--unix", "/s"), true);
    expect(addresses.map(({ sharing }) => sharing)).toEqual(["first", "first"]);
  });
});

describe("furtherAddresses", () => {
  const tcp = { kind: "tcp", host: "::1", port: 5995, sharing: "first" } as const;
  const unix = { kind: "unix", path: "/s", sharing: "first" } as const;

  test("join where the first has come to listen", () => {
    expect(furtherAddresses([tcp, { ...unix, descriptor: 7 }])).toEqual([
      { ...tcp, sharing: "further" },
      { ...unix, descriptor: 7, sharing: "further" },
    ]);
  });

  test("are without a unix socket that cannot be shared", () => {
    expect(furtherAddresses([tcp, unix])).toEqual([{ ...tcp, sharing: "further" }]);
  });
});
