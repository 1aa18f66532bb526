// Streams of RESP, and what a decoder has to make of them. A stream that has no event is not whole.

import { LINE_LENGTH_MAX } from "../../src/protocol/resp-arguments.ts";
import { encodeCommand } from "./resp-client.ts";

/** An event of resp-decoder-fixture.ts, but for its place. */
export type Expected = readonly [kind: string, ...texts: string[]];

/** Of whom the decoder knows it. */
export interface Session {
  readonly isHot?: boolean;
  readonly isRestricted?: boolean;
  readonly database?: number;
}

export interface Case {
  readonly name: string;
  readonly stream: string;
  readonly events: readonly Expected[];
  readonly session?: Session;
}

const KEY_LENGTH_MAX = 65_535;
const ROW_VALUE_LENGTH_MAX = 65_536;

export const row = (...texts: string[]): Expected => ["row", ...texts];
export const command = (...texts: string[]): Expected => ["command", ...texts];
const inline = (line: string): Expected => ["inline", line];
export const refused = (error: string): Expected => ["refused", `Protocol error: ${error}`];
export const TOO_LARGE: Expected = ["too large"];
export const NO_LENGTH = "invalid multibulk length";
export const NO_BULK = "invalid bulk length";

/** A command as text. */
const c = (...args: string[]) => encodeCommand(args).toString("latin1");

/** As a client writes it: in upper case, in lower case, and mixed. */
function casesOf(name: string): string[] {
  const mixed = [...name].map((letter, i) => (i % 2 === 0 ? letter.toLowerCase() : letter));
  return [name, name.toLowerCase(), mixed.join("")];
}

export const HOT: readonly (readonly string[])[] = [
  ["GET", "key"],
  ["SET", "key", "value"],
  ["MGET", "a"],
  ["MGET", "a", "b", "a"],
  ["MSET", "a", "1"],
  ["MSET", "a", "1", "b", "2", "a", "3"],
  ["INCR", "n"],
  ["DEL", "a"],
  ["DEL", "a", "b"],
  ["EXISTS", "a"],
  ["EXISTS", "a", "a", "b"],
  ["PING"],
  ["GET", ""],
  ["SET", "", ""],
  ["MSET", "", "", "x", ""],
  ["MGET", "", ""],
  ["GET", "a\r\nb"],
  ["SET", "\r\n", "$3\r\nGET\r\n"],
  ["SET", "*1\r\n", "\r\n\r\n"],
  ["MSET", "\0\xff", "\x80\n", "$", "*"],
  // Lengths of one to five digits.
  ...[9, 10, 99, 100, 999, 1000].map((length) => ["SET", "k".repeat(length), "v".repeat(length)]),
  ...[9_999, 10_000, 99, 65_535].map((length) => ["GET", "k".repeat(length)]),
];

/** Names that are not, or not quite, and numbers of arguments that are wrong. */
export const ORDINARY: readonly (readonly string[])[] = [
  ["GET"],
  ["GET", "a", "b"],
  ["SET", "a"],
  ["SET"],
  ["SET", "a", "1", "NX"],
  ["SET", "a", "1", "EX", "10"],
  ["MGET"],
  ["MSET"],
  ["MSET", "a"],
  ["MSET", "a", "1", "b"],
  ["INCR"],
  ["INCR", "a", "b"],
  ["DEL"],
  ["EXISTS"],
  ["PING", "hello"],
  [""],
  ["", "a"],
  ["GETS", "a"],
  ["GE", "a"],
  ["G", "a"],
  ["SE", "a", "b"],
  ["MGETS", "a"],
  ["EXIST", "a"],
  ["EXISTSS", "a"],
  ["EXISXX", "a"],
  ["EXPIRE", "a", "1"],
  ["PINGS"],
  ["PIN"],
  // Letters and what differs from them in bit 5 alone, or is none.
  ["G\x05T", "a"],
  ["\x07ET", "a"],
  ["GE\x14", "a"],
  ["PIN\x07"],
  ["EXIST\x13", "a"],
  ["GEt\0", "a"],
  ["gET ", "a"],
  ["GET\r", "a"],
];

