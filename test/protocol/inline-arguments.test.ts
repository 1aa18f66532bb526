import { describe, expect, test } from "bun:test";
import { splitInline } from "../../src/protocol/inline-arguments.ts";
import { RealRedis } from "../support/real-redis.ts";
import { RespClient } from "../support/resp-client.ts";
import { contentOf, elementsOf } from "../support/resp-reader.ts";
import { describeProgram } from "../support/debian-program.ts";
import { Random } from "../support/random.ts";

/** A line without its end, and its arguments; null = its quotes do not match. */
const LINES: readonly (readonly [string, readonly string[] | null])[] = [
  ["", []],
  [" \t\v\f\r ", []],
  ["a", ["a"]],
  ["  a  bc\td ", ["a", "bc", "d"]],
  ["a\rb", ["a", "b"]],
  // Vertical tab and form feed end no argument, but none begins with them.
  ["a\vb\fc", ["a\vb\fc"]],
  ["a \vb", ["a", "b"]],
  ["\f\va", ["a"]],
  ['"a"\vb', ["a", "b"]],
  ["a\x01\x7f\x80\xff", ["a\x01\x7f\x80\xff"]],
  ['""', [""]],
  ["''", [""]],
  ['"" \'\' ""', ["", "", ""]],
  ['"a b" c', ["a b", "c"]],
  ["'a b' c", ["a b", "c"]],
  ["\"it's\" '\"'", ["it's", '"']],
  // A quote may begin within an argument, and ends it.
  ['a"b c" d', ["ab c", "d"]],
  ["a'b c' d", ["ab c", "d"]],
  ['a"b"c', null],
  ['"a""b"', null],
  ["'a''b'", null],
  ["'a'\"b\"", null],
  ['"a"\\', null],
  ['"a', null],
  ["'a", null],
  ['"', null],
  ["'", null],
  ['a"', null],
  // Escapes in double quotes.
  ['"\\n\\r\\t\\b\\a"', ["\n\r\t\b\x07"]],
  ['"\\"\\\\"', ['"\\']],
  ['"\\q\\N\\0"', ["qN0"]],
  ['"\\x41\\x00\\xff\\xFf\\xfF"', ["A\0\xff\xff\xff"]],
  ['"\\x4"', ["x4"]],
  ['"\\xg1\\x1g"', ["xg1x1g"]],
  ['"\\x', null],
  ['"\\x4', null],
  ['"\\x41', null],
  ['"a\\"', null],
  ['"a\\', null],
  ['"\\\\"', ["\\"]],
  // In single quotes there is one.
  ["'\\''", ["'"]],
  ["'\\n\\\\ '", ["\\n\\\\ "]],
  ["'\\\\'", null],
  ["'a\\'", null],
  ["'\\x41'", ["\\x41"]],
  // Outside of quotes there is none.
  ['\\n a\\"b"', ["\\n", "a\\b"]],
  ["\\x41 \\", ["\\x41", "\\"]],
];

/** What is read as C strings are. */
const WITH_ZERO: readonly (readonly [string, readonly string[] | null])[] = [
  ["a\0b", ["a"]],
  ["\0a", []],
  ["a \0 b", ["a"]],
  ['"a\0"', null],
  ["'a\0'", null],
  ['"\\\0"', null],
];

function split(line: string): string[] | null {
  return splitInline(Buffer.from(line, "latin1"))?.map((arg) => arg.toString("latin1")) ?? null;
}

describe("an inline command", () => {
  for (const [line, args] of [...LINES, ...WITH_ZERO]) {
    test(`${JSON.stringify(line)} is ${JSON.stringify(args)}`, () => {
      expect(split(line)).toEqual(args as string[] | null);
    });
  }

  test("is not read beyond its end", () => {
    const bytes = Buffer.from(`"\\x41"'`, "latin1");
    for (let end = 0; end <= bytes.length; end++) {
      const text = bytes.toString("latin1", 0, end);
      expect(splitInline(bytes.subarray(0, end))).toEqual(splitInline(Buffer.from(text, "latin1")));
    }
    expect(splitInline(bytes.subarray(0, 6))).toEqual([Buffer.from("A")]);
    expect(splitInline(bytes.subarray(0, 5))).toBeNull();
  });
});

describeProgram("redis-server", "redis-server", () => {
  /** Asks it for the keys of a command whose arguments are all keys. */
  async function splitThere(redis: RealRedis, line: string): Promise<string[] | null> {
    using client = await RespClient.connect(redis.port);
    client.send(Buffer.from(`COMMAND GETKEYS MGET first ${line}\r\n`, "latin1"));
    const reply = (await client.reply())!;
    const elements = elementsOf(reply);
    if (elements !== null) {
      return elements.slice(1).map((element) => contentOf(element).toString("latin1"));
    }
    expect(reply.toString()).toBe("-ERR Protocol error: unbalanced quotes in request\r\n");
    return null;
  }

  test("splits these lines as we do", async () => {
    await using redis = await RealRedis.start();
    for (const [line, args] of LINES) {
      expect([line, await splitThere(redis, line)]).toEqual([line, args as string[] | null]);
    }
  });

  test("splits lines of random characters as we do", async () => {
    await using redis = await RealRedis.start();
    for (let seed = 0; seed < 200; seed++) {
      const random = new Random(seed);
      const characters = [..."  \t\v\f\r\"\"''\\\\xnab41\xff"];
      const line = Array.from({ length: random.below(14) }, () => random.pick(characters)).join("");
      expect([seed, line, split(line)]).toEqual([seed, line, await splitThere(redis, line)]);
    }
  });
});
