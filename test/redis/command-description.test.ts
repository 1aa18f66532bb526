import { describe, expect, test } from "bun:test";
import { writeCommandDocs, writeCommandInfo } from "../../src/redis/command-description.ts";
import type { CommandRow, CommandSpec } from "../../src/redis/command-row.ts";
import { CommandTable } from "../../src/redis/command-table.ts";
import type { Reply } from "../../src/redis/reply.ts";
import { ReplyWriter } from "../../src/redis/reply-writer.ts";
import { ALL_ROWS } from "../../src/redis/rows/all-rows.ts";

const GOLDEN = new URL("golden/command-info.txt", import.meta.url);
/** Of Redis 7.2 or of this server, so that 7.0 says nothing of them. */
const LATER = ["client|setinfo", "client|no-touch", "client|durability", "durable"];

const table = new CommandTable(ALL_ROWS, handlersOf(ALL_ROWS, ""));

function handlersOf(specs: readonly CommandSpec[], prefix: string): Record<string, () => void> {
  const handlers: Record<string, () => void> = {};
  for (const { name, arity, subcommands } of specs) {
    if (subcommands.length === 0 || arity === -1) handlers[`${prefix}${name}`] = () => {};
    Object.assign(handlers, handlersOf(subcommands, `${prefix}${name}|`));
  }
  return handlers;
}

function replyOf(
  write: (row: CommandRow, reply: Reply) => void,
  fullName: string,
  version: 2 | 3,
): string {
  let text = "";
  const reply = new ReplyWriter();
  const sink = {
    write: (bytes: Uint8Array) => void (text += Buffer.from(bytes).toString("latin1")),
    splice: () => {
      throw new Error("no values are written here");
    },
  };
  reply.begin(version, sink);
  write(table.findFull(fullName)!, reply);
  reply.end();
  return text;
}

/** The reply's bytes, with spaces for the line ends. */
function bytesOf(...args: Parameters<typeof replyOf>): string {
  return replyOf(...args)
    .trimEnd()
    .replaceAll("\r\n", " ");
}

type Tree = number | string | Tree[];

/** Reads a reply of RESP2, given its lines. */
function parse(lines: string[]): Tree {
  const head = lines.shift()!;
  const rest = head.slice(1);
  if (head[0] === "*") return Array.from({ length: Number(rest) }, () => parse(lines));
  if (head[0] === "$") return lines.shift()!;
  return head[0] === ":" ? Number(rest) : rest;
}

/** What follows a name in a map that was sent as an array. */
function fieldOf(map: Tree, name: string): Tree {
  const all = map as Tree[];
  return all[all.indexOf(name) + 1]!;
}

/** A line of the golden file. */
function lineOf(fullName: string): string {
  const fields = parse(replyOf(writeCommandInfo, fullName, 2).split("\r\n")) as Tree[];
  const join = (words: Tree) => (words as string[]).join(",") || "-";
  const keySpecs = (fields[8] as Tree[]).map((keySpec) => {
    const range = fieldOf(fieldOf(keySpec, "find_keys"), "spec");
    return [
      (fieldOf(keySpec, "flags") as string[]).join("+"),
      fieldOf(fieldOf(fieldOf(keySpec, "begin_search"), "spec"), "index"),
      fieldOf(range, "lastkey"),
      fieldOf(range, "keystep"),
    ].join(":");
  });
  return [
    ...fields.slice(0, 2),
    join(fields[2]!),
    ...fields.slice(3, 6),
    join(fields[6]!),
    join(fields[7]!),
    join(keySpecs),
  ].join(" ");
}

