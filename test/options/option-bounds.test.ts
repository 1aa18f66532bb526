// Every option at its bounds and beyond, from each of its sources.

import { afterAll, describe, expect, test } from "bun:test";
import { environmentNameOf, flagOf, OPTION_TABLE } from "../../src/options/option-table.ts";
import type { OptionProperty, Options } from "../../src/options/option-table.ts";
import { OptionsStand, faultIn, run } from "../support/options-stand.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

const stand = new OptionsStand();
afterAll(() => stand[Symbol.dispose]());
const { configPath, runFile } = stand;

interface Bounds {
  readonly property: OptionProperty;
  readonly allowed: readonly [string, Options[OptionProperty]][];
  readonly refused: readonly string[];
  /** Flags without which the bound would break a rule on several options. */
  readonly others?: readonly string[];
}

const BOUNDS: readonly Bounds[] = [
  {
    property: "host",
    allowed: [["::1", "::1"]],
    refused: ["", "a b", "a".repeat(254)],
  },
  {
    property: "port",
    allowed: [
      ["0", 0],
      ["65535", 65535],
    ],
    refused: ["-1", "65536", "80.0", "0x50", "", "http"],
  },
  {
    property: "unix",
    allowed: [
      ["s", "s"],
      [`/${"x".repeat(106)}`, `/${"x".repeat(106)}`],
    ],
    refused: ["", `/${"x".repeat(107)}`, "/a\nb"],
  },
  {
    property: "maxClients",
    allowed: [
      ["1", 1],
      ["30000", 30_000],
    ],
    refused: ["0", "30001", "1e3"],
    others: ["--spare-windows", "0"],
  },
  {
    property: "maxMemoryBytes",
    allowed: [
      ["16MiB", 16 * MIB],
      ["32GiB", 32 * GIB],
      ["512mb", 512 * MIB],
      ["1g", 1e9],
    ],
    refused: ["16777215", "34359738369", "1.5GiB", "lots", ""],
  },
  {
    property: "windowSizeBytes",
    allowed: [
      ["64KiB", 65_536],
      ["1MiB", MIB],
      ["65537", 65_537],
    ],
    refused: ["65535", "1048577", "64k"],
    others: ["--max-clients", "1", "--spare-windows", "0"],
  },
  {
    property: "spareWindows",
    allowed: [
      ["0", 0],
      ["16384", 16_384],
    ],
    refused: ["-1", "16385"],
  },
  {
    property: "sendLimitBytes",
    allowed: [
      ["64KiB", 65_536],
      ["64MiB", 64 * MIB],
    ],
    refused: ["65535", "67108865"],
  },
  {
    property: "maxValueSizeBytes",
    allowed: [
      ["64KiB", 65_536],
      ["512MiB", 512 * MIB],
    ],
    refused: ["65535", "536870913"],
  },
  {
    property: "requirepassFile",
    allowed: [["/run/secrets/fkvs", "/run/secrets/fkvs"]],
    refused: ["", "/a\nb", `/${"x".repeat(4095)}`],
  },
  {
    property: "stallTimeoutSeconds",
    allowed: [
      ["0", 0],
      ["86400", 86_400],
    ],
    refused: ["-1", "86401", "1s"],
  },
  {
    property: "dir",
    allowed: [["/var/lib/fkvs", "/var/lib/fkvs"]],
    refused: ["", "/a\nb", `/${"x".repeat(4095)}`],
  },
  {
    property: "durability",
    allowed: [
      ["always", "always"],
      ["everysec", "everysec"],
      ["none", "none"],
    ],
    refused: ["no", "ALWAYS", ""],
    others: ["--dir", "/d"],
  },
  {
    property: "recover",
    allowed: [
      ["strict", "strict"],
      ["best-effort", "best-effort"],
    ],
    refused: ["best", ""],
    others: ["--dir", "/d"],
  },
  {
    property: "walShards",
    allowed: [
      ["1", 1],
      ["64", 64],
    ],
    refused: ["0", "65"],
  },
  {
    property: "walThreads",
    allowed: [
      ["1", 1],
      ["16", 16],
    ],
    refused: ["0", "17"],
    others: ["--wal-shards", "16"],
  },
  {
    property: "walBatch",
    allowed: [
      ["1", 1],
      ["65536", 65_536],
    ],
    refused: ["0", "65537"],
  },
  {
    property: "walFlushIntervalMs",
    allowed: [
      ["1", 1],
      ["10000", 10_000],
    ],
    refused: ["0", "10001", "10ms"],
  },
  {
    property: "walBufferBytes",
    allowed: [
      ["1MiB", MIB],
      ["1GiB", GIB],
      ["3MiB", 3 * MIB],
    ],
    refused: ["1048575", "1073741825"],
  },
  {
    property: "walFileSizeBytes",
    allowed: [
      ["1MiB", MIB],
      ["16GiB", 16 * GIB],
    ],
    refused: ["1048575", "17179869185"],
  },
  {
    property: "walTimeoutMs",
    allowed: [
      ["10", 10],
      ["600000", 600_000],
    ],
    refused: ["9", "600001"],
  },
  {
    property: "snapshotIntervalSeconds",
    allowed: [
      ["0", 0],
      ["31536000", 31_536_000],
    ],
    refused: ["-1", "31536001", "1h"],
  },
  {
    property: "snapshotWalSizeBytes",
    allowed: [
      ["0", 0],
      ["1024GiB", 1024 * GIB],
    ],
    refused: ["-1", "1025GiB"],
  },
  {
    property: "logLevel",
    allowed: [
      ["debug", "debug"],
      ["info", "info"],
      ["warn", "warn"],
      ["error", "error"],
    ],
    refused: ["trace", "INFO", ""],
  },
];