export const NUMBERS: readonly (readonly [string, ...Expected[]])[] = [
  ["*0\r\n"],
  ["*-1\r\n"],
  ["*-5\r\n"],
  ["*-9223372036854775808\r\n"],
  ["*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n*0\r\n", row("ping")],
  ["*-9223372036854775809\r\n", refused(NO_LENGTH)],
  ["*-99999999999999999999\r\n", refused(NO_LENGTH)],
  ["*-0\r\n", refused(NO_LENGTH)],
  ["*-01\r\n", refused(NO_LENGTH)],
  ["*-\r\n", refused(NO_LENGTH)],
  ["*--1\r\n", refused(NO_LENGTH)],
  ["*-1x\r\n", refused(NO_LENGTH)],
  ["*\r\n", refused(NO_LENGTH)],
  ["*01\r\n", refused(NO_LENGTH)],
  ["*00\r\n", refused(NO_LENGTH)],
  ["*+1\r\n", refused(NO_LENGTH)],
  ["* 1\r\n", refused(NO_LENGTH)],
  ["*1 \r\n", refused(NO_LENGTH)],
  ["*1x\r\n", refused(NO_LENGTH)],
  ["*x\r\n", refused(NO_LENGTH)],
  ["*1.0\r\n", refused(NO_LENGTH)],
  ["*1\n\r\n", refused(NO_LENGTH)],
  ["*2147483648\r\n", refused(NO_LENGTH)],
  ["*4294967297\r\n$4\r\nPING\r\n", refused(NO_LENGTH)],
  ["*9999999999\r\n", refused(NO_LENGTH)],
  ["*10000000000\r\n", refused(NO_LENGTH)],
  ["*18446744073709551617\r\n", refused(NO_LENGTH)],
  ["*99999999999999999999999999\r\n", refused(NO_LENGTH)],
  ["*1\r\n$-1\r\n", refused(NO_BULK)],
  ["*1\r\n$-0\r\n\r\n", refused(NO_BULK)],
  ["*1\r\n$00\r\n\r\n", refused(NO_BULK)],
  ["*1\r\n$04\r\nPING\r\n", refused(NO_BULK)],
  ["*1\r\n$+4\r\nPING\r\n", refused(NO_BULK)],
  ["*1\r\n$ 4\r\nPING\r\n", refused(NO_BULK)],
  ["*1\r\n$4 \r\nPING\r\n", refused(NO_BULK)],
  ["*1\r\n$x\r\nPING\r\n", refused(NO_BULK)],
  ["*1\r\n$\r\nPING\r\n", refused(NO_BULK)],
  ["*1\r\n$4\n\r\nPING\r\n", refused(NO_BULK)],
  ["*1\r\n$536870913\r\n", refused(NO_BULK)],
  ["*1\r\n$4294967300\r\nPING\r\n", refused(NO_BULK)],
  ["*1\r\n$99999999999999999999\r\n", refused(NO_BULK)],
  ["*2\r\n$3\r\nGET\r\n$01\r\na\r\n", refused(NO_BULK)],
  ["*2\r\n$3\r\nGET\r\n$-1\r\n", refused(NO_BULK)],
  ["*3\r\n$3\r\nSET\r\n$1\r\na\r\n$x\r\n", refused(NO_BULK)],
  ["*3\r\n$3\r\nSET\r\n$1\r\na\r\n$00012\r\n", refused(NO_BULK)],
];

export const TYPES: readonly (readonly [string, ...Expected[]])[] = [
  ["*1\r\n:4\r\n", refused("expected '$', got ':'")],
  ["*1\r\n*1\r\n", refused("expected '$', got '*'")],
  ["*1\r\nPING\r\n", refused("expected '$', got 'P'")],
  ["*1\r\n\xff\r\n", refused("expected '$', got '\xff'")],
  ["*2\r\n$3\r\nGET\r\n+a\r\n", refused("expected '$', got '+'")],
  ["*2\r\n$3\r\nGET\r\na\r\n", refused("expected '$', got 'a'")],
  // Longer than it says: two bytes are skipped, and then there is no `$`.
  ["*2\r\n$3\r\nGETTER\r\n", refused("expected '$', got 'R'")],
];

