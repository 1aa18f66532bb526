// Commands about what is kept on disk; CLIENT DURABILITY is in client-rows.ts.

import type { CommandSpec } from "../command-row.ts";
import { OPTIONAL, oneOf, specsOf, text, word } from "./spec.ts";

const server = specsOf("server", []);

const NEEDS_DIRECTORY = "an error without `--dir`";

export const PERSISTENCE_ROWS: readonly CommandSpec[] = [
  server("bgsave", {
    arity: -1,
    flags: ["admin", "noscript", "no_async_loading"],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Asynchronously save the dataset to disk",
    difference:
      `a snapshot beside the log; \`SCHEDULE\` changes nothing; ${NEEDS_DIRECTORY}; after a` +
      " failure of the disk it is what lets writes go on",
    arguments: [word("SCHEDULE", { since: "3.2.2", ...OPTIONAL })],
    history: [["3.2.2", "Added the `SCHEDULE` option."]],
  }),
  server("save", {
    arity: 1,
    flags: ["admin", "noscript", "no_async_loading", "no_multi"],
    since: "1.0.0",
    complexity: "O(N) where N is the total number of keys in all databases",
    summary: "Synchronously save the dataset to disk",
    difference:
      "as `BGSAVE`, and the reply comes when the snapshot has its name: its client alone waits;" +
      ` ${NEEDS_DIRECTORY}`,
  }),
  server("lastsave", {
    arity: 1,
    flags: ["loading", "stale", "fast"],
    categories: ["admin", "dangerous"],
    tips: ["nondeterministic_output"],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Get the UNIX time stamp of the last successful save to disk",
    difference: `of a snapshot; ${NEEDS_DIRECTORY}`,
  }),
  server("bgrewriteaof", {
    arity: 1,
    flags: ["admin", "noscript", "no_async_loading"],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Asynchronously rewrite the append-only file",
    difference:
      "as `BGSAVE`: a snapshot makes the log before it superfluous; while one is taken an error," +
      ` nothing is scheduled; ${NEEDS_DIRECTORY}`,
  }),
  server("durable", {
    arity: -3,
    flags: ["noscript", "skip_slowlog", "no_multi", "movablekeys"],
    since: "0.1.0",
    complexity: "Depends on the command that is executed.",
    summary: "Execute a command and promise of its reply what `--durability` of this name does",
    difference:
      "fkvs's own; the reply promises this at least, and more if others of the connection do that" +
      ` leave with it; what \`MULTI\` does not queue is refused; ${NEEDS_DIRECTORY}`,
    arguments: [
      oneOf("durability", [word("ALWAYS"), word("EVERYSEC"), word("NONE")]),
      text("command"),
      text("arg", { isOptional: true, isMultiple: true }),
    ],
  }),
];
