// The reply verbs of RESP2 and RESP3. A command writes its reply piece by piece; nothing of it can
// fail, so a command is refused before it begins when its client has too much unread.
//
// Where the protocols differ, the verb knows: a map is an array of twice the length in RESP2, a nil
// is `$-1`, a double and a verbatim text are bulk strings, a boolean is an integer.

import type { StoredValue } from "./keyspace.ts";

export interface Reply {
  /** Which protocol the client speaks; HELLO changes it. */
  version: 2 | 3;
  /** `+OK`, `+QUEUED` … */
  simple(text: string): void;
  /**
   * `-…`; the text begins with its code (`ERR`, `WRONGTYPE` …) and is one byte a character. CR and
   * LF in it become spaces.
   */
  error(text: string): void;
  integer(value: number | bigint): void;
  /** A bulk string; a string is written as UTF-8. */
  bulk(bytes: Uint8Array | string): void;
  /** A bulk string; a long value is sent from where it lies, and may be overwritten or deleted. */
  value(value: StoredValue): void;
  /** `$-1`, in RESP3 `_`. */
  nil(): void;
  /** `*-1`, in RESP3 `_`: in place of an array. */
  nilArray(): void;
  /** The head of an array; `count` replies follow. */
  array(count: number): void;
  /** The head of a map; `count` pairs of replies follow. An array of 2 × `count` in RESP2. */
  map(count: number): void;
  /** The head of a set; an array in RESP2. */
  set(count: number): void;
  /** The head of a push; an array in RESP2. */
  push(count: number): void;
  /** The head of an attribute of `count` pairs, before the reply it is of. Not in RESP2. */
  attribute(count: number): void;
  double(value: number): void;
  /** An integer of any length, by its digits; a bulk string in RESP2. */
  bigNumber(digits: string): void;
  boolean(value: boolean): void;
  /** `=…txt:…`; a bulk string in RESP2. */
  verbatim(text: string): void;
}
