import { describe, expect, test } from "bun:test";
import { readCommandLine, renderHelp } from "../../src/options/command-line.ts";
import { OptionError } from "../../src/options/option-error.ts";
import {
  describeDefault,
  environmentNameOf,
  flagOf,
  OPTION_PROPERTIES,
  OPTION_TABLE,
  REQUEST_FLAGS,
} from "../../src/options/option-table.ts";

const REFUSED: readonly [string, string[], string][] = [
  ["an unknown flag", ["--save", "1"], "--save is not a known flag"],
  [
    "a flag that is nearly known",
    ["--prot", "1"],
    "--prot is not a known flag, did you mean --port?",
  ],
  [
    "an unknown flag with a value",
    ["--prot=1"],
    "--prot is not a known flag, did you mean --port?",
  ],
  ["an unknown flag after known ones", ["--port", "1", "--x"], "--x is not a known flag"],
  ["a short flag", ["-p", "1"], "-p is not a known flag"],
  ["the head of a flag", ["--max", "1"], "--max is not a known flag"],
  ["--tcp, which only turns off", ["--tcp"], "--tcp is not a known flag"],
  ["a flag with control characters", ["--a\n\u001b[2J"], '"--a\\n\\u001b[2J" is not a known flag'],
  [
    "a value for a switch",
    ["--insecure=no"],
    '--insecure takes no value, but was written "--insecure=no"',
  ],
  ["a value for --no-tcp", ["--no-tcp=1"], '--no-tcp takes no value, but was written "--no-tcp=1"'],
  [
    "a value for a request",
    ["--help=port"],
    '--help takes no value, but was written "--help=port"',
  ],
  ["an argument", ["x"], '"x" is one argument too many, as fkvs-server takes flags only'],
  [
    "a flag after two dashes",
    ["--", "--port"],
    '"--port" is one argument too many, as fkvs-server takes flags only',
  ],
  ["a negative number", ["-5"], '"-5" is one argument too many, as fkvs-server takes flags only'],
  [
    "a value after a switch",
    ["--no-tcp", "false"],
    '"false" is one argument too many, as fkvs-server takes flags only',
  ],
  ["a flag without its value", ["--port"], "--port needs a value, but none follows it"],
  [
    "a flag in place of a value",
    ["--unix", "--no-tcp"],
    '--unix needs a value, but "--no-tcp" follows it' +
      " (a path that begins with a dash is written ./-)",
  ],
];

describe("readCommandLine", () => {
  test("finds no flag in no arguments", () => {
    expect(readCommandLine([])).toEqual({ request: null, flags: new Map() });
  });

  test("reads a value after a blank and after an equals sign", () => {
    const { flags } = readCommandLine(["--port", "1", "--unix=/a=b"]);
    expect([...flags]).toEqual([
      ["port", "1"],
      ["unix", "/a=b"],
    ]);
  });

  test("reads switches as the words the environment would have", () => {
    const { flags } = readCommandLine(["--no-tcp", "--insecure"]);
    expect([flags.get("tcp"), flags.get("insecure")]).toEqual(["false", "true"]);
  });

  test("keeps the last of a flag given twice", () => {
    expect(readCommandLine(["--port", "x", "--port=2"]).flags.get("port")).toBe("2");
  });

  test("keeps an empty value and a negative number for the option to judge", () => {
    expect(readCommandLine(["--port="]).flags.get("port")).toBe("");
    expect(readCommandLine(["--port", ""]).flags.get("port")).toBe("");
    expect(readCommandLine(["--port", "-1"]).flags.get("port")).toBe("-1");
  });

  for (const { name } of REQUEST_FLAGS) {
    test(`finds the request --${name}`, () => {
      expect(readCommandLine(["--port", "1", `--${name}`]).request).toBe(name);
    });
  }

  test("prefers help to the version and both to checking", () => {
    expect(readCommandLine(["--check-config", "--version", "--help"]).request).toBe("help");
    expect(readCommandLine(["--check-config", "--version"]).request).toBe("version");
  });

  for (const [name, argv, message] of REFUSED) {
    test(`refuses ${name}`, () => {
      expect(() => readCommandLine(argv)).toThrow(new OptionError(message));
    });
  }

  for (const property of OPTION_PROPERTIES) {
    if (OPTION_TABLE[property].value.placeholder === null) continue;
    test(`refuses ${flagOf(property)} without its value`, () => {
      const message = `${flagOf(property)} needs a value, but none follows it`;
      expect(() => readCommandLine([flagOf(property)])).toThrow(new OptionError(message));
    });
  }
});

describe("renderHelp", () => {
  const help = renderHelp();
  // Wrapped lines joined, so that a sentence can be looked for.
  const words = help.replace(/\s+/g, " ");

  for (const property of OPTION_PROPERTIES) {
    const { name, summary, flagSummary, value } = OPTION_TABLE[property];
    test(`tells the flag, the meaning, the variable and the default of ${name}`, () => {
      expect(words).toContain(` ${flagOf(property)} `);
      expect(words).toContain(flagSummary ?? summary);
      expect(words).toContain(environmentNameOf(property));
      if (value.placeholder === null) return;
      expect(words).toContain(
        `default ${describeDefault(property)}, ${environmentNameOf(property)}`,
      );
    });
  }

  for (const { name, summary } of REQUEST_FLAGS) {
    test(`tells what --${name} does`, () => {
      expect(words).toContain(`--${name} ${summary}`);
    });
  }

  test("stays within 100 columns and ends with a newline", () => {
    expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(help).toEndWith("\n");
  });
});
