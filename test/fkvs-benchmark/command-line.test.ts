import { describe, expect, test } from "bun:test";
import { readCommandLine, renderHelp } from "../../fkvs-benchmark/command-line.ts";
import {
  FLAG_PROPERTIES,
  FLAG_TABLE,
  flagOf,
  REQUEST_FLAGS,
  type FlagProperty,
  type GivenFlags,
} from "../../fkvs-benchmark/flag-table.ts";
import { OptionError } from "../../src/options/option-error.ts";

/** What a flag reads as, the flag's bounds where it has some, and texts that it refuses. */
interface FlagCase {
  readonly good: readonly (readonly [text: string, value: unknown])[];
  readonly bad: readonly string[];
}

const integers = (min: number, max: number): FlagCase => ({
  good: [
    [String(min), min],
    [String(max), max],
  ],
  bad: [String(min - 1), String(max + 1), "1.5", "x", "", "01"],
});

const CASES: Partial<Record<FlagProperty, FlagCase>> = {
  requestCount: integers(1, 1e10),
  clientCount: integers(1, 30_000),
  threadCount: integers(1, 256),
  port: integers(1, 65_535),
  pipeline: integers(0, 100_000),
  readPercent: integers(0, 100),
  keysPerRequest: integers(1, 1000),
  keyspace: integers(1, 1e9),
  keySize: integers(1, 65_535),
  seed: integers(0, 0xffffffff),
  pid: integers(1, 4_194_304),
  durationSeconds: {
    good: [
      ["0.01", 0.01],
      ["86400", 86_400],
    ],
    bad: ["0", "0.009", "86400.1", "1s", ""],
  },
  warmupSeconds: {
    good: [
      ["0", 0],
      ["86400", 86_400],
    ],
    bad: ["86401", "-1", "x"],
  },
  timeoutSeconds: {
    good: [
      ["0.1", 0.1],
      ["86400", 86_400],
    ],
    bad: ["0.09", "86401"],
  },
  sloMs: {
    good: [
      ["0.001", 0.001],
      ["60000", 60_000],
    ],
    bad: ["0", "0.0009", "60001"],
  },
  ratePerSecond: {
    good: [
      ["1", 1],
      ["20k", 20_000],
      ["100m", 1e8],
    ],
    bad: ["0", "100000001", "101m", "fast"],
  },
  valueSize: {
    good: [
      ["0", 0],
      ["1kb", 1024],
      ["16mb", 16_777_216],
    ],
    bad: ["16777217", "17mb", "-1", "big"],
  },
  host: {
    good: [
      ["localhost", "localhost"],
      ["::1", "::1"],
    ],
    bad: ["", "a b", "a/b"],
  },
  unix: {
    good: [
      ["/a/b", "/a/b"],
      ["x".repeat(107), "x".repeat(107)],
    ],
    bad: ["x".repeat(108), "a\nb"],
  },
  hdrPath: { good: [["out.hdr", "out.hdr"]], bad: ["", "x".repeat(4096)] },
  io: { good: [["uring", "uring"]], bad: ["epoll", ""] },
  protocol: { good: [["resp", "resp"]], bad: ["redis", ""] },
  tests: { good: [["set,get", ["set", "get"]]], bad: ["set;get", ""] },
  distribution: { good: [["zipf", { kind: "zipf", theta: 0.99 }]], bad: ["zipf:1", "normal"] },
};

const REFUSED: readonly [string, string[], string][] = [
  ["an unknown flag", ["--save"], "--save is not a known flag"],
  [
    "a flag that is nearly known",
    ["--treads", "2"],
    "--treads is not a known flag, did you mean --threads?",
  ],
  ["an unknown letter, without a guess", ["-x"], "-x is not a known flag"],
  ["a value for a switch", ["--json=1"], '--json takes no value, but was written "--json=1"'],
  ["an argument", ["x"], '"x" is one argument too many, as fkvs-benchmark takes flags only'],
  ["a flag without its value", ["-n"], "-n needs a value, but none follows it"],
  ["a flag in place of a value", ["-h", "-p", "1"], '-h needs a value, but "-p" follows it'],
  [
    "an unknown test, with what is allowed and the nearest",
    ["-t", "pign"],
    '-t is "pign", but must be one or more of ping, set, get, incr, del, mixed, mget, mset' +
      " with commas between them, did you mean ping?",
  ],
  ["an empty value", ["-n="], '-n is "=", but must be an integer from 1 to 10000000000'],
  [
    "a value with control characters",
    ["-p", "\u001b[2J"],
    '-p is "\\u001b[2J", but must be an integer from 1 to 65535',
  ],
];

