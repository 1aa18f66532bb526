import { describe, expect, test } from "bun:test";
import {
  describeDefault,
  environmentNameOf,
  flagOf,
  isInFile,
  OPTION_PROPERTIES,
  OPTION_TABLE,
  REQUEST_FLAGS,
} from "../../src/options/option-table.ts";
import type { OptionProperty } from "../../src/options/option-table.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const UNITS = /(Bytes|Seconds|Ms)$/;

describe("OPTION_TABLE", () => {
  test("gives every option a name of its own that is no request", () => {
    const names = [...OPTION_PROPERTIES.map((property) => OPTION_TABLE[property].name)];
    names.push(...REQUEST_FLAGS.map(({ name }) => name));
    expect(new Set(names).size).toBe(names.length);
  });

  for (const property of OPTION_PROPERTIES) {
    const { name } = OPTION_TABLE[property];

    test(`names ${name} as its property, without the unit`, () => {
      const camelCase = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
      expect(property.replace(UNITS, "")).toBe(camelCase);
    });

    test(`gives ${name} a default it would itself accept`, () => expectDefaultAccepted(property));

    test(`describes ${name} without a full stop`, () => {
      expect(OPTION_TABLE[property].summary).toMatch(/^[A-Z].*[^.]$/);
    });
  }
});

describe("the default of max-memory", () => {
  const CASES: readonly [string, number, number][] = [
    ["three quarters of the memory", 8 * GIB, 6 * GIB],
    ["whole mebibytes", 8 * GIB - 1, 6 * GIB - MIB],
    ["its least for a tiny machine", MIB, 16 * MIB],
    ["its least at the bound", (64 / 3) * MIB, 16 * MIB],
    ["its most for a large machine", 512 * GIB, 32 * GIB],
    ["its most for a machine without a known limit", Number.POSITIVE_INFINITY, 32 * GIB],
  ];
  for (const [name, memoryBytes, expectedBytes] of CASES) {
    test(`is ${name}`, () => {
      expect(OPTION_TABLE.maxMemoryBytes.default(memoryBytes)).toBe(expectedBytes);
    });
  }
});

describe("the names of an option", () => {
  test("follow from the one in the table", () => {
    expect(flagOf("maxMemoryBytes")).toBe("--max-memory");
    expect(environmentNameOf("maxMemoryBytes")).toBe("FKVS_MAX_MEMORY");
  });

  test("have a flag that turns off what is on by default, and on what is off", () => {
    expect([flagOf("tcp"), flagOf("insecure")]).toEqual(["--no-tcp", "--insecure"]);
  });

  test("include a key in the file for all but config", () => {
    expect(OPTION_PROPERTIES.filter((property) => !isInFile(property))).toEqual(["config"]);
  });
});

describe("describeDefault", () => {
  test("is without quotes, none when not set, and words where the value depends", () => {
    expect(describeDefault("windowSizeBytes")).toBe("64KiB");
    expect(describeDefault("port")).toBe("5995");
    expect(describeDefault("unix")).toBe("none");
    expect(describeDefault("maxMemoryBytes")).toStartWith("three quarters");
  });
});

function expectDefaultAccepted<P extends OptionProperty>(property: P): void {
  const row = OPTION_TABLE[property];
  const toml = row.value.formatToml(row.default(GIB));
  if (toml === null) return;
  const parsed = Object.values(Bun.TOML.parse(`key = ${toml}`))[0];
  expect(row.value.readToml(parsed)).toBe(row.default(GIB) as never);
}
