import { describe, expect, test } from "bun:test";
import type { Handler } from "../../src/redis/call.ts";
import { CommandTable } from "../../src/redis/command-table.ts";
import { keysToEnd, oneKey, specsOf } from "../../src/redis/rows/spec.ts";

const server = specsOf("server", []);
const given = { since: "1.0.0", summary: "Do it" };
const handler: Handler = () => {};

const SPECS = [
  server("get", { ...given, arity: 2, flags: ["fast", "readonly"], keySpecs: [oneKey(["RO"])] }),
  server("del", { ...given, arity: -2, flags: ["write"], keySpecs: [keysToEnd(["RM"])] }),
  server("mset", { ...given, arity: -3, keySpecs: [keysToEnd(["OW"], 2)] }),
  server("rename", { ...given, arity: 3, keySpecs: [oneKey(["RW"]), oneKey(["OW"], 2)] }),
  server("durable", { ...given, arity: -3, flags: ["movablekeys"] }),
  server("object", {
    ...given,
    arity: -2,
    subcommands: [
      server("encoding", { ...given, arity: 3, flags: ["admin"], keySpecs: [oneKey(["RO"], 2)] }),
      server("help", { ...given, arity: 2 }),
    ],
  }),
];
const HANDLERS = {
  get: handler,
  del: handler,
  mset: handler,
  rename: handler,
  durable: handler,
  "object|encoding": handler,
  "object|help": handler,
};

const table = new CommandTable(SPECS, HANDLERS);

function argumentsOf(line: string): Buffer[] {
  return line.split(" ").map((word) => Buffer.from(word));
}

describe("CommandTable", () => {
  test("numbers its rows without gaps", () => {
    expect(table.rows.map(({ index }) => index)).toEqual(table.rows.map((_, index) => index));
    expect(table.rows.map(({ fullName }) => fullName)).toEqual([
      "get",
      "del",
      "mset",
      "rename",
      "durable",
      "object",
      "object|encoding",
      "object|help",
    ]);
    expect(table.commands).toEqual(table.rows.filter(({ container }) => container === null));
  });

  test("puts flags in order, and finds the categories that follow from them", () => {
    const flagsAndCategories = (name: string) => {
      const { flags, categories } = table.findFull(name)!;
      return [[...flags], [...categories]];
    };
    expect(flagsAndCategories("get")).toEqual([
      ["readonly", "fast"],
      ["read", "fast"],
    ]);
    expect(flagsAndCategories("del")).toEqual([["write"], ["write", "slow"]]);
    expect(flagsAndCategories("object|encoding")).toEqual([
      ["admin"],
      ["admin", "slow", "dangerous"],
    ]);
  });

  test("has no handler for a command that is nothing without a subcommand", () => {
    expect(table.find("object")!.handler).toBeNull();
    expect(table.findFull("object|help")!.handler).toBe(handler);
  });

  test("wants a handler for each row", () => {
    const { "object|help": _, ...handlers } = HANDLERS;
    expect(() => new CommandTable(SPECS, handlers)).toThrow(
      "no handler for the command object|help",
    );
  });

  test("wants a row for each handler", () => {
    const handlers = { ...HANDLERS, "get|all": handler, put: handler };
    expect(() => new CommandTable(SPECS, handlers)).toThrow("no row for the handlers get|all, put");
  });

  test("wants each command once", () => {
    expect(() => new CommandTable([...SPECS, SPECS[0]!], HANDLERS)).toThrow("two rows for get");
  });
});

describe("find", () => {
  test.each(["get", "GET", "gEt"])("finds %s", (name) => {
    expect(table.find(name)).toBe(table.rows[0]!);
    expect(table.find(Buffer.from(name))).toBe(table.rows[0]!);
  });

  test.each(["", "ge", "gett", "get ", "object|help", "constructor", "G\u00c9T", "get".repeat(50)])(
    "does not find %j",
    (name) => {
      expect(table.find(name)).toBeNull();
      expect(table.find(Buffer.from(name))).toBeNull();
    },
  );
});

describe("findFull", () => {
  test("finds commands and subcommands", () => {
    expect(table.findFull("GET")?.fullName).toBe("get");
    expect(table.findFull(Buffer.from("Object|Help"))?.fullName).toBe("object|help");
  });

  test.each(["object|", "|help", "get|help", "object|get", "object|help|"])(
    "does not find %j",
    (name) => expect(table.findFull(name)).toBeNull(),
  );
});

describe("resolve", () => {
  test.each([
    ["GET a", "get"],
    ["get", "get"],
    ["OBJECT", "object"],
    ["object Encoding a", "object|encoding"],
    ["object help more", "object|help"],
  ])("takes %j for %s", (line, fullName) => {
    expect(table.resolve(argumentsOf(line))?.fullName).toBe(fullName);
  });

  test.each(["put a", "object get", "object|help", "get|a"])("knows no %j", (line) => {
    expect(table.resolve(argumentsOf(line))).toBeNull();
  });

  test("knows no command without a name", () => {
    expect(table.resolve([])).toBeNull();
  });
});

describe("hasArity", () => {
  test.each([
    ["get", false],
    ["get a", true],
    ["get a b", false],
    ["del", false],
    ["del a", true],
    ["del a b c d", true],
  ])("of %j is %p", (line, expected) => {
    const args = argumentsOf(line);
    expect(table.hasArity(table.resolve(args)!, args)).toBe(expected);
  });
});

describe("keysOf", () => {
  test.each([
    ["get a", [1]],
    ["del a", [1]],
    ["del a b c", [1, 2, 3]],
    ["mset a 1 b 2", [1, 3]],
    ["mset a 1 b", [1, 3]],
    ["rename a b", [1, 2]],
    ["object encoding a", [2]],
    ["object help", []],
    ["durable always mset a 1 b 2", [3, 5]],
    ["durable always object encoding a", [4]],
    ["durable always object help", []],
    ["durable always get", []],
    ["durable always nonsense a", []],
    ["durable always", []],
    ["durable always durable none get a", []],
  ])("of %j is %p", (line, expected) => {
    const args = argumentsOf(line);
    expect(table.keysOf(table.resolve(args)!, args)).toEqual(expected);
  });
});
