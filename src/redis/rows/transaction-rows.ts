// Commands that make transactions.

import type { CommandSpec } from "../command-row.ts";
import { MULTIPLE, key, keysToEnd, specsOf } from "./spec.ts";

const transaction = specsOf("transactions", ["transaction"]);

export const TRANSACTION_ROWS: readonly CommandSpec[] = [
  transaction("multi", {
    arity: 1,
    flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
    since: "1.2.0",
    complexity: "O(1)",
    summary: "Mark the start of a transaction block",
    difference: "the commands queued may take 64 MiB",
  }),
  transaction("exec", {
    arity: 1,
    flags: ["noscript", "loading", "stale", "skip_slowlog"],
    since: "1.2.0",
    complexity: "Depends on commands in the transaction",
    summary: "Execute all commands issued after MULTI",
  }),
  transaction("discard", {
    arity: 1,
    flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
    since: "2.0.0",
    complexity: "O(N), when N is the number of queued commands",
    summary: "Discard all commands issued after MULTI",
  }),
  transaction("watch", {
    arity: -2,
    flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
    keySpecs: [keysToEnd(["RO"])],
    since: "2.2.0",
    complexity: "O(1) for every key.",
    summary: "Watch the given keys to determine execution of the MULTI/EXEC block",
    arguments: [key("key", 0, MULTIPLE)],
  }),
  transaction("unwatch", {
    arity: 1,
    flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
    since: "2.2.0",
    complexity: "O(1)",
    summary: "Forget about all watched keys",
  }),
];
