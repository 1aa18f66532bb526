// Makers of random commands: each knows one command's arguments, good and bad ones. What is left
// out, because its answer is of the machine or of the moment: INFO, TIME, CLIENT LIST and the like.

import type { RedisArguments } from "./redis-arguments.ts";
import type { Random } from "./random.ts";
import type { Likeness } from "./redis-request.ts";

export interface CommandMaker {
  readonly weight: number;
  readonly likeness: Likeness;
  /** Its arguments are not to be garbled: others would be harmed, or nobody could tell a reply. */
  readonly isFixed: boolean;
  make(a: RedisArguments, random: Random): string[];
}

type Make = CommandMaker["make"];

function often(weight: number, make: Make, likeness: Likeness = "equal"): CommandMaker {
  return { weight, likeness, isFixed: false, make };
}

function one(make: Make, likeness: Likeness = "equal"): CommandMaker {
  return often(1, make, likeness);
}

function fixed(make: Make, likeness: Likeness = "equal"): CommandMaker {
  return { weight: 1, likeness, isFixed: true, make };
}

const EXPIRE_CONDITIONS = ["NX", "XX", "GT", "LT"];
const SET_FLAGS = ["NX", "XX", "GET", "KEEPTTL"];
const BAD_CURSORS = ["abc", "1x", " 0", "0 ", "18446744073709551616", "", " ", "0x0", "x"];
const CONFIG_NAMES = ["appendonly", "save", "databases", "nosuch", "slowlog-max-len", "APPENDONLY"];

function deadlineOption(a: RedisArguments, random: Random): string[] {
  const kind = random.below(4);
  if (kind === 0) return ["EX", a.relativeSeconds()];
  if (kind === 1) return ["PX", a.relativeMs()];
  return kind === 2 ? ["EXAT", a.absoluteSeconds()] : ["PXAT", a.absoluteMs()];
}

function setOptions(a: RedisArguments, random: Random): string[] {
  if (random.oneIn(3)) return [];
  const count = random.pick([1, 1, 1, 2, 2, 3]);
  return Array.from({ length: count }, () =>
    random.oneIn(2) ? deadlineOption(a, random) : [random.pick(SET_FLAGS)],
  ).flat();
}

function expireConditions(random: Random): string[] {
  if (random.oneIn(2)) return [];
  const count = random.oneIn(5) ? 2 : 1;
  return Array.from({ length: count }, () => random.pick(EXPIRE_CONDITIONS));
}

const STRINGS: readonly CommandMaker[] = [
  often(6, (a, random) => ["SET", a.key(), a.value(), ...setOptions(a, random)]),
  often(4, (a) => ["GET", a.key()]),
  one((a) => ["GETSET", a.key(), a.value()]),
  one((a) => ["GETDEL", a.key()]),
  one((a) => ["GETEX", a.key()]),
  often(2, (a, random) => ["GETEX", a.key(), ...deadlineOption(a, random)]),
  one((a) => ["GETEX", a.key(), "PERSIST"]),
  one((a, random) => ["GETEX", a.key(), "PERSIST", ...deadlineOption(a, random)]),
  one((a) => ["SETNX", a.key(), a.value()]),
  one((a) => ["SETEX", a.key(), a.relativeSeconds(), a.value()]),
  one((a) => ["PSETEX", a.key(), a.relativeMs(), a.value()]),
  often(2, (a) => ["MGET", ...a.keys(5)]),
  often(2, (a) => ["MSET", ...a.keys(4).flatMap((key) => [key, a.value()])]),
  one((a) => ["MSETNX", ...a.keys(3).flatMap((key) => [key, a.value()])]),
  one((a) => ["MSET", ...a.keys(5)]),
  often(2, (a) => ["APPEND", a.key(), a.value()]),
  one((a) => ["STRLEN", a.key()]),
  often(2, (a) => ["GETRANGE", a.key(), a.offset(), a.offset()]),
  one((a) => ["SUBSTR", a.key(), a.offset(), a.offset()]),
  often(2, (a) => ["SETRANGE", a.key(), a.offset(), a.value()]),
  one((a) => ["SETRANGE", a.key(), "536870912", a.value()]),
];

const NUMBERS: readonly CommandMaker[] = [
  often(2, (a) => ["INCR", a.key()]),
  one((a) => ["DECR", a.key()]),
  often(2, (a) => ["INCRBY", a.key(), a.integer()]),
  often(2, (a) => ["DECRBY", a.key(), a.integer()]),
  often(2, (a) => ["INCRBYFLOAT", a.key(), a.float()]),
];

const KEYSPACE: readonly CommandMaker[] = [
  often(2, (a) => ["DEL", ...a.keys(3)]),
  one((a) => ["UNLINK", ...a.keys(3)]),
  one((a) => ["EXISTS", ...a.keys(4)]),
  one((a) => ["TOUCH", ...a.keys(4)]),
  one((a) => ["TYPE", a.key()]),
  often(2, (a) => ["RENAME", a.key(), a.key()]),
  one((a) => ["RENAMENX", a.key(), a.key()]),
  one((a) => ["COPY", a.key(), a.key()]),
  one((a) => ["COPY", a.key(), a.key(), "REPLACE"]),
  one((a) => ["COPY", a.key(), a.key(), "DB", a.database()]),
  one((a) => ["COPY", a.key(), a.key(), "DB", a.database(), "REPLACE"]),
  often(2, (a) => ["KEYS", a.pattern()], "sorted"),
  one(() => ["DBSIZE"]),
  one((_, random) => [random.pick(["FLUSHDB", "FLUSHALL"])]),
  one((_, random) => [random.pick(["FLUSHDB", "FLUSHALL"]), random.pick(["ASYNC", "SYNC", "NOW"])]),
  fixed((_, random) => ["SCAN", random.pick(BAD_CURSORS)], "page"),
  one((a) => ["OBJECT", "ENCODING", a.key()]),
  one((a) => ["OBJECT", "REFCOUNT", a.key()]),
  one((a) => ["OBJECT", "FREQ", a.key()]),
  one((a) => ["OBJECT", "IDLETIME", a.key()], "integer"),
];