const read = (argv: readonly string[]): GivenFlags => readCommandLine(argv).flags;

describe("readCommandLine", () => {
  test("finds no flag in no arguments", () => {
    expect(readCommandLine([])).toEqual({ request: null, flags: {} });
  });

  for (const property of FLAG_PROPERTIES) {
    const flag = flagOf(property);
    if (FLAG_TABLE[property].value === null) {
      test(`reads ${flag}`, () => {
        expect(read([flag])).toEqual({ [property]: true });
      });
      continue;
    }
    const { good, bad } = CASES[property]!;
    for (const [text, value] of good) {
      test(`reads ${flag} ${text.slice(0, 20)}`, () => {
        expect(read([flag, text])).toEqual({ [property]: value } as GivenFlags);
      });
    }
    for (const text of bad) {
      test(`refuses ${flag} ${JSON.stringify(text.slice(0, 20))}`, () => {
        const { allowedText } = FLAG_TABLE[property].value!;
        expect(() => read([flag, text])).toThrow(OptionError);
        expect(() => read([flag, text])).toThrow(`, but must be ${allowedText}`);
      });
    }
    if (FLAG_TABLE[property].withoutArgument !== undefined) continue;
    test(`refuses ${flag} without its value`, () => {
      const message = `${flag} needs a value, but none follows it`;
      expect(() => read([flag])).toThrow(new OptionError(message));
    });
  }

  test("takes -u without a path for the default one", () => {
    expect(read(["-u"])).toEqual({ unix: "/tmp/fkvs/fkvs.sock" });
    expect(read(["-u", "-r"])).toEqual({ unix: "/tmp/fkvs/fkvs.sock", isUnique: true });
  });

  test("tells capital letters from small ones", () => {
    expect(read(["-p", "1", "-P", "2", "-r", "-R", "3"])).toEqual({
      port: 1,
      pipeline: 2,
      isUnique: true,
      ratePerSecond: 3,
    });
  });

  test("reads letters and values written together", () => {
    expect(read(["-n5", "-rkq"])).toEqual({
      requestCount: 5,
      isUnique: true,
      isKeptAlive: true,
      isQuiet: true,
    });
  });

  test("keeps the last of a flag given twice", () => {
    expect(read(["-c", "1", "-c", "2"])).toEqual({ clientCount: 2 });
  });

  test("takes -h for the host, and only --help for help", () => {
    expect(readCommandLine(["-h", "10.0.0.1"])).toEqual({
      request: null,
      flags: { host: "10.0.0.1" },
    });
    expect(readCommandLine(["--help"]).request).toBe("help");
  });

  test("prefers help to the version and both to mistakes in values", () => {
    expect(readCommandLine(["--version", "--help", "-n", "x"]).request).toBe("help");
    expect(readCommandLine(["--version", "-n", "x"]).request).toBe("version");
  });

  for (const [name, argv, message] of REFUSED) {
    test(`refuses ${name}`, () => {
      expect(() => readCommandLine(argv)).toThrow(new OptionError(message));
    });
  }
});

describe("renderHelp", () => {
  const help = renderHelp();
  const words = help.replace(/\s+/g, " ");

  for (const property of FLAG_PROPERTIES) {
    test(`tells of ${flagOf(property)}`, () => {
      const { flag, value, summary } = FLAG_TABLE[property];
      const head = value === null ? flag : `${flag} ${value.argument}`;
      expect(words).toContain(` ${head} ${summary}`);
    });
  }

  for (const { name, summary } of REQUEST_FLAGS) {
    test(`tells of --${name}`, () => {
      expect(words).toContain(`--${name} ${summary}`);
    });
  }

  test("stays within 100 columns and ends with a newline", () => {
    expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(help).toEndWith("\n");
  });
});