/** Redis tells of line ends as of spaces; here the caller does, who makes a reply of it. */
export const LINE_END_TYPES: readonly (readonly [string, ...Expected[]])[] = [
  ["*1\r\n\r\n", refused("expected '$', got '\r'")],
  ["*1\r\n\nPING\r\n", refused("expected '$', got '\n'")],
];

const LINES: readonly (readonly [string, ...Expected[]])[] = [
  // A line ends at CR, whatever comes then; what lies behind an argument is not looked at.
  ["*1\rX$4\rYPINGZZ", row("ping")],
  ["*2\r\n$3\r\nGETxy$1\r\nazz*1\r\n$4\r\nPING\r\n", row("get", "a"), row("ping")],
  ["*2\rX$3\r\nGET\r\n$1\r\na\r\n", row("get", "a")],
  ["*2\r\n$3\rXGET\r\n$1\rYa\r\n", row("get", "a")],
  ["*3\r\n$3\r\nSET\r\n$1\r\na\0\0$1\r\u0001b\r\r*0\r\n", row("set", "a", "b")],
  // LF alone ends none.
  ["*1\n$4\nPING\n"],
  ["*1\n$4\nPING\n\r\n", refused(NO_LENGTH)],
];

const INLINES: readonly (readonly [string, ...Expected[]])[] = [
  ["PING\r\n", row("ping")],
  ["ping\n", row("ping")],
  ["pInG\r\nPING\nPING\r\n", row("ping"), row("ping"), row("ping")],
  ["PING \r\n", inline("PING ")],
  [" PING\r\n", inline(" PING")],
  ["PINGS\r\n", inline("PINGS")],
  ["PIN\x07\r\n", inline("PIN\x07")],
  ["\r\n", inline("")],
  ["\n", inline("")],
  ["\n\r\n", inline(""), inline("")],
  ["\r\r\n", inline("\r")],
  ["  \r\n", inline("  ")],
  ["a\rb\r\n", inline("a\rb")],
  ["SET a 'b c'\r\n", inline("SET a 'b c'")],
  ["$3\r\n", inline("$3")],
  ["a*1\r\n", inline("a*1")],
  ["a\0b\r\n", inline("a\0b")],
  [`GET a\r\n${c("GET", "b")}GET c\n`, inline("GET a"), row("get", "b"), inline("GET c")],
  ["PING"],
  ["PING\r"],
];

const lineOf = (length: number) => "x".repeat(length);

