// Recorded from redis-server 7.0.15.

import { describe, expect, test } from "bun:test";
import { refuseArity, refuseUnknown } from "../../src/redis/command-refusal.ts";
import { COMMAND_TABLE } from "../../src/redis/commands.ts";

const commands = COMMAND_TABLE;

function refuse(...args: string[]): string {
  return refuseUnknown(
    commands,
    args.map((arg) => Buffer.from(arg, "latin1")),
  );
}

describe("refuseUnknown", () => {
  const unknown = (name: string, rest: string) =>
    `ERR unknown command '${name}', with args beginning with: ${rest}`;

  test.each<[string[], string]>([
    [["foo"], unknown("foo", "")],
    [["foo", "a", "b"], unknown("foo", "'a' 'b' ")],
    [["foo", "x".repeat(200), "b"], unknown("foo", `'${"x".repeat(128)}' `)],
    [["FOO" + "y".repeat(200)], unknown("FOO" + "y".repeat(125), "")],
    [["a\r\nb", "a\r\nb\x01'\0c", "d"], unknown("a  b", "'a  b\x01'' 'd' ")],
    [["foo", "a".repeat(126), "bcd", "e"], unknown("foo", `'${"a".repeat(126)}' `)],
    [["foo", "a".repeat(124), "bcd", "e"], unknown("foo", `'${"a".repeat(124)}' 'b' `)],
    [["\xe9\xff\0x", "\x80"], unknown("\xe9\xff", "'\x80' ")],
    [["COMMAND", "x"], "ERR unknown subcommand 'x'. Try COMMAND HELP."],
    [
      ["command", "x\r\ny".repeat(40)],
      `ERR unknown subcommand '${"x  y".repeat(32)}'. Try COMMAND HELP.`,
    ],
  ])("shows %j", (args, text) => {
    expect(refuse(...args)).toBe(text);
  });
});

describe("refuseArity", () => {
  test("has the full name", () => {
    const text = (name: string) => refuseArity(commands.findFull(name)!);
    expect(text("COMMAND")).toBe("ERR wrong number of arguments for 'command' command");
    expect(text("command|count")).toBe("ERR wrong number of arguments for 'command|count' command");
  });
});
