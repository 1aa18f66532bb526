// What is left of scripts where there are none: emptying their store.

import type { CommandSpec } from "../command-row.ts";
import { OPTIONAL, oneOf, specsOf, word } from "./spec.ts";

const scripting = specsOf("scripting", ["scripting"]);

export const SCRIPT_ROWS: readonly CommandSpec[] = [
  scripting("function", {
    arity: -2,
    categories: [],
    since: "7.0.0",
    complexity: "Depends on subcommand.",
    summary: "A container for function commands",
    subcommands: [
      scripting("flush", {
        arity: -2,
        flags: ["write", "noscript"],
        tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
        since: "7.0.0",
        complexity: "O(N) where N is the number of functions deleted",
        summary: "Deleting all functions",
        difference: "there are no functions to delete",
        arguments: [oneOf("async", [word("ASYNC"), word("SYNC")], OPTIONAL)],
      }),
    ],
  }),
  scripting("script", {
    arity: -2,
    categories: [],
    since: "2.6.0",
    complexity: "Depends on subcommand.",
    summary: "A container for Lua scripts management commands",
    subcommands: [
      scripting("flush", {
        arity: -2,
        flags: ["noscript"],
        tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
        since: "2.6.0",
        complexity: "O(N) with N being the number of scripts in cache",
        summary: "Remove all the scripts from the script cache.",
        difference: "there are no scripts to remove",
        arguments: [
          oneOf("async", [word("ASYNC"), word("SYNC")], { since: "6.2.0", isOptional: true }),
        ],
        history: [["6.2.0", "Added the `ASYNC` and `SYNC` flushing mode modifiers."]],
      }),
    ],
  }),
];
