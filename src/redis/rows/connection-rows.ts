// Commands about a connection; CLIENT is in client-rows.ts.

import type { CommandSpec } from "../command-row.ts";
import { OPTIONAL, block, integer, specsOf, text } from "./spec.ts";

const connection = specsOf("connection", ["connection"]);

export const CONNECTION_ROWS: readonly CommandSpec[] = [
  connection("ping", {
    arity: -1,
    flags: ["fast"],
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Ping the server",
    arguments: [text("message", OPTIONAL)],
    isHot: true,
  }),
  connection("echo", {
    arity: 2,
    flags: ["loading", "stale", "fast"],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Echo the given string",
    arguments: [text("message")],
  }),
  connection("hello", {
    arity: -1,
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    since: "6.0.0",
    complexity: "O(1)",
    summary: "Handshake with Redis",
    difference: "the only user is `default`; says that the server is Redis 7.2",
    arguments: [
      block(
        "arguments",
        [
          integer("protover"),
          block("username_password", [text("username"), text("password")], {
            token: "AUTH",
            isOptional: true,
          }),
          text("clientname", { token: "SETNAME", isOptional: true }),
        ],
        OPTIONAL,
      ),
    ],
    history: [
      [
        "6.2.0",
        "`protover` made optional; when called without arguments the command " +
          "reports the current connection's context.",
      ],
    ],
  }),
  connection("auth", {
    arity: -2,
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    since: "1.0.0",
    complexity: "O(N) where N is the number of passwords defined for the user",
    summary: "Authenticate to the server",
    difference: "the only user is `default`",
    arguments: [text("username", { since: "6.0.0", isOptional: true }), text("password")],
    history: [["6.0.0", "Added ACL style (username and password)."]],
  }),
  connection("select", {
    arity: 2,
    flags: ["loading", "stale", "fast"],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Change the selected database for the current connection",
    arguments: [integer("index")],
  }),
  connection("quit", {
    arity: -1,
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Close the connection",
  }),
  connection("reset", {
    arity: 1,
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Reset the connection",
  }),
];
