// CLIENT and its subcommands.

import type { CommandSpec } from "../command-row.ts";
import { MULTIPLE, block, integer, oneOf, specsOf, text, word } from "./spec.ts";

const connection = specsOf("connection", ["connection"]);

export const CLIENT_ROWS: readonly CommandSpec[] = [
  connection("client", {
    arity: -2,
    categories: [],
    since: "2.4.0",
    complexity: "Depends on subcommand.",
    summary: "A container for client connection commands",
    subcommands: [
      connection("id", {
        arity: 2,
        flags: ["noscript", "loading", "stale"],
        since: "5.0.0",
        complexity: "O(1)",
        summary: "Returns the client ID for the current connection",
      }),
      connection("setname", {
        arity: 3,
        flags: ["noscript", "loading", "stale"],
        since: "2.6.9",
        complexity: "O(1)",
        summary: "Set the current connection name",
        arguments: [text("connection-name")],
      }),
      connection("getname", {
        arity: 2,
        flags: ["noscript", "loading", "stale"],
        since: "2.6.9",
        complexity: "O(1)",
        summary: "Get the current connection name",
      }),
      connection("setinfo", {
        arity: 4,
        flags: ["noscript", "loading", "stale"],
        tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
        since: "7.2.0",
        complexity: "O(1)",
        summary: "Sets information specific to the client or connection.",
        arguments: [
          oneOf("attr", [
            text("libname", { token: "LIB-NAME" }),
            text("libver", { token: "LIB-VER" }),
          ]),
        ],
      }),
      connection("info", {
        arity: 2,
        flags: ["noscript", "loading", "stale"],
        tips: ["nondeterministic_output"],
        since: "6.2.0",
        complexity: "O(1)",
        summary: "Returns information about the current client connection.",
        difference: "what has no meaning here is 0, −1 or empty",
      }),
      connection("list", {
        arity: -2,
        flags: ["admin", "noscript", "loading", "stale"],
        tips: ["nondeterministic_output"],
        since: "2.4.0",
        complexity: "O(N) where N is the number of client connections",
        summary: "Get the list of client connections",
        difference: "what has no meaning here is 0, −1 or empty",
        arguments: [
          oneOf(
            "normal_master_replica_pubsub",
            [word("NORMAL"), word("MASTER"), word("REPLICA"), word("PUBSUB")],
            { token: "TYPE", since: "5.0.0", isOptional: true },
          ),
          block("id", [integer("client-id", MULTIPLE)], {
            token: "ID",
            since: "6.2.0",
            isOptional: true,
          }),
        ],
        history: [
          ["2.8.12", "Added unique client `id` field."],
          ["5.0.0", "Added optional `TYPE` filter."],
          ["6.0.0", "Added `user` field."],
          [
            "6.2.0",
            "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter.",
          ],
          ["7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."],
          ["7.0.3", "Added `ssub` field."],
        ],
      }),
      connection("kill", {
        arity: -3,
        flags: ["admin", "noscript", "loading", "stale"],
        since: "2.4.0",
        complexity: "O(N) where N is the number of client connections",
        summary: "Kill the connection of a client",
        arguments: [
          oneOf("filter", [
            text("ip:port", { deprecatedSince: "2.8.12" }),
            oneOf(
              "new-format",
              [
                integer("client-id", { token: "ID", since: "2.8.12", isOptional: true }),
                oneOf(
                  "normal_master_slave_pubsub",
                  [
                    word("NORMAL"),
                    word("MASTER", { since: "3.2.0" }),
                    word("SLAVE"),
                    word("REPLICA", { since: "5.0.0" }),
                    word("PUBSUB"),
                  ],
                  { token: "TYPE", since: "2.8.12", isOptional: true },
                ),
                text("username", { token: "USER", isOptional: true }),
                text("ip:port", { token: "ADDR", isOptional: true }),
                text("ip:port", { token: "LADDR", since: "6.2.0", isOptional: true }),
                text("yes/no", { token: "SKIPME", isOptional: true }),
              ],
              MULTIPLE,
            ),
          ]),
        ],
        history: [
          ["2.8.12", "Added new filter format."],
          ["2.8.12", "`ID` option."],
          ["3.2.0", "Added `master` type in for `TYPE` option."],
          [
            "5.0.0",
            "Replaced `slave` `TYPE` with `replica`. `slave` still supported for " +
              "backward compatibility.",
          ],
          ["6.2.0", "`LADDR` option."],
        ],
      }),
      connection("reply", {
        arity: 3,
        flags: ["noscript", "loading", "stale"],
        since: "3.2.0",
        complexity: "O(1)",
        summary: "Instruct the server whether to reply to commands",
        arguments: [oneOf("on_off_skip", [word("ON"), word("OFF"), word("SKIP")])],
      }),
      connection("durability", {
        arity: 3,
        flags: ["noscript", "loading", "stale"],
        since: "0.1.0",
        complexity: "O(1)",
        summary: "Choose what the connection's replies promise of the writes before them",
        difference:
          "fkvs's own: the words are those of `--durability`, and `DEFAULT` is what that says; an" +
          " error without `--dir`",
        arguments: [
          oneOf("durability", [word("ALWAYS"), word("EVERYSEC"), word("NONE"), word("DEFAULT")]),
        ],
      }),
      connection("no-evict", {
        arity: 3,
        flags: ["admin", "noscript", "loading", "stale"],
        since: "7.0.0",
        complexity: "O(1)",
        summary: "Set client eviction mode for the current connection",
        difference: "only remembered: nothing is evicted",
        arguments: [oneOf("enabled", [word("ON"), word("OFF")])],
      }),
      connection("no-touch", {
        arity: 3,
        flags: ["noscript", "loading", "stale"],
        since: "7.2.0",
        complexity: "O(1)",
        summary:
          "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.",
        difference: "only remembered: no times of access are kept",
        arguments: [oneOf("enabled", [word("ON"), word("OFF")])],
      }),
      connection("help", {
        arity: 2,
        flags: ["loading", "stale"],
        since: "5.0.0",
        complexity: "O(1)",
        summary: "Show helpful text about the different subcommands",
      }),
    ],
  }),
];
