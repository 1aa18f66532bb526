import { describe, expect, test } from "bun:test";
import { NO_DEADLINE } from "../../src/redis/keyspace.ts";
import { SCAN_HANDLERS } from "../../src/redis/scan-commands.ts";
import { Random } from "../support/random.ts";
import { createRedisFixture } from "../support/redis-fixture.ts";

const SEED_COUNT = 20;
const EMPTY = "*2\r\n$1\r\n0\r\n*0\r\n";
const NO_CURSOR = "-ERR invalid cursor\r\n";
const NO_INTEGER = "-ERR value is not an integer or out of range\r\n";
const SYNTAX = "-ERR syntax error\r\n";

function createStand(names: readonly string[] = []) {
  const fixture = createRedisFixture(SCAN_HANDLERS);
  const client = fixture.client();
  const { keys } = fixture;
  const add = (name: string, deadlineMs = NO_DEADLINE) =>
    keys.set(0, Buffer.from(name, "latin1"), Buffer.from("1"), deadlineMs);
  for (const name of names) add(name);
  return {
    fixture,
    client,
    keys,
    add,
    run: (...args: string[]) =>
      fixture.run(client, ...args.map((text) => Buffer.from(text, "latin1"))),
  };
}

/** An array of short bulk strings. */
function arrayOf(...items: readonly string[]): string {
  const bulks = items.map((item) => `$${item.length}\r\n${item}\r\n`);
  return `*${items.length}\r\n${bulks.join("")}`;
}

/** The cursor and the keys of a reply to SCAN; keys without CR and LF. */
function parseScan(reply: string): [cursor: string, keys: string[]] {
  const lines = reply.split("\r\n");
  expect(lines[0]).toBe("*2");
  return [lines[2]!, lines.slice(4).filter((_, i) => i % 2 === 1)];
}

describe("KEYS", () => {
  const names = ["", "a", "ab", "abc", "b", "\xff\x00"];

  test.each([
    ["*", names],
    ["**", ["a", "ab", "abc", "b", "\xff\x00"]],
    ["a*", ["a", "ab", "abc"]],
    ["?", ["a", "b"]],
    ["[^a]?", ["\xff\x00"]],
    ["", [""]],
    ["A*", []],
  ])("%j finds %j", (pattern, found) => {
    expect(createStand(names).run("keys", pattern)).toBe(arrayOf(...found));
  });

  test("finds neither expired keys nor those of other databases", () => {
    const { fixture, client, keys, add, run } = createStand(["a"]);
    add("b", BigInt(keys.nowMs) + 5n);
    fixture.pass(5);
    expect(run("keys", "*")).toBe(arrayOf("a"));
    client.database = 3;
    expect(run("keys", "*")).toBe("*0\r\n");
  });

  test("goes on until the keyspace has shown everything", () => {
    const { keys, run } = createStand(["a", "b", "c"]);
    const scan = keys.scan.bind(keys);
    keys.scan = (database, cursor, _count, visit) => scan(database, cursor, 1, visit);
    expect(run("keys", "*")).toBe(arrayOf("a", "b", "c"));
  });
});