const BOUNDS: readonly (readonly [string, string, ...Expected[]])[] = [
  ["a key at the bound", c("GET", lineOf(65_535)), row("get", lineOf(65_535))],
  ["a key past it", c("GET", lineOf(65_536)), command("GET", lineOf(65_536))],
  ["a SET of a key past it", c("SET", lineOf(65_536), "1"), command("SET", lineOf(65_536), "1")],
  [
    "a value at the bound of rows",
    c("SET", "k", lineOf(ROW_VALUE_LENGTH_MAX)),
    row("set", "k", lineOf(ROW_VALUE_LENGTH_MAX)),
  ],
  [
    "a value past it",
    c("SET", "k", lineOf(ROW_VALUE_LENGTH_MAX + 1)),
    command("SET", "k", lineOf(ROW_VALUE_LENGTH_MAX + 1)),
  ],
  ...["MGET", "DEL", "EXISTS"].flatMap((name) =>
    [KEY_LENGTH_MAX, KEY_LENGTH_MAX + 1].map((length): [string, string, Expected] => {
      const keys = ["a", lineOf(length)];
      const isRow = length === KEY_LENGTH_MAX;
      const expected = isRow ? row(name.toLowerCase(), ...keys) : command(name, ...keys);
      return [`${name} of a key of ${length} bytes`, c(name, ...keys), expected];
    }),
  ),
  [
    "MSET of a last value past the bound",
    c("MSET", "a", "1", "b", lineOf(65_537)),
    command("MSET", "a", "1", "b", lineOf(65_537)),
  ],
  [
    "MSET of a last key past the bound",
    c("MSET", "a", "1", lineOf(65_536), "2"),
    command("MSET", "a", "1", lineOf(65_536), "2"),
  ],
  ["INCR of a key past the bound", c("INCR", lineOf(65_536)), command("INCR", lineOf(65_536))],
  [
    "an inline command at the bound",
    `${lineOf(LINE_LENGTH_MAX)}\nPING\n`,
    inline(lineOf(LINE_LENGTH_MAX)),
    row("ping"),
  ],
  [
    "an inline command past it",
    `${lineOf(LINE_LENGTH_MAX + 1)}\n`,
    refused("too big inline request"),
  ],
  ["an inline command that does not end, at the bound", lineOf(LINE_LENGTH_MAX)],
  ["and past it", lineOf(LINE_LENGTH_MAX + 1), refused("too big inline request")],
  ["a count at the bound", `*${lineOf(LINE_LENGTH_MAX)}\r\n`, refused(NO_LENGTH)],
  [
    "a count past it",
    `*${"1".repeat(LINE_LENGTH_MAX + 1)}\r\n`,
    refused("too big mbulk count string"),
  ],
  ["a count that does not end, at the bound", `*${"1".repeat(LINE_LENGTH_MAX)}`],
  ["and past it", `*${"1".repeat(LINE_LENGTH_MAX + 1)}`, refused("too big mbulk count string")],
  ["a length at the bound", `*1\r\n$${lineOf(LINE_LENGTH_MAX)}\r\n`, refused(NO_BULK)],
  [
    "a length past it",
    `*1\r\n$-${"1".repeat(LINE_LENGTH_MAX)}\r\n`,
    refused("too big bulk count string"),
  ],
  ["a length that does not end, at the bound", `*1\r\n$${"0".repeat(LINE_LENGTH_MAX)}`],
  [
    "and past it",
    `*1\r\n$${"0".repeat(LINE_LENGTH_MAX + 1)}`,
    refused("too big bulk count string"),
  ],
];

export const LENGTH_MAX = 512 * 1024;

export const RESTRICTED: readonly (readonly [string, ...Expected[]])[] = [
  [c("AUTH", "secret"), command("AUTH", "secret")],
  [c("GET", "a"), command("GET", "a")],
  [c(..."0123456789"), command(..."0123456789")],
  [c(..."0123456789a"), refused("unauthenticated multibulk length")],
  ["*1048576\r\n", refused("unauthenticated multibulk length")],
  ["*1048577\r\n", refused(NO_LENGTH)],
  ["*0\r\n*-3\r\n"],
  [c("A", lineOf(16_384)), command("A", lineOf(16_384))],
  [c("A", lineOf(16_385)), refused("unauthenticated bulk length")],
  ["*1\r\n$16385\r\n", refused("unauthenticated bulk length")],
  [`*1\r\n$${LENGTH_MAX + 1}\r\n`, refused(NO_BULK)],
  ["PING\r\n", inline("PING")],
];

function cases(session: Session, rows: readonly (readonly [string, ...Expected[]])[]): Case[] {
  return rows.map(([stream, ...events]) => {
    const name = JSON.stringify(stream).slice(0, 80);
    return { name, stream, events, session };
  });
}

export const CASES: readonly Case[] = [
  ...cases(
    {},
    HOT.flatMap(([name, ...args]) =>
      casesOf(name!).map((written): [string, Expected] => [
        c(written, ...args),
        row(name!.toLowerCase(), ...args),
      ]),
    ),
  ),
  ...cases(
    {},
    ORDINARY.map((args): [string, Expected] => [c(...args), command(...args)]),
  ),
  ...cases(
    { isHot: false },
    HOT.map((args): [string, Expected] => [c(...args), command(...args)]),
  ),
  ...cases({ isHot: false }, [["ping\r\n", inline("ping")]]),
  ...cases({ database: 1 }, [[c("MSET", "a", "1"), row("mset", "a", "1")]]),
  ...cases({ database: 2 }, [[c("GET", "a"), row("get", "a")]]),
  ...cases({}, [...NUMBERS, ...TYPES, ...LINE_END_TYPES, ...LINES, ...INLINES]),
  ...BOUNDS.map(([name, stream, ...events]) => ({ name, stream, events })),
  ...cases({ isRestricted: true }, RESTRICTED),
];
