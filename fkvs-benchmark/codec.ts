// What a protocol is to the load generator: requests as bytes with places to write into, and
// replies as kinds.

export const COMMANDS = ["ping", "set", "get", "incr", "del", "mget", "mset"] as const;
export type CommandName = (typeof COMMANDS)[number];

/** Index into COMMANDS, for the arrays of the hot path. */
export const COMMAND = { PING: 0, SET: 1, GET: 2, INCR: 3, DEL: 4, MGET: 5, MSET: 6 } as const;

export const REPLY = {
  /** Not all of it is there. */
  INCOMPLETE: 0,
  VALUE: 1,
  OK: 2,
  NOTHING: 3,
  PONG: 4,
  INTEGER: 5,
  ERROR: 6,
  /** No reply of this protocol at all: what follows it cannot be told apart. */
  BROKEN: 7,
  /** Only the head of one: its elements follow as replies of their own. */
  ARRAY: 8,
} as const;

/**
 * One request with its keys' digits and its values still to be written. Where it has several keys,
 * each with its value if there are values, they lie `keyStride` bytes apart.
 */
export interface RequestTemplate {
  readonly bytes: Buffer;
  readonly keyCount: number;
  readonly keyStride: number;
  /** Behind the last byte of the first key. */
  readonly keyEnd: number;
  /** First byte of the first value; 0 = there is none. */
  readonly valueOffset: number;
}

/** Reads replies one by one; what it found last stays in its fields. */
export interface ReplyReader {
  /** Bytes of the reply that was read. */
  size: number;
  /** The value's place in the bytes given. */
  valueOffset: number;
  valueLength: number;
  /** Of an array: the replies that follow and are its elements. */
  elementCount: number;
  /** Of REPLY. The bytes before `begin` are of no interest, the ones from `end` on not there. */
  read(bytes: Uint8Array, begin: number, end: number): number;
}

export function createReplyReader(read: ReplyReader["read"]): ReplyReader {
  return { size: 0, valueOffset: 0, valueLength: 0, elementCount: 0, read };
}

export interface Codec {
  /**
   * A request with `keyCount` times this key, of which only MGET and MSET take more than one. Null
   * where the protocol has no such command.
   */
  template(
    command: CommandName,
    key: string,
    valueSize: number,
    keyCount: number,
  ): RequestTemplate | null;
  createReader(): ReplyReader;
  /** The kind that means success, by command. */
  readonly expected: Readonly<Record<CommandName, number>>;
}