const DEADLINES: readonly CommandMaker[] = [
  often(2, (a, random) => ["EXPIRE", a.key(), a.relativeSeconds(), ...expireConditions(random)]),
  often(2, (a, random) => ["PEXPIRE", a.key(), a.relativeMs(), ...expireConditions(random)]),
  often(2, (a, random) => ["EXPIREAT", a.key(), a.absoluteSeconds(), ...expireConditions(random)]),
  often(2, (a, random) => ["PEXPIREAT", a.key(), a.absoluteMs(), ...expireConditions(random)]),
  often(2, (a) => ["TTL", a.key()], "near-seconds"),
  often(2, (a) => ["PTTL", a.key()], "near-ms"),
  often(2, (a) => ["EXPIRETIME", a.key()], "near-seconds"),
  often(2, (a) => ["PEXPIRETIME", a.key()], "near-ms"),
  often(2, (a) => ["PERSIST", a.key()]),
];

const CONNECTION: readonly CommandMaker[] = [
  one(() => ["PING"]),
  one((a) => ["PING", a.value()]),
  one((a) => ["ECHO", a.value()]),
  often(2, (a) => ["SELECT", a.database()]),
  one(() => ["CLIENT", "GETNAME"]),
  one((a, random) => ["CLIENT", "SETNAME", random.oneIn(2) ? "name" : a.word()]),
  one(() => ["CLIENT", "ID"], "integer"),
  one((_, random) => ["CLIENT", "NO-EVICT", random.pick(["ON", "OFF", "maybe"])]),
  fixed((_, random) => ["CLIENT", "REPLY", random.pick(["ON", "maybe", ""])]),
  fixed((_, random) => ["CLIENT", "KILL", ...random.pick(KILL_NOBODY)]),
  one((a) => ["CLIENT", `${a.word()}-unknown`, a.word()]),
  fixed(() => ["HELLO"], "hello"),
  fixed((_, random) => ["HELLO", ...random.pick(HELLO_ARGUMENTS)], "hello"),
  one((a) => ["AUTH", a.word()]),
  one((a, random) => ["AUTH", random.pick(["default", "nobody"]), a.word()]),
];

const KILL_NOBODY = [
  ...[["ID", "999999999"], ["ID", "abc"], ["ID", "-1"], ["ID", "0"], ["1.2.3.4:5"], [], ["ID"]],
  ...[
    ["ADDR", "1.2.3.4:5"],
    ["USER", "nobody"],
    ["TYPE", "nobody"],
    ["FOO", "bar"],
  ],
  ...[
    ["LADDR", "1.2.3.4:5"],
    ["ID", "999999999", "SKIPME", "maybe"],
    ["ID", "1", "ID"],
  ],
];
const HELLO_ARGUMENTS = [
  ...[["2"], ["3"], ["4"], ["1"], ["abc"], [""], ["3", "SETNAME", "x"], ["2", "SETNAME", "a b"]],
  ...[
    ["3", "AUTH", "default", "x"],
    ["3", "AUTH", "nobody", "x"],
    ["3", "AUTH", "default"],
  ],
  ...[
    ["3", "FOO"],
    ["2", "SETNAME"],
    ["2", "AUTH", "default", "x", "SETNAME", "y"],
  ],
];

const SERVER: readonly CommandMaker[] = [
  fixed(() => ["WAIT", "0", "0"]),
  fixed((_, random) => ["WAIT", ...random.pick([["abc", "0"], ["0", "abc"], ["0", "-1"], ["0"]])]),
  one((_, random) => ["CONFIG", "GET", random.pick(CONFIG_NAMES)], "sorted"),
  one((_, random) => ["CONFIG", "GET", random.pick(CONFIG_NAMES), "appendonly"], "sorted"),
  fixed((_, random) => ["CONFIG", ...random.pick(CONFIG_ARGUMENTS)]),
  one((a) => ["COMMAND", "GETKEYS", "GET", a.key()]),
  one((a, random) => ["COMMAND", "GETKEYS", ...random.pick(STRINGS).make(a, random)]),
  one((a, random) => ["COMMAND", "GETKEYS", ...random.pick(KEYSPACE).make(a, random)]),
  one((a) => ["COMMAND", `${a.word()}-unknown`]),
  one((a) => ["OBJECT", `${a.word()}-unknown`, a.key()]),
  one((_, random) => [random.pick(["SCRIPT", "FUNCTION"]), "FLUSH"]),
  one((a) => [`${a.word()}-unknown`, a.word(), a.value()]),
  one((a) => [`unknown-${a.word()}`]),
];

const CONFIG_ARGUMENTS = [
  ...[["RESETSTAT"], ["RESETSTAT", "x"], ["GET"], ["SET"], ["SET", "nosuch", "1"], ["FOO"], []],
  ...[
    ["SET", "slowlog-max-len", "128"],
    ["SET", "slowlog-max-len", "abc"],
    ["SET", "hz"],
  ],
  ...[["SET", "slowlog-max-len", "128", "slowlog-max-len", "128"]],
];

export const COMMANDS: readonly CommandMaker[] = [
  ...[STRINGS, NUMBERS, KEYSPACE, DEADLINES, CONNECTION, SERVER].flat(),
];
