// Where this server knowingly answers otherwise than Redis 7.0: in streams of random commands, and
// examples of all the rest. docs/RESP-EXCEPTIONS.md says the same to users.
// test/differential/exceptions.test.ts finds what is no longer true.

import type { Request } from "./redis-request.ts";
import { commandOf, rawRequest } from "./redis-request.ts";
import { KEY_LENGTH_ERROR, KEY_LENGTH_MAX } from "../../src/redis/dispatcher.ts";

/** Requests of one connection; the replies to the last differ. */
export interface Example {
  readonly requests: readonly Request[];
  readonly ours: RegExp;
  readonly theirs: RegExp;
}

export interface Exception {
  /** One line. */
  readonly reason: string;
  readonly example: Example;
  /** In random streams; null = they do not meet it. */
  readonly holds: ((request: Request, ours: string, theirs: string) => boolean) | null;
}

function example(commands: readonly string[], ours: RegExp, theirs: RegExp): Example {
  return { requests: commands.map((line) => commandOf(line.split(" "))), ours, theirs };
}

function unknown(command: string): Exception {
  return {
    reason: `${command} belongs to what is not served`,
    example: example([command], /^-ERR unknown (?:sub)?command /, /^[^-]|^-(?!ERR unknown)/),
    holds: null,
  };
}

function isCommand({ args }: Request, ...words: readonly string[]): boolean {
  return words.every((word, i) => args[i]?.toLowerCase() === word);
}

const LONG_KEY = "k".repeat(KEY_LENGTH_MAX + 1);

export const EXCEPTIONS: readonly Exception[] = [
  {
    reason: "an encoding is told from the value: how it came about (APPEND) is not remembered",
    example: example(["SET a x", "APPEND a y", "OBJECT ENCODING a"], /embstr/, /raw/),
    holds: (request, ours, theirs) =>
      isCommand(request, "object", "encoding") &&
      /int|embstr/.test(ours) &&
      /raw|embstr/.test(theirs),
  },
  {
    reason: "nor is it counted who shares a value: arguments of a transaction, integers of Redis",
    example: example(
      ["SET a 1", "APPEND a 2", "OBJECT REFCOUNT a"],
      /^:2147483647\r\n$/,
      /^:1\r\n$/,
    ),
    holds: (request, ours, theirs) =>
      isCommand(request, "object", "refcount") && /^:\d+\r\n:\d+\r\n$/.test(ours + theirs),
  },
  {
    reason: "COMMAND tells of the commands that there are, in an order of its own",
    example: example(["COMMAND"], /^\*\d\d\r\n/, /^\*\d{3}\r\n/),
    holds: (request, ours, theirs) =>
      isCommand(request, "command") && request.args.length === 1 && /^\*/.test(ours + theirs),
  },
  {
    reason: "a key is at most 65,535 bytes long",
    example: {
      requests: [commandOf(["SET", LONG_KEY, "1"])],
      ours: new RegExp(`^-${KEY_LENGTH_ERROR}\r\n$`),
      theirs: /^\+OK\r\n$/,
    },
    // Of two errors.
    holds: (_, ours, theirs) => ours === `-${KEY_LENGTH_ERROR}\r\n` && theirs.startsWith("-"),
  },
  {
    reason: "a value is at most as long as --max-value-size says, where Redis has 512 MiB",
    example: example(["SETRANGE a 200000000 x"], /^-ERR string exceeds maximum allowed/, /^:2/),
    holds: null,
  },
  {
    reason: "a line of HTTP ends the connection whatever its method, and not only POST",
    example: {
      requests: [rawRequest("GET / HTTP/1.1\r\n")],
      ours: /^$/,
      theirs: /^-ERR wrong number of arguments/,
    },
    holds: null,
  },
  {
    reason: "no browser sends POST as an array of bulk strings, so that is an unknown command",
    example: example(["POST /"], /^-ERR unknown command/, /^$/),
    holds: null,
  },
  {
    reason: "most of the configuration is given at the start, or has one value only",
    example: example(["CONFIG SET hz 20"], /supports only '10'/, /^\+OK/),
    holds: null,
  },
  {
    reason: "nothing is saved without --dir",
    example: example(["LASTSAVE"], /^-ERR nothing is kept on disk/, /^:\d+\r\n$/),
    holds: null,
  },
  {
    reason: "nothing is saved without --dir, whoever waits for it",
    example: example(["SAVE"], /^-ERR nothing is kept on disk/, /^\+OK/),
    holds: null,
  },
  {
    reason: "the configuration is not written back",
    example: example(["CONFIG REWRITE"], /unknown subcommand/, /without a config file/),
    holds: null,
  },
  {
    reason: "NO-TOUCH and SETINFO are of Redis 7.2",
    example: example(["CLIENT NO-TOUCH ON"], /^\+OK/, /unknown subcommand/),
    holds: null,
  },
  unknown("LPUSH list 1"),
  unknown("SADD set 1"),
  unknown("HSET hash a 1"),
  unknown("ZADD zset 1 a"),
  unknown("XADD stream * a 1"),
  unknown("PFADD hll 1"),
  unknown("SETBIT bits 1 1"),
  unknown("LCS a b"),
  unknown("MOVE a 1"),
  unknown("SWAPDB 0 1"),
  unknown("SORT a"),
  unknown("DUMP a"),
  unknown("EVAL x 0"),
  unknown("SUBSCRIBE a"),
  unknown("ACL WHOAMI"),
  unknown("ROLE"),
  unknown("MONITOR"),
  unknown("CLIENT TRACKING ON"),
  unknown("CLIENT PAUSE 0"),
  unknown("CLIENT UNBLOCK 1"),
  unknown("COMMAND GETKEYSANDFLAGS GET a"),
  unknown("MEMORY STATS"),
  unknown("LATENCY DOCTOR"),
  unknown("SCRIPT LOAD x"),
  unknown("FUNCTION LIST"),
];

export function isExcepted(request: Request, ours: Buffer, theirs: Buffer): boolean {
  const left = ours.toString("latin1");
  const right = theirs.toString("latin1");
  return EXCEPTIONS.some(({ holds }) => holds?.(request, left, right) ?? false);
}
