import { describe, expect, test } from "bun:test";
import type { Client } from "../../src/redis/client.ts";
import { writeCommandInfo } from "../../src/redis/command-description.ts";
import { COMMAND_HANDLERS } from "../../src/redis/command-commands.ts";
import { ReplyWriter } from "../../src/redis/reply-writer.ts";
import { createRedisFixture } from "../support/redis-fixture.ts";

const fixture = createRedisFixture();
const { commands } = fixture.server;

/** What a line of words is answered, with spaces for the line ends. */
function answerTo(line: string, version: 2 | 3 = 2): string {
  const client: Client = fixture.client();
  client.version = version;
  return fixture
    .run(client, ...line.split(" "))
    .trimEnd()
    .replaceAll("\r\n", " ");
}

function infoOf(fullName: string): string {
  const parts: string[] = [];
  const reply = new ReplyWriter();
  const sink = {
    write: (bytes: Uint8Array) => void parts.push(Buffer.from(bytes).toString("latin1")),
    splice: () => {},
  };
  reply.begin(2, sink);
  writeCommandInfo(commands.findFull(fullName)!, reply);
  reply.end();
  return parts.join("").trimEnd().replaceAll("\r\n", " ");
}

function bulk(text: string): string {
  return `$${text.length} ${text}`;
}

function bulks(texts: readonly string[]): string {
  return [`*${texts.length}`, ...texts.map(bulk)].join(" ");
}

describe("COMMAND", () => {
  test("answers what COMMAND INFO answers without names: all commands", () => {
    const all = commands.commands.map(({ fullName }) => infoOf(fullName));
    const expected = [`*${all.length}`, ...all].join(" ");
    expect(answerTo("COMMAND")).toBe(expected);
    expect(answerTo("COMMAND INFO")).toBe(expected);
  });

  test("has a handler for each subcommand", () => {
    const names = [...commands.find("command")!.subcommands!.values()];
    const fullNames = names.map(({ fullName }) => fullName);
    expect(Object.keys(COMMAND_HANDLERS).sort()).toEqual(["command", ...fullNames].sort());
  });
});

describe("COMMAND COUNT", () => {
  test("leaves subcommands out", () => {
    expect(answerTo("COMMAND COUNT")).toBe(`:${commands.commands.length}`);
  });
});

describe("COMMAND INFO", () => {
  test("answers in the order of the names, with nil for what is unknown", () => {
    const infos = `${infoOf("get")} $-1 ${infoOf("client|id")} $-1`;
    expect(answerTo("COMMAND INFO GET put Client|ID client|put")).toBe(`*4 ${infos}`);
    expect(answerTo("COMMAND INFO put", 3)).toBe("*1 _");
  });
});

describe("COMMAND DOCS", () => {
  test("leaves out what is unknown", () => {
    const get =
      "$3 get *10 $7 summary $22 Get the value of a key $5 since $5 1.0.0 $5 group $6 string " +
      "$10 complexity $4 O(1) $9 arguments *1 *6 $4 name $3 key $4 type $3 key " +
      "$14 key_spec_index :0";
    const id =
      "$9 client|id *8 $7 summary $48 Returns the client ID for the current connection " +
      "$5 since $5 5.0.0 $5 group $10 connection $10 complexity $4 O(1)";
    expect(answerTo("COMMAND DOCS GET put CLIENT|ID")).toBe(`*4 ${get} ${id}`);
    expect(answerTo("COMMAND DOCS put")).toBe("*0");
    expect(answerTo("COMMAND DOCS put", 3)).toBe("%0");
  });

  test("tells of all commands without names", () => {
    const { length } = commands.commands;
    expect(answerTo("COMMAND DOCS", 3)).toStartWith(`%${length} $3 set %6 $7 summary `);
    expect(answerTo("COMMAND DOCS")).toStartWith(`*${2 * length} $3 set *12 $7 summary `);
  });
});

describe("COMMAND LIST", () => {
  test("has subcommands as well", () => {
    const names = commands.rows.map(({ fullName }) => fullName);
    expect(names).toContain("client|list");
    expect(answerTo("COMMAND LIST")).toBe(bulks(names));
    expect(answerTo("COMMAND LIST", 3)).toBe(bulks(names));
  });

  test.each([
    ["FILTERBY PATTERN set*", ["set", "setnx", "setex", "setrange"]],
    ["filterby pattern CLIENT|I*", ["client|id", "client|info"]],
    ["filterby pattern put*", []],
    ["filterby aclcat Transaction", ["multi", "exec", "discard", "watch", "unwatch"]],
    ["filterby aclcat scripting", ["function|flush", "script|flush"]],
    ["filterby aclcat @string", []],
    ["filterby aclcat hash", []],
    ["filterby module json", []],
  ])("%s finds %p", (filter, names) => {
    expect(answerTo(`COMMAND LIST ${filter}`)).toBe(bulks(names));
  });

  test.each(["FILTERBY", "FILTERBY ACLCAT", "FILTERBY NAME get", "BY ACLCAT string"])(
    "refuses %s",
    (filter) => expect(answerTo(`COMMAND LIST ${filter}`)).toBe("-ERR syntax error"),
  );

  test("refuses what follows a filter", () => {
    expect(answerTo("COMMAND LIST FILTERBY ACLCAT string more")).toBe("-ERR syntax error");
  });
});

describe("COMMAND GETKEYS", () => {
  test.each([
    ["get a", ["a"]],
    ["MSET a 1 b 2", ["a", "b"]],
    ["mset a 1 b", ["a", "b"]],
    ["del a a", ["a", "a"]],
    ["copy a b db 1", ["a", "b"]],
    ["object encoding a", ["a"]],
    ["memory usage a samples 3", ["a"]],
    ["durable always get a", ["a"]],
    ["durable none mset a 1 b 2", ["a", "b"]],
  ])("of %j is %p", (line, keys) => {
    expect(answerTo(`COMMAND GETKEYS ${line}`)).toBe(bulks(keys));
  });

  test.each([
    ["put a", "ERR Invalid command specified"],
    ["object put a", "ERR Invalid command specified"],
    ["get|a a", "ERR Invalid command specified"],
    ["object|encoding a", "ERR Invalid command specified"],
    ["client list", "ERR The command has no key arguments"],
    ["ping a b", "ERR The command has no key arguments"],
    ["durable always ping", "ERR The command has no key arguments"],
    ["durable always put a", "ERR The command has no key arguments"],
    ["durable always get a b", "ERR The command has no key arguments"],
    ["durable always", "ERR Invalid number of arguments specified for command"],
    ["get a b", "ERR Invalid number of arguments specified for command"],
  ])("refuses %j: %s", (line, error) => {
    expect(answerTo(`COMMAND GETKEYS ${line}`)).toBe(`-${error}`);
  });
});

describe("COMMAND HELP", () => {
  test("names each subcommand", () => {
    const answer = answerTo("COMMAND HELP");
    expect(answer).toStartWith("*19 +COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands");
    for (const name of commands.find("command")!.subcommands!.keys()) {
      expect(answer).toContain(` +${name.toUpperCase()} `);
    }
  });
});
