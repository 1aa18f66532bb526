import { describe, expect, test } from "bun:test";
import { CLIENT_HANDLERS } from "../../src/redis/client-commands.ts";
import { COMMAND_HANDLERS } from "../../src/redis/command-commands.ts";
import { COMMAND_TABLE } from "../../src/redis/commands.ts";
import { CONNECTION_HANDLERS } from "../../src/redis/connection-commands.ts";
import { DEBUG_HANDLERS } from "../../src/redis/debug-commands.ts";
import { EXPIRY_HANDLERS } from "../../src/redis/expiry-commands.ts";
import { KEY_HANDLERS } from "../../src/redis/key-commands.ts";
import { NUMBER_HANDLERS } from "../../src/redis/number-commands.ts";
import { OBJECT_HANDLERS } from "../../src/redis/object-commands.ts";
import { PERSISTENCE_HANDLERS } from "../../src/redis/persistence-commands.ts";
import { SCAN_HANDLERS } from "../../src/redis/scan-commands.ts";
import { SERVER_HANDLERS } from "../../src/redis/server-commands.ts";
import { STRING_HANDLERS } from "../../src/redis/string-commands.ts";
import { TRANSACTION_HANDLERS } from "../../src/redis/transaction-commands.ts";

const TOPICS = [
  CLIENT_HANDLERS,
  COMMAND_HANDLERS,
  CONNECTION_HANDLERS,
  DEBUG_HANDLERS,
  EXPIRY_HANDLERS,
  KEY_HANDLERS,
  NUMBER_HANDLERS,
  OBJECT_HANDLERS,
  PERSISTENCE_HANDLERS,
  SCAN_HANDLERS,
  SERVER_HANDLERS,
  STRING_HANDLERS,
  TRANSACTION_HANDLERS,
];

describe("the command table", () => {
  const table = COMMAND_TABLE;

  test("has every handler of every topic, none of them twice", () => {
    const entries = TOPICS.flatMap((handlers) => Object.entries(handlers));
    const executed = table.rows.filter(({ handler }) => handler !== null);
    const pairs = executed.map(({ fullName, handler }) => [fullName, handler] as const);
    expect(new Map(pairs)).toEqual(new Map(entries));
    expect(entries).toHaveLength(pairs.length);
  });

  test("has no handler for what is nothing without a subcommand", () => {
    const names = table.rows.filter(({ handler }) => handler === null).map(({ name }) => name);
    expect(names.sort()).toEqual([
      "client",
      "config",
      "function",
      "latency",
      "memory",
      "object",
      "script",
      "slowlog",
    ]);
  });
});