for (const { property, allowed, refused, others = [] } of BOUNDS) {
  const { name, value } = OPTION_TABLE[property];
  describe(name, () => {
    for (const [text, expected] of allowed) {
      test(`may be ${text.slice(0, 20)} from each source`, () => {
        const environmentName = environmentNameOf(property);
        const isNumber = /^\d+$/.test(text);
        const toml = `${name} = ${isNumber ? text : JSON.stringify(text)}`;
        expect(run([...others, flagOf(property), text]).options[property]).toBe(expected);
        expect(run(others, { [environmentName]: text }).options[property]).toBe(expected);
        expect(runFile(toml, others).options[property]).toBe(expected);
      });
    }

    for (const text of refused) {
      const shown = JSON.stringify(text);
      const given = text === "" ? "is empty" : `is ${shown}`;
      test(`may not be ${shown.slice(0, 20)} from any source`, () => {
        const allowedText = `but must be ${value.allowedText}`;
        expect(faultIn(() => run([...others, flagOf(property), text]))).toBe(
          `${flagOf(property)} ${given}, ${allowedText}`,
        );
        expect(faultIn(() => run(others, { [environmentNameOf(property)]: text }))).toBe(
          `${environmentNameOf(property)} ${given}, ${allowedText}`,
        );
        expect(faultIn(() => runFile(`${name} = ${shown}`, others))).toBe(
          `${name} in ${configPath} is the string ${shown}, but must be ${value.allowedToml}`,
        );
      });
    }
  });
}

describe("switches", () => {
  for (const [text, expected] of Object.entries({
    true: true,
    yes: true,
    1: true,
    false: false,
    no: false,
    0: false,
  })) {
    test(`read ${text} in the environment as ${expected}`, () => {
      const environment = { FKVS_TCP: text, FKVS_INSECURE: text, FKVS_UNIX: "/s" };
      const { options } = run([], environment);
      expect([options.tcp, options.insecure]).toEqual([expected, expected]);
    });
  }

  test("refuse other words in the environment", () => {
    expect(faultIn(() => run([], { FKVS_TCP: "off" }))).toBe(
      'FKVS_TCP is "off", but must be true, false, yes, no, 1 or 0',
    );
  });

  test("take only real booleans in the file", () => {
    expect(runFile('tcp = false\nunix = "/s"').options.tcp).toBe(false);
    expect(faultIn(() => runFile('tcp = "false"'))).toEndWith(
      'is the string "false", but must be true or false',
    );
    expect(faultIn(() => runFile("tcp = 0"))).toEndWith("is 0, but must be true or false");
  });
});
