// Commands that count in values.

import type { CommandSpec } from "../command-row.ts";
import { KEY, double, integer, oneKey, specsOf } from "./spec.ts";

const string = specsOf("string", ["string"]);

export const NUMBER_ROWS: readonly CommandSpec[] = [
  string("incr", {
    arity: 2,
    flags: ["write", "denyoom", "fast"],
    keySpecs: [oneKey(["RW", "access", "update"])],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Increment the integer value of a key by one",
    arguments: [KEY],
    isHot: true,
  }),
  string("decr", {
    arity: 2,
    flags: ["write", "denyoom", "fast"],
    keySpecs: [oneKey(["RW", "access", "update"])],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Decrement the integer value of a key by one",
    arguments: [KEY],
  }),
  string("incrby", {
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    keySpecs: [oneKey(["RW", "access", "update"])],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Increment the integer value of a key by the given amount",
    arguments: [KEY, integer("increment")],
  }),
  string("decrby", {
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    keySpecs: [oneKey(["RW", "access", "update"])],
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Decrement the integer value of a key by the given number",
    arguments: [KEY, integer("decrement")],
  }),
  string("incrbyfloat", {
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    keySpecs: [oneKey(["RW", "access", "update"])],
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Increment the float value of a key by the given amount",
    arguments: [KEY, double("increment")],
  }),
];
