import { describe, expect, test } from "bun:test";
import { escapeControls, Log, LOG_LEVELS, quoteText } from "../../src/lib/log.ts";
import type { LogFields, LogLevel } from "../../src/lib/log.ts";

const NOW_MS = Date.UTC(2026, 10, 21, 3, 24, 44, 123);

function makeLog(level: LogLevel = "debug") {
  const lines: string[] = [];
  const log = new Log({ level, nowMs: () => NOW_MS, sink: (line) => lines.push(line) });
  return { log, lines };
}

/** The fields part of a line. */
function writeFields(fields: LogFields): string {
  const { log, lines } = makeLog();
  log.info("m", fields);
  return lines[0]!.slice("2026-11-21T03:24:44.123Z info  m ".length, -1);
}

describe("Log", () => {
  test("writes the time, the level, the message and the fields on one line", () => {
    const { log, lines } = makeLog();
    log.warn("message", { key: "value", other: "va lue" });
    expect(lines).toEqual(['2026-11-21T03:24:44.123Z warn  message key=value other="va lue"\n']);
  });

  test("pads the level so that messages start in one column", () => {
    const { log, lines } = makeLog();
    log.debug("m");
    log.info("m");
    log.warn("m");
    log.error("m");
    expect(lines.map((line) => line.slice(25))).toEqual([
      "debug m\n",
      "info  m\n",
      "warn  m\n",
      "error m\n",
    ]);
  });

  for (const [index, level] of LOG_LEVELS.entries()) {
    test(`set to ${level}, writes that level and the more serious ones`, () => {
      const { log, lines } = makeLog(level);
      for (const each of LOG_LEVELS) log[each](each);
      expect(lines.map((line) => line.trim().split(" ").at(-1)!)).toEqual(LOG_LEVELS.slice(index));
      expect(LOG_LEVELS.filter((each) => log.writes(each))).toEqual(LOG_LEVELS.slice(index));
    });
  }

  test("writes numbers, booleans and nothing as they are", () => {
    const fields = { a: 1, b: -0.5, c: true, d: null, e: undefined };
    expect(writeFields(fields)).toBe("a=1 b=-0.5 c=true d=null e=undefined");
  });

  const QUOTED: readonly [string, string, string][] = [
    ["nothing", "", '""'],
    ["a blank", "a b", '"a b"'],
    ["an equals sign", "a=b", '"a=b"'],
    ["a quote", 'a"b', '"a\\"b"'],
    ["a backslash", "a\\n", '"a\\\\n"'],
    ["a newline", "a\nb", '"a\\nb"'],
    ["a carriage return", "a\rb", '"a\\rb"'],
    ["a tab", "a\tb", '"a\\tb"'],
    ["a NUL", "a\0b", '"a\\u0000b"'],
    ["an ANSI sequence", "\u001b[31mred", '"\\u001b[31mred"'],
    ["a one-character CSI", "\u009b31m", '"\\u009b31m"'],
    ["a DEL", "\u007f", '"\\u007f"'],
    ["a line separator", "a\u2028b", '"a\\u2028b"'],
    ["a mark that turns text around", "a\u202eb", '"a\\u202eb"'],
    ["half a surrogate pair", "a\ud800", '"a\\ud800"'],
    ["a letter beyond ASCII", "é", '"é"'],
    ["a whole surrogate pair", "🙂", '"🙂"'],
  ];
  for (const [name, text, expected] of QUOTED) {
    test(`quotes a value with ${name}`, () => {
      expect(writeFields({ key: text })).toBe(`key=${expected}`);
    });
  }

  test("leaves an address, a path and a duration bare", () => {
    const fields = { peer: "[::1]:5995", file: "/a/b-c.toml", took: "17.6ms" };
    expect(writeFields(fields)).toBe("peer=[::1]:5995 file=/a/b-c.toml took=17.6ms");
  });

  test("escapes control characters in the message", () => {
    const { log, lines } = makeLog();
    log.info("a\n2026 error forged \u001b[2J");
    expect(lines).toEqual(["2026-11-21T03:24:44.123Z info  a\\n2026 error forged \\u001b[2J\n"]);
  });

  test("replaces what a key may not hold", () => {
    expect(writeFields({ "a b=\n": 1 })).toBe("a_b__=1");
  });

  test("writes an error with its causes and without its stack on one line", () => {
    const error = new TypeError("bad\nthing", { cause: new Error("root") });
    expect(writeFields({ error })).toBe('error="TypeError: bad\\nthing, caused by Error: root"');
  });

  test("stops at causes that form a circle", () => {
    const error = new Error("a");
    error.cause = error;
    expect(writeFields({ error })).toBe(
      'error="Error: a, caused by Error: a, caused by Error: a, caused by Error: a"',
    );
  });

  test("writes an object as its kind, even one without a prototype", () => {
    const fields = { a: {}, b: [1], c: Object.create(null), d: () => 1 };
    expect(writeFields(fields)).toBe(
      'a="[object Object]" b="[object Array]" c="[object Object]" d=[function]',
    );
  });

  test("keeps a value of 1000 characters and cuts one of 1001", () => {
    expect(writeFields({ key: "x".repeat(1000) })).toBe(`key=${"x".repeat(1000)}`);
    expect(writeFields({ key: "x".repeat(1001) })).toBe(`key="${"x".repeat(1000)}…"`);
  });
});

describe("quoteText", () => {
  test("gives text that JSON reads back", () => {
    const text = 'a "quoted" \\ \n\r\t\u0001\u009f\u2029 é 🙂';
    expect(JSON.parse(quoteText(text))).toBe(text);
  });
});

describe("escapeControls", () => {
  test("leaves printable text as it is", () => {
    expect(escapeControls('a "b" \\ é')).toBe('a "b" \\ é');
  });
});
