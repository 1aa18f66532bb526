// Commands about keys, whatever their values; deadlines are in expiry-rows.ts.

import type { CommandSpec } from "../command-row.ts";
import {
  KEY,
  MULTIPLE,
  OPTIONAL,
  integer,
  key,
  keysToEnd,
  oneKey,
  pattern,
  specsOf,
  text,
  word,
} from "./spec.ts";

const generic = specsOf("generic", ["keyspace"]);

export const KEY_ROWS: readonly CommandSpec[] = [
  generic("del", {
    arity: -2,
    flags: ["write"],
    keySpecs: [keysToEnd(["RM", "delete"])],
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
    since: "1.0.0",
    complexity:
      "O(N) where N is the number of keys that will be removed. When a key to " +
      "remove holds a value other than a string, the individual complexity for " +
      "this key is O(M) where M is the number of elements in the list, set, " +
      "sorted set or hash. Removing a single key that holds a string value is " +
      "O(1).",
    summary: "Delete a key",
    arguments: [key("key", 0, MULTIPLE)],
    isHot: true,
  }),
  generic("unlink", {
    arity: -2,
    flags: ["write", "fast"],
    keySpecs: [keysToEnd(["RM", "delete"])],
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
    since: "4.0.0",
    complexity:
      "O(1) for each key removed regardless of its size. Then the command does " +
      "O(N) work in a different thread in order to reclaim memory, where N is " +
      "the number of allocations the deleted objects where composed of.",
    summary:
      "Delete a key asynchronously in another thread. Otherwise it is just as " +
      "DEL, but non blocking.",
    difference: "the same as `DEL`",
    arguments: [key("key", 0, MULTIPLE)],
  }),
  generic("exists", {
    arity: -2,
    flags: ["readonly", "fast"],
    keySpecs: [keysToEnd(["RO"])],
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
    since: "1.0.0",
    complexity: "O(N) where N is the number of keys to check.",
    summary: "Determine if a key exists",
    arguments: [key("key", 0, MULTIPLE)],
    history: [["3.0.3", "Accepts multiple `key` arguments."]],
    isHot: true,
  }),
  generic("type", {
    arity: 2,
    flags: ["readonly", "fast"],
    keySpecs: [oneKey(["RO"])],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Determine the type stored at key",
    arguments: [KEY],
  }),
  generic("touch", {
    arity: -2,
    flags: ["readonly", "fast"],
    keySpecs: [keysToEnd(["RO"])],
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
    since: "3.2.1",
    complexity: "O(N) where N is the number of keys that will be touched.",
    summary:
      "Alters the last access time of a key(s). Returns the number of existing " +
      "keys specified.",
    arguments: [key("key", 0, MULTIPLE)],
  }),
  generic("rename", {
    arity: 3,
    flags: ["write"],
    keySpecs: [oneKey(["RW", "access", "delete"]), oneKey(["OW", "update"], 2)],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Rename a key",
    arguments: [KEY, key("newkey", 1)],
  }),
  generic("renamenx", {
    arity: 3,
    flags: ["write", "fast"],
    keySpecs: [oneKey(["RW", "access", "delete"]), oneKey(["OW", "insert"], 2)],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Rename a key, only if the new key does not exist",
    arguments: [KEY, key("newkey", 1)],
    history: [
      [
        "3.2.0",
        "The command no longer returns an error when source and destination names " +
          "are the same.",
      ],
    ],
  }),
  generic("copy", {
    arity: -3,
    flags: ["write", "denyoom"],
    keySpecs: [oneKey(["RO", "access"]), oneKey(["OW", "update"], 2)],
    since: "6.2.0",
    complexity:
      "O(N) worst case for collections, where N is the number of nested items. " +
      "O(1) for string values.",
    summary: "Copy a key",
    difference: "takes time by the length of the value",
    arguments: [
      key("source", 0),
      key("destination", 1),
      integer("destination-db", { token: "DB", isOptional: true }),
      word("REPLACE", OPTIONAL),
    ],
  }),
  generic("randomkey", {
    arity: 1,
    flags: ["readonly"],
    tips: ["request_policy:all_shards", "nondeterministic_output"],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Return a random key from the keyspace",
  }),
  generic("keys", {
    arity: 2,
    flags: ["readonly"],
    categories: ["keyspace", "dangerous"],
    tips: ["request_policy:all_shards", "nondeterministic_output_order"],
    since: "1.0.0",
    complexity:
      "O(N) with N being the number of keys in the database, under the " +
      "assumption that the key names in the database and the given pattern have " +
      "limited length.",
    summary: "Find all keys matching the given pattern",
    arguments: [pattern("pattern")],
  }),
  generic("scan", {
    arity: -2,
    flags: ["readonly"],
    tips: ["nondeterministic_output", "request_policy:special"],
    since: "2.8.0",
    complexity:
      "O(1) for every call. O(N) for a complete iteration, including enough " +
      "command calls for the cursor to return back to 0. N is the number of " +
      "elements inside the collection.",
    summary: "Incrementally iterate the keys space",
    difference: "a cursor is below 2^48",
    arguments: [
      integer("cursor"),
      pattern("pattern", { token: "MATCH", isOptional: true }),
      integer("count", { token: "COUNT", isOptional: true }),
      text("type", { token: "TYPE", since: "6.0.0", isOptional: true }),
    ],
    history: [["6.0.0", "Added the `TYPE` subcommand."]],
  }),
  generic("object", {
    arity: -2,
    categories: [],
    since: "2.2.3",
    complexity: "Depends on subcommand.",
    summary: "A container for object introspection commands",
    subcommands: [
      generic("encoding", {
        arity: 3,
        flags: ["readonly"],
        keySpecs: [oneKey(["RO"], 2)],
        tips: ["nondeterministic_output"],
        since: "2.2.3",
        complexity: "O(1)",
        summary: "Inspect the internal encoding of a Redis object",
        difference: "what Redis would choose for a new value of these bytes",
        arguments: [KEY],
      }),
      generic("refcount", {
        arity: 3,
        flags: ["readonly"],
        keySpecs: [oneKey(["RO"], 2)],
        tips: ["nondeterministic_output"],
        since: "2.2.3",
        complexity: "O(1)",
        summary: "Get the number of references to the value of the key",
        difference: "what Redis would have for a new value of these bytes",
        arguments: [KEY],
      }),
      generic("idletime", {
        arity: 3,
        flags: ["readonly"],
        keySpecs: [oneKey(["RO"], 2)],
        tips: ["nondeterministic_output"],
        since: "2.2.3",
        complexity: "O(1)",
        summary: "Get the time since a Redis object was last accessed",
        difference: "always 0",
        arguments: [KEY],
      }),
      generic("freq", {
        arity: 3,
        flags: ["readonly"],
        keySpecs: [oneKey(["RO"], 2)],
        tips: ["nondeterministic_output"],
        since: "4.0.0",
        complexity: "O(1)",
        summary: "Get the logarithmic access frequency counter of a Redis object",
        difference: "always an error: there is no such policy",
        arguments: [KEY],
      }),
      generic("help", {
        arity: 2,
        flags: ["loading", "stale"],
        since: "6.2.0",
        complexity: "O(1)",
        summary: "Show helpful text about the different subcommands",
      }),
    ],
  }),
  generic("wait", {
    arity: 3,
    flags: ["noscript"],
    categories: ["connection"],
    tips: ["request_policy:all_shards", "response_policy:agg_min"],
    since: "3.0.0",
    complexity: "O(1)",
    summary:
      "Wait for the synchronous replication of all the write commands sent in " +
      "the context of the current connection",
    difference: "answers 0 at once: there are no replicas",
    arguments: [integer("numreplicas"), integer("timeout")],
  }),
];
