// Commands that read and write values; counters are in number-rows.ts.

import type { CommandSpec } from "../command-row.ts";
import {
  KEY,
  MULTIPLE,
  OPTIONAL,
  block,
  integer,
  key,
  keysToEnd,
  oneKey,
  oneOf,
  specsOf,
  text,
  unixTime,
  word,
} from "./spec.ts";

const string = specsOf("string", ["string"]);

export const STRING_ROWS: readonly CommandSpec[] = [
  string("set", {
    arity: -3,
    flags: ["write", "denyoom"],
    keySpecs: [
      {
        ...oneKey(["RW", "access", "update", "variable_flags"]),
        notes: "RW and ACCESS due to the optional `GET` argument",
      },
    ],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Set the string value of a key",
    difference: "`IFEQ` is Valkey's: only if the key's value is the one given",
    arguments: [
      KEY,
      text("value"),
      oneOf(
        "condition",
        [word("NX"), word("XX"), text("comparison-value", { token: "IFEQ", since: "8.1.0" })],
        { since: "2.6.12", isOptional: true },
      ),
      word("GET", { since: "6.2.0", isOptional: true }),
      oneOf(
        "expiration",
        [
          integer("seconds", { token: "EX", since: "2.6.12" }),
          integer("milliseconds", { token: "PX", since: "2.6.12" }),
          unixTime("unix-time-seconds", { token: "EXAT", since: "6.2.0" }),
          unixTime("unix-time-milliseconds", { token: "PXAT", since: "6.2.0" }),
          word("KEEPTTL", { since: "6.0.0" }),
        ],
        OPTIONAL,
      ),
    ],
    history: [
      ["2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."],
      ["6.0.0", "Added the `KEEPTTL` option."],
      ["6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."],
      ["7.0.0", "Allowed the `NX` and `GET` options to be used together."],
      ["8.1.0", "Added the `IFEQ` option."],
    ],
    isHot: true,
  }),
  string("get", {
    arity: 2,
    flags: ["readonly", "fast"],
    keySpecs: [oneKey(["RO", "access"])],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Get the value of a key",
    arguments: [KEY],
    isHot: true,
  }),
  string("getset", {
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    keySpecs: [oneKey(["RW", "access", "update"])],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Set the string value of a key and return its old value",
    arguments: [KEY, text("value")],
    deprecatedSince: "6.2.0",
    replacedBy: "`SET` with the `!GET` argument",
  }),
  string("getdel", {
    arity: 2,
    flags: ["write", "fast"],
    keySpecs: [oneKey(["RW", "access", "delete"])],
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Get the value of a key and delete the key",
    arguments: [KEY],
  }),
  string("getex", {
    arity: -2,
    flags: ["write", "fast"],
    keySpecs: [
      { ...oneKey(["RW", "access", "update"]), notes: "RW and UPDATE because it changes the TTL" },
    ],
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Get the value of a key and optionally set its expiration",
    arguments: [
      KEY,
      oneOf(
        "expiration",
        [
          integer("seconds", { token: "EX" }),
          integer("milliseconds", { token: "PX" }),
          unixTime("unix-time-seconds", { token: "EXAT" }),
          unixTime("unix-time-milliseconds", { token: "PXAT" }),
          word("PERSIST"),
        ],
        OPTIONAL,
      ),
    ],
  }),
  string("setnx", {
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    keySpecs: [oneKey(["OW", "insert"])],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Set the value of a key, only if the key does not exist",
    arguments: [KEY, text("value")],
  }),
  string("setex", {
    arity: 4,
    flags: ["write", "denyoom"],
    keySpecs: [oneKey(["OW", "update"])],
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Set the value and expiration of a key",
    arguments: [KEY, integer("seconds"), text("value")],
  }),
  string("psetex", {
    arity: 4,
    flags: ["write", "denyoom"],
    keySpecs: [oneKey(["OW", "update"])],
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Set the value and expiration in milliseconds of a key",
    arguments: [KEY, integer("milliseconds"), text("value")],
  }),
  string("mget", {
    arity: -2,
    flags: ["readonly", "fast"],
    keySpecs: [keysToEnd(["RO", "access"])],
    tips: ["request_policy:multi_shard"],
    since: "1.0.0",
    complexity: "O(N) where N is the number of keys to retrieve.",
    summary: "Get the values of all the given keys",
    arguments: [key("key", 0, MULTIPLE)],
    isHot: true,
  }),
  string("mset", {
    arity: -3,
    flags: ["write", "denyoom"],
    keySpecs: [keysToEnd(["OW", "update"], 2)],
    tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
    since: "1.0.1",
    complexity: "O(N) where N is the number of keys to set.",
    summary: "Set multiple keys to multiple values",
    arguments: [block("key_value", [KEY, text("value")], MULTIPLE)],
    isHot: true,
  }),
  string("msetnx", {
    arity: -3,
    flags: ["write", "denyoom"],
    keySpecs: [keysToEnd(["OW", "insert"], 2)],
    tips: ["request_policy:multi_shard", "response_policy:agg_min"],
    since: "1.0.1",
    complexity: "O(N) where N is the number of keys to set.",
    summary: "Set multiple keys to multiple values, only if none of the keys exist",
    arguments: [block("key_value", [KEY, text("value")], MULTIPLE)],
  }),
  string("append", {
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    keySpecs: [oneKey(["RW", "insert"])],
    since: "2.0.0",
    complexity:
      "O(1). The amortized time complexity is O(1) assuming the appended value " +
      "is small and the already present value is of any size, since the dynamic " +
      "string library used by Redis will double the free space available on " +
      "every reallocation.",
    summary: "Append a value to a key",
    difference: "takes time by the length of the whole value",
    arguments: [KEY, text("value")],
  }),
  string("strlen", {
    arity: 2,
    flags: ["readonly", "fast"],
    keySpecs: [oneKey(["RO"])],
    since: "2.2.0",
    complexity: "O(1)",
    summary: "Get the length of the value stored in a key",
    arguments: [KEY],
  }),
  string("getrange", {
    arity: 4,
    flags: ["readonly"],
    keySpecs: [oneKey(["RO", "access"])],
    since: "2.4.0",
    complexity:
      "O(N) where N is the length of the returned string. The complexity is " +
      "ultimately determined by the returned length, but because creating a " +
      "substring from an existing string is very cheap, it can be considered " +
      "O(1) for small strings.",
    summary: "Get a substring of the string stored at a key",
    arguments: [KEY, integer("start"), integer("end")],
  }),
  string("substr", {
    arity: 4,
    flags: ["readonly"],
    keySpecs: [oneKey(["RO", "access"])],
    since: "1.0.0",
    complexity:
      "O(N) where N is the length of the returned string. The complexity is " +
      "ultimately determined by the returned length, but because creating a " +
      "substring from an existing string is very cheap, it can be considered " +
      "O(1) for small strings.",
    summary: "Get a substring of the string stored at a key",
    arguments: [KEY, integer("start"), integer("end")],
    deprecatedSince: "2.0.0",
    replacedBy: "`GETRANGE`",
  }),
  string("setrange", {
    arity: 4,
    flags: ["write", "denyoom"],
    keySpecs: [oneKey(["RW", "update"])],
    since: "2.2.0",
    complexity:
      "O(1), not counting the time taken to copy the new string in place. " +
      "Usually, this string is very small so the amortized complexity is O(1). " +
      "Otherwise, complexity is O(M) with M being the length of the value " +
      "argument.",
    summary: "Overwrite part of a string at key starting at the specified offset",
    difference: "takes time by the length of the whole value",
    arguments: [KEY, integer("offset"), text("value")],
  }),
];