describe("SCAN", () => {
  test("an empty database is through at once", () => {
    expect(createStand().run("scan", "0")).toBe(EMPTY);
  });

  test("shows about ten keys, or as many as are asked for", () => {
    const { run } = createStand(Array.from({ length: 25 }, (_, i) => `key:${i}`));
    expect(parseScan(run("scan", "0"))[1]).toHaveLength(10);
    expect(parseScan(run("scan", "0", "count", "3"))[1]).toHaveLength(3);
    expect(parseScan(run("scan", "0", "COUNT", "9223372036854775807"))[1]).toHaveLength(25);
  });

  test("a whole scan shows every key that is there all the time", () => {
    for (let seed = 1; seed <= SEED_COUNT; seed++) {
      const random = new Random(seed);
      const names = Array.from({ length: random.below(60) }, (_, i) => `lasting:${i}`);
      const { add, keys, run } = createStand(names);
      const seen = new Set<string>();
      let cursor = "0";
      do {
        const count = String(random.between(1, 9));
        const [next, shown] = parseScan(run("scan", cursor, "MATCH", "last*", "COUNT", count));
        for (const name of shown) seen.add(name);
        cursor = next;
        const name = `passing:${random.below(50)}`;
        if (random.oneIn(2)) add(name);
        else keys.delete(0, Buffer.from(name));
      } while (cursor !== "0");
      expect([`seed ${seed}`, ...seen].toSorted()).toEqual([`seed ${seed}`, ...names].toSorted());
    }
  });

  test("what does not match is passed over, and counts", () => {
    const { run } = createStand(["a", "b", "a2", "b2"]);
    const [cursor, shown] = parseScan(run("scan", "0", "match", "a*", "count", "2"));
    expect(shown).toEqual(["a"]);
    expect(parseScan(run("scan", cursor, "match", "a*", "count", "2"))).toEqual(["0", ["a2"]]);
    expect(parseScan(run("scan", "0", "match", "b*", "match", "a*"))[1]).toEqual(["a", "a2"]);
  });

  test.each([
    ["string", ["a"]],
    ["STRING", ["a"]],
    ["list", []],
    ["bogus", []],
  ])("of type %s there are %j", (type, shown) => {
    expect(parseScan(createStand(["a"]).run("scan", "0", "type", type))).toEqual(["0", shown]);
  });

  test.each([
    ["", 0],
    ["00", 0],
    ["+7", 7],
    ["-0", 0],
    ["-1", 2 ** 48 - 1],
    [`${"0".repeat(100)}12`, 12],
    ["281474976710655", 2 ** 48 - 1],
    ["281474976710661", 5],
    ["18446744073709551615", 2 ** 48 - 1],
    ["-18446744073709551615", 1],
  ])("the cursor %j means %d", (text, expected) => {
    const { keys, run } = createStand();
    const cursors: number[] = [];
    keys.scan = (_database, cursor) => {
      cursors.push(cursor);
      return 2 ** 48 - 1;
    };
    expect(run("scan", text)).toBe("*2\r\n$15\r\n281474976710655\r\n*0\r\n");
    expect(cursors).toEqual([expected]);
  });

  test.each([
    [["x"], NO_CURSOR],
    [[" 0"], NO_CURSOR],
    [["0 "], NO_CURSOR],
    [["-"], NO_CURSOR],
    [["0x1"], NO_CURSOR],
    [["0\n"], NO_CURSOR],
    [["18446744073709551616"], NO_CURSOR],
    [["-18446744073709551616"], NO_CURSOR],
    [["x", "count", "0"], NO_CURSOR],
    [["0", "count", "0"], SYNTAX],
    [["0", "count", "-1"], SYNTAX],
    [["0", "count", "x"], NO_INTEGER],
    [["0", "count", "9223372036854775808"], NO_INTEGER],
    [["0", "count"], SYNTAX],
    [["0", "match"], SYNTAX],
    [["0", "type"], SYNTAX],
    [["0", "bogus", "1"], SYNTAX],
    [["0", "bogus", "1", "count", "x"], SYNTAX],
    [["0", "count", "x", "bogus"], NO_INTEGER],
  ])("%j is answered with %j", (args, reply) => {
    expect(createStand(["a"]).run("scan", ...args)).toBe(reply);
  });
});

describe("RANDOMKEY", () => {
  test("is one of the live keys", () => {
    const { fixture, keys, add, run } = createStand(["a", "b"]);
    add("c", BigInt(keys.nowMs) + 5n);
    fixture.pass(5);
    const seen = new Set(Array.from({ length: 50 }, () => run("randomkey")));
    expect([...seen].toSorted()).toEqual(["$1\r\na\r\n", "$1\r\nb\r\n"]);
  });

  test("is nil when there is none", () => {
    const { client, run } = createStand();
    expect(run("randomkey")).toBe("$-1\r\n");
    client.version = 3;
    expect(run("randomkey")).toBe("_\r\n");
  });
});