describe("writeCommandInfo", () => {
  test("tells of every command what Redis 7.0 tells", async () => {
    const lines = (await Bun.file(GOLDEN).text()).trimEnd().split("\n");
    const names = table.rows.map(({ fullName }) => fullName);
    const known = names.filter((name) => !LATER.includes(name));
    const golden = lines.filter((line) => !line.startsWith("#"));
    expect(known.map(lineOf).sort()).toEqual(golden.sort());
  });

  const RENAME_KEYS = (map: (size: number) => string, set: string) =>
    [
      `${map(3)} $5 flags ${set}3 +RW +access +delete $12 begin_search ${map(2)} $4 type $5 index`,
      `$4 spec ${map(1)} $5 index :1 $9 find_keys ${map(2)} $4 type $5 range $4 spec ${map(3)}`,
      `$7 lastkey :0 $7 keystep :1 $5 limit :0 ${map(3)} $5 flags ${set}2 +OW +update`,
      `$12 begin_search ${map(2)} $4 type $5 index $4 spec ${map(1)} $5 index :2`,
      `$9 find_keys ${map(2)} $4 type $5 range $4 spec ${map(3)} $7 lastkey :0 $7 keystep :1`,
      "$5 limit :0",
    ].join(" ");

  test("writes sets and maps as arrays in RESP2", () => {
    const keys = RENAME_KEYS((size) => `*${2 * size}`, "*");
    const head = "*10 $6 rename :3 *1 +write :1 :2 :1 *3 +@keyspace +@write +@slow *0";
    expect(bytesOf(writeCommandInfo, "rename", 2)).toBe(`${head} *2 ${keys} *0`);
  });

  test("writes sets and maps as such in RESP3", () => {
    const keys = RENAME_KEYS((size) => `%${size}`, "~");
    const head = "*10 $6 rename :3 ~1 +write :1 :2 :1 ~3 +@keyspace +@write +@slow ~0";
    expect(bytesOf(writeCommandInfo, "rename", 3)).toBe(`${head} ~2 ${keys} ~0`);
  });

  test("puts notes before the rest of a key spec", () => {
    const notes = "$5 notes $40 RW and UPDATE because it changes the TTL $5 flags ~3 +RW";
    expect(bytesOf(writeCommandInfo, "getex", 3)).toContain(`~1 %4 ${notes}`);
  });

  test("writes subcommands in an array, even in RESP3", () => {
    const inner =
      "*10 $14 function|flush :-2 ~2 +write +noscript :0 :0 :0 ~3 +@write +@slow +@scripting " +
      "~2 $25 request_policy:all_shards $29 response_policy:all_succeeded ~0 ~0";
    const expected = `*10 $8 function :-2 ~0 :0 :0 :0 ~1 +@slow ~0 ~0 *1 ${inner}`;
    expect(bytesOf(writeCommandInfo, "function", 3)).toBe(expected);
  });
});

describe("writeCommandDocs", () => {
  const RENAMENX =
    "$7 summary $48 Rename a key, only if the new key does not exist $5 since $5 1.0.0 " +
    "$5 group $7 generic $10 complexity $4 O(1)";
  const CHANGE =
    "$5 3.2.0 $86 The command no longer returns an error when source and destination names are " +
    "the same.";

  test("writes maps as arrays in RESP2", () => {
    const all =
      "*6 $4 name $3 key $4 type $3 key $14 key_spec_index :0 " +
      "*6 $4 name $6 newkey $4 type $3 key $14 key_spec_index :1";
    expect(bytesOf(writeCommandDocs, "renamenx", 2)).toBe(
      `$8 renamenx *12 ${RENAMENX} $7 history *1 *2 ${CHANGE} $9 arguments *2 ${all}`,
    );
  });

  test("writes maps and the set of changes as such in RESP3", () => {
    const all =
      "%3 $4 name $3 key $4 type $3 key $14 key_spec_index :0 " +
      "%3 $4 name $6 newkey $4 type $3 key $14 key_spec_index :1";
    expect(bytesOf(writeCommandDocs, "renamenx", 3)).toBe(
      `$8 renamenx %6 ${RENAMENX} $7 history ~1 *2 ${CHANGE} $9 arguments *2 ${all}`,
    );
  });

  test("tells what is out of favour, and what took its place", () => {
    expect(bytesOf(writeCommandDocs, "getset", 3)).toContain(
      "$10 complexity $4 O(1) $9 doc_flags ~1 +deprecated $16 deprecated_since $5 6.2.0 " +
        "$11 replaced_by $30 `SET` with the `!GET` argument $9 arguments *2 ",
    );
  });

  test("tells what is not for applications", () => {
    expect(bytesOf(writeCommandDocs, "debug", 3)).toEndWith("$9 doc_flags ~1 +syscmd");
  });

  test("tells token, version and flags of an argument, and those within it", () => {
    expect(bytesOf(writeCommandDocs, "set", 3)).toContain(
      "%5 $4 name $9 condition $4 type $5 oneof $5 since $6 2.6.12 $5 flags ~1 +optional " +
        "$9 arguments *3 %3 $4 name $2 nx $4 type $10 pure-token $5 token $2 NX " +
        "%3 $4 name $2 xx $4 type $10 pure-token $5 token $2 XX " +
        "%4 $4 name $16 comparison-value $4 type $6 string $5 token $4 IFEQ $5 since $5 8.1.0 ",
    );
    expect(bytesOf(writeCommandDocs, "info", 3)).toEndWith(
      "%3 $4 name $7 section $4 type $6 string $5 flags ~2 +optional +multiple",
    );
  });

  test("tells of subcommands under their full names", () => {
    expect(bytesOf(writeCommandDocs, "script", 3)).toContain(
      "$11 subcommands %1 $12 script|flush %6 $7 summary $45 Remove all the scripts from",
    );
  });
});
