// What a client may send that is no array of bulk strings: inline commands, nothing at all, and
// what ends the connection.

/**
 * The first byte that is too much for a line is the last: a server that closes with something
 * unread resets the connection, and may take its last words with it.
 */
const LINE_LENGTH_MAX = 65_536;

/** Each has one reply. */
export const INLINES: readonly string[] = [
  "PING\r\n",
  "PING\n",
  "  PING  \r\n",
  'PING "a b"\r\n',
  "PING 'a b'\r\n",
  'PING "\\x41\\n\\r\\t\\"\\\\ \\q\\x4"\r\n',
  "PING 'it\\'s \\n'\r\n",
  'PING ""\r\n',
  'SET a "" \r\n',
  "set b 12\r\n",
  "GET b\r\n",
  "MGET a b c\r\n",
  "NOSUCH a b\r\n",
  "GET\r\n",
  'PING a"b"\r\n',
  "PING \x01\xff\r\n",
  "PING a\rb\r\n",
  "$3\r\n",
  ":1\r\n",
];

export const INLINE_WORDS: readonly string[] = [
  "a",
  '"b"',
  "'c'",
  '"\\x61"',
  '""',
  "key:1",
  "\\x61",
];

/** They are taken and have no reply. */
export const NOTHINGS: readonly string[] = ["\r\n", "\n", "*0\r\n", "*-1\r\n", "  \r\n", "*-5\r\n"];

/** The server says why, or nothing, and closes. */
export const ENDINGS: readonly string[] = [
  "*3\r\n$a\r\n",
  "*1\r\n$-5\r\n",
  "*1\r\n$-1\r\n",
  "*1\r\n$\r\n",
  "*1\r\n$536870913\r\n",
  "*1\r\n$99999999999999999999\r\n",
  "*2\r\n$3\r\nGET\r\n$+1\r\n",
  "*2\r\n$3\r\nGET\r\n:1\r\n",
  "*1\r\nGET\r\n",
  "*1\r\n\r\n",
  "*abc\r\n",
  "*\r\n",
  "* 1\r\n",
  "*+1\r\n",
  "*01\r\n",
  "*1.0\r\n",
  "*2147483648\r\n",
  "*99999999999999999999\r\n",
  `*${"1".repeat(LINE_LENGTH_MAX)}`,
  `*1\r\n$${"1".repeat(LINE_LENGTH_MAX)}`,
  "x".repeat(LINE_LENGTH_MAX + 1),
  'PING "a\r\n',
  "PING 'a\r\n",
  'PING "a"b\r\n',
  "PING 'a'b\r\n",
  "QUIT\r\n",
  "*1\r\n$4\r\nQUIT\r\n",
  "*1\r\n$4\r\nquit\r\n*1\r\n$4\r\nPING\r\n",
  "POST / HTTP/1.1\r\n",
  "Host: example.com\r\n",
];
