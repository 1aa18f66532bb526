// Commands about the deadlines of keys.

import type { CommandSpec } from "../command-row.ts";
import { KEY, integer, oneKey, oneOf, specsOf, unixTime, word } from "./spec.ts";

const generic = specsOf("generic", ["keyspace"]);

export const EXPIRY_ROWS: readonly CommandSpec[] = [
  generic("expire", {
    arity: -3,
    flags: ["write", "fast"],
    keySpecs: [oneKey(["RW", "update"])],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Set a key's time to live in seconds",
    arguments: [
      KEY,
      integer("seconds"),
      oneOf("condition", [word("NX"), word("XX"), word("GT"), word("LT")], {
        since: "7.0.0",
        isOptional: true,
      }),
    ],
    history: [["7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."]],
  }),
  generic("pexpire", {
    arity: -3,
    flags: ["write", "fast"],
    keySpecs: [oneKey(["RW", "update"])],
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Set a key's time to live in milliseconds",
    arguments: [
      KEY,
      integer("milliseconds"),
      oneOf("condition", [word("NX"), word("XX"), word("GT"), word("LT")], {
        since: "7.0.0",
        isOptional: true,
      }),
    ],
    history: [["7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."]],
  }),
  generic("expireat", {
    arity: -3,
    flags: ["write", "fast"],
    keySpecs: [oneKey(["RW", "update"])],
    since: "1.2.0",
    complexity: "O(1)",
    summary: "Set the expiration for a key as a UNIX timestamp",
    arguments: [
      KEY,
      unixTime("unix-time-seconds"),
      oneOf("condition", [word("NX"), word("XX"), word("GT"), word("LT")], {
        since: "7.0.0",
        isOptional: true,
      }),
    ],
    history: [["7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."]],
  }),
  generic("pexpireat", {
    arity: -3,
    flags: ["write", "fast"],
    keySpecs: [oneKey(["RW", "update"])],
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Set the expiration for a key as a UNIX timestamp specified in milliseconds",
    arguments: [
      KEY,
      unixTime("unix-time-milliseconds"),
      oneOf("condition", [word("NX"), word("XX"), word("GT"), word("LT")], {
        since: "7.0.0",
        isOptional: true,
      }),
    ],
    history: [["7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."]],
  }),
  generic("ttl", {
    arity: 2,
    flags: ["readonly", "fast"],
    keySpecs: [oneKey(["RO", "access"])],
    tips: ["nondeterministic_output"],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Get the time to live for a key in seconds",
    arguments: [KEY],
    history: [["2.8.0", "Added the -2 reply."]],
  }),
  generic("pttl", {
    arity: 2,
    flags: ["readonly", "fast"],
    keySpecs: [oneKey(["RO", "access"])],
    tips: ["nondeterministic_output"],
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Get the time to live for a key in milliseconds",
    arguments: [KEY],
    history: [["2.8.0", "Added the -2 reply."]],
  }),
  generic("expiretime", {
    arity: 2,
    flags: ["readonly", "fast"],
    keySpecs: [oneKey(["RO", "access"])],
    since: "7.0.0",
    complexity: "O(1)",
    summary: "Get the expiration Unix timestamp for a key",
    arguments: [KEY],
  }),
  generic("pexpiretime", {
    arity: 2,
    flags: ["readonly", "fast"],
    keySpecs: [oneKey(["RO", "access"])],
    since: "7.0.0",
    complexity: "O(1)",
    summary: "Get the expiration Unix timestamp for a key in milliseconds",
    arguments: [KEY],
  }),
  generic("persist", {
    arity: 2,
    flags: ["write", "fast"],
    keySpecs: [oneKey(["RW", "update"])],
    since: "2.2.0",
    complexity: "O(1)",
    summary: "Remove the expiration from a key",
    arguments: [KEY],
  }),
];
