import { describe, expect, test } from "bun:test";
import { DEBUG_HANDLERS } from "../../src/redis/debug-commands.ts";
import { NO_DEADLINE } from "../../src/redis/keyspace.ts";
import type { RedisServer } from "../../src/redis/redis-server.ts";
import { createRedisFixture } from "../support/redis-fixture.ts";

function createStand(server: Partial<RedisServer> = {}) {
  const fixture = createRedisFixture(DEBUG_HANDLERS, { server });
  const client = fixture.client();
  const run = (...args: string[]) => fixture.run(client, "DEBUG", ...args);
  const set = (key: string, value: string) =>
    fixture.keys.set(client.database, Buffer.from(key), Buffer.from(value), NO_DEADLINE);
  return { fixture, client, run, set };
}

function unknown(name: string): string {
  return `-ERR unknown subcommand or wrong number of arguments for '${name}'. Try DEBUG HELP.\r\n`;
}

// The replies of redis-server 7.0.15.
describe("DEBUG", () => {
  test("is refused where it is not allowed", () => {
    expect(createStand({ isDebugAllowed: false }).run("HELP")).toBe(
      '-ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you' +
        " can run it from a local connection, otherwise you need to set this option in the" +
        " configuration file, and then restart the server.\r\n",
    );
  });

  test.each([
    [["NOPE"], unknown("NOPE")],
    [["JMAP", "x"], unknown("JMAP")],
    [["SLEEP"], unknown("SLEEP")],
    [["SLEEP", "1", "2"], unknown("SLEEP")],
    [["SET-ACTIVE-EXPIRE"], unknown("SET-ACTIVE-EXPIRE")],
    [["DIGEST", "x"], unknown("DIGEST")],
    [["DIGEST-VALUE"], "*0\r\n"],
    [["OBJECT"], unknown("OBJECT")],
    [["OBJECT", "d", "fast"], unknown("OBJECT")],
    [["OBJECT", "nokey"], "-ERR no such key\r\n"],
    [["LOG"], unknown("LOG")],
    [["log", "a", "b"], unknown("log")],
    [["PROTOCOL"], unknown("PROTOCOL")],
    [["PROTOCOL", "nope", "x"], unknown("PROTOCOL")],
    [["PROTOCOL", "integer"], ":12345\r\n"],
    [["ERROR", "foo", "bar"], unknown("ERROR")],
    [["ERROR", "foobar"], "-foobar\r\n"],
    [["ERROR", "two\r\nlines"], "-two  lines\r\n"],
    [["POPULATE", "x"], "-ERR value is out of range, must be positive\r\n"],
    [["POPULATE", "-1"], "-ERR value is out of range, must be positive\r\n"],
    [["POPULATE", "1", "q", "x"], "-ERR value is out of range, must be positive\r\n"],
    [["POPULATE", "1", "q", "10", "3", "4"], unknown("POPULATE")],
  ])("answers %j", (args, reply) => {
    expect(createStand().run(...args)).toBe(reply);
  });

  test.each([
    ["0.01", [10]],
    ["2", [2000]],
    ["1.5x", [1500]],
    ["x", []],
    ["-1", []],
    ["inf", []],
    ["Infinity", []],
  ])("SLEEP %s keeps the server busy for %j ms", (text, expected) => {
    const slept: number[] = [];
    const { run } = createStand({ sleep: (durationMs) => void slept.push(durationMs) });
    expect(run("SLEEP", text)).toBe("+OK\r\n");
    expect(slept).toEqual(expected);
  });

  test.each([
    ["1", true],
    ["0", false],
    ["x", false],
    ["2", true],
  ])("SET-ACTIVE-EXPIRE %s switches to %p", (text, expected) => {
    const switched: boolean[] = [];
    const { run } = createStand({ setActiveExpiry: (isOn) => void switched.push(isOn) });
    expect(run("SET-ACTIVE-EXPIRE", text)).toBe("+OK\r\n");
    expect(switched).toEqual([expected]);
  });

  test("LOG writes to the log", () => {
    const texts: string[] = [];
    const { run } = createStand({ log: (text) => void texts.push(text) });
    expect(run("LOG", "hello")).toBe("+OK\r\n");
    expect(texts).toEqual(["hello"]);
  });

  test("DIGEST and DIGEST-VALUE answer hexadecimal digits as simple strings", () => {
    const { run, set } = createStand();
    set("a", "b");
    const value = "+b78559cd22bce6e6df712eb99ce7f3b08e8f8f1f\r\n";
    expect(run("DIGEST")).toBe("+479783d7290f02957dfbe3408a858ba13eea1709\r\n");
    expect(run("DIGEST-VALUE", "a", "nokey", "a")).toBe(
      `*3\r\n${value}+${"0".repeat(40)}\r\n${value}`,
    );
  });

  test.each([
    ["b", "1 encoding:embstr serializedlength:2"],
    ["123", "2147483647 encoding:int serializedlength:2"],
    ["-129", "1 encoding:int serializedlength:3"],
    ["40000", "1 encoding:int serializedlength:5"],
    ["99999999999", "1 encoding:int serializedlength:12"],
    ["x".repeat(62), "1 encoding:raw serializedlength:63"],
    ["x".repeat(64), "1 encoding:raw serializedlength:66"],
    ["x".repeat(16_384), "1 encoding:raw serializedlength:16389"],
  ])("OBJECT describes %p", (value, description) => {
    const { run, set, client } = createStand();
    client.database = 3;
    set("key", value);
    expect(run("OBJECT", "key")).toBe(
      `+Value at:0x0 refcount:${description} lru:0 lru_seconds_idle:0\r\n`,
    );
  });

  test("POPULATE creates keys and leaves those that are there alone", () => {
    const { fixture, run, set } = createStand();
    const read = (key: string) => fixture.keys.find(0, Buffer.from(key))?.bytes().toString();
    set("key:1", "mine");
    expect(run("POPULATE", "3")).toBe("+OK\r\n");
    expect([read("key:0"), read("key:1"), read("key:2")]).toEqual(["value:0", "mine", "value:2"]);
    run("POPULATE", "1", "p", "3");
    run("POPULATE", "1", "q", "10");
    expect([read("p:0"), read("q:0")]).toEqual(["val", "value:0\0\0\0"]);
    expect(fixture.keys.count(0)).toBe(5);
  });

  test("POPULATE ends where memory or the length of values does", () => {
    const { fixture, run } = createStand({ maxValueBytes: 10 });
    expect(run("POPULATE", "1", "p", "11")).toBe(
      "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n",
    );
    fixture.keys.isFull = true;
    expect(run("POPULATE", "1", "p", "10")).toStartWith("-OOM ");
  });

  test("JMAP counts what is on the heap", () => {
    expect(createStand().run("JMAP")).toMatch(/\nobjects:[1-9]\d+\n/);
  });

  test("HELP names every subcommand that does something", () => {
    const help = createStand().run("HELP");
    const names = [
      "DIGEST",
      "DIGEST-VALUE",
      "ERROR",
      "JMAP",
      "LOG",
      "OBJECT",
      "POPULATE",
      "PROTOCOL",
    ];
    for (const name of [...names, "SET-ACTIVE-EXPIRE", "SLEEP", "HELP"]) {
      expect(help).toMatch(new RegExp(`\r\n\\+${name}[ \r]`));
    }
    // The head is the line that is not a subcommand.
    expect(help.match(/\r\n\+[A-Z]/g)).toHaveLength(names.length + 4);
  });
});
