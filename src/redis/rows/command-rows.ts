// COMMAND and its subcommands.

import type { CommandSpec } from "../command-row.ts";
import { oneOf, pattern, specsOf, text } from "./spec.ts";

const server = specsOf("server", ["connection"]);

export const COMMAND_ROWS: readonly CommandSpec[] = [
  server("command", {
    arity: -1,
    flags: ["loading", "stale"],
    tips: ["nondeterministic_output_order"],
    since: "2.8.13",
    complexity: "O(N) where N is the total number of Redis commands",
    summary: "Get array of Redis command details",
    subcommands: [
      server("count", {
        arity: 2,
        flags: ["loading", "stale"],
        since: "2.8.13",
        complexity: "O(1)",
        summary: "Get total number of Redis commands",
      }),
      server("info", {
        arity: -2,
        flags: ["loading", "stale"],
        tips: ["nondeterministic_output_order"],
        since: "2.8.13",
        complexity: "O(N) where N is the number of commands to look up",
        summary: "Get array of specific Redis command details, or all when no argument is given.",
        arguments: [text("command-name", { isOptional: true, isMultiple: true })],
        history: [["7.0.0", "Allowed to be called with no argument to get info on all commands."]],
      }),
      server("docs", {
        arity: -2,
        flags: ["loading", "stale"],
        tips: ["nondeterministic_output_order"],
        since: "7.0.0",
        complexity: "O(N) where N is the number of commands to look up",
        summary: "Get array of specific Redis command documentation",
        arguments: [text("command-name", { isOptional: true, isMultiple: true })],
      }),
      server("list", {
        arity: -2,
        flags: ["loading", "stale"],
        tips: ["nondeterministic_output_order"],
        since: "7.0.0",
        complexity: "O(N) where N is the total number of Redis commands",
        summary: "Get an array of Redis command names",
        difference: "there are no modules, so `MODULE` finds nothing",
        arguments: [
          oneOf(
            "filterby",
            [
              text("module-name", { token: "MODULE" }),
              text("category", { token: "ACLCAT" }),
              pattern("pattern", { token: "PATTERN" }),
            ],
            { token: "FILTERBY", isOptional: true },
          ),
        ],
      }),
      server("getkeys", {
        arity: -4,
        flags: ["loading", "stale"],
        since: "2.8.13",
        complexity: "O(N) where N is the number of arguments to the command",
        summary: "Extract keys given a full Redis command",
      }),
      server("help", {
        arity: 2,
        flags: ["loading", "stale"],
        since: "5.0.0",
        complexity: "O(1)",
        summary: "Show helpful text about the different subcommands",
      }),
    ],
  }),
];
