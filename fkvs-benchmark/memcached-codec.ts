// memcached's text protocol (doc/protocol.txt of memcached) as the load generator sees it: set,
// get, delete, and version in the place of ping. Its incr wants the key to exist, so there is none
// here; nor are its gets of several keys, which leave out what they do not find.

import { REPLY, createReplyReader, type Codec, type ReplyReader } from "./codec.ts";
import { createFixedTemplate, createTextTemplate } from "./text-template.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const CARRIAGE_RETURN = 0x0d;
const END_LINE = "END\r\n";

/** The first two letters tell all replies apart. */
const STARTS = {
  VALUE: letters("VA"),
  END: letters("EN"),
  NOT_FOUND: letters("NO"),
  STORED: letters("ST"),
  DELETED: letters("DE"),
  VERSION: letters("VE"),
  ERROR: letters("ER"),
  CLIENT_ERROR: letters("CL"),
  SERVER_ERROR: letters("SE"),
} as const;

function createReader(): ReplyReader {
  const reader = createReplyReader(read);

  function read(bytes: Uint8Array, begin: number, end: number): number {
    const lineEnd = bytes.indexOf(NEWLINE, begin);
    if (lineEnd < 0 || lineEnd >= end) return REPLY.INCOMPLETE;
    reader.size = lineEnd + 1 - begin;
    reader.valueOffset = begin;
    reader.valueLength = reader.size - 2;
    switch ((bytes[begin]! << 8) | bytes[begin + 1]!) {
      case STARTS.VALUE:
        return readValue(bytes, begin, lineEnd, end);
      case STARTS.END:
      case STARTS.NOT_FOUND:
        return REPLY.NOTHING;
      case STARTS.STORED:
      case STARTS.DELETED:
        return REPLY.OK;
      case STARTS.VERSION:
        return REPLY.PONG;
      case STARTS.ERROR:
      case STARTS.CLIENT_ERROR:
      case STARTS.SERVER_ERROR:
        return REPLY.ERROR;
      default:
        return REPLY.BROKEN;
    }
  }

  /** VALUE key flags bytes, the value, END. */
  function readValue(bytes: Uint8Array, begin: number, lineEnd: number, end: number): number {
    let length = 0;
    let unit = 1;
    let at = lineEnd - 1;
    if (bytes[at] === CARRIAGE_RETURN) at--;
    for (; at > begin && bytes[at] !== SPACE; at--, unit *= 10) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) return REPLY.BROKEN;
      length += digit * unit;
    }
    reader.valueOffset = lineEnd + 1;
    reader.valueLength = length;
    reader.size = lineEnd + 1 - begin + length + 2 + END_LINE.length;
    return end - begin < reader.size ? REPLY.INCOMPLETE : REPLY.VALUE;
  }

  return reader;
}

function letters(text: string): number {
  return (text.charCodeAt(0) << 8) | text.charCodeAt(1);
}

export const memcachedCodec: Codec = {
  template(command, key, valueSize, keyCount) {
    if (command === "incr" || command === "mget" || command === "mset") return null;
    if (command === "ping") return createFixedTemplate("version\r\n");
    return createTextTemplate({
      head: `${command === "del" ? "delete" : command} `,
      keyHead: "",
      key,
      valueHead: command === "set" ? ` 0 0 ${valueSize}\r\n` : null,
      valueSize,
      keyCount,
    });
  },
  createReader,
  expected: {
    ping: REPLY.PONG,
    set: REPLY.OK,
    get: REPLY.VALUE,
    incr: REPLY.BROKEN,
    del: REPLY.OK,
    mget: REPLY.BROKEN,
    mset: REPLY.BROKEN,
  },
};
