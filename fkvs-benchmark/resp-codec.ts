// RESP2 as the load generator sees it: enough to ask Redis and everything that speaks like it for
// strings. Of the replies only those that such requests can get are known.

import { REPLY, createReplyReader, type Codec, type ReplyReader } from "./codec.ts";
import { createFixedTemplate, createTextTemplate } from "./text-template.ts";

const CARRIAGE_RETURN = 0x0d;
const NEWLINE = 0x0a;
const ZERO = 0x30;
const MINUS = 0x2d;
const TYPE = { STATUS: 0x2b, ERROR: 0x2d, INTEGER: 0x3a, BULK: 0x24, ARRAY: 0x2a } as const;
const P = 0x50;
/** Digits of a bulk string's length and of an array's: 512 MiB has nine. */
const LENGTH_DIGITS_MAX = 10;

function createReader(): ReplyReader {
  const reader = createReplyReader(read);

  function read(bytes: Uint8Array, begin: number, end: number): number {
    if (begin >= end) return REPLY.INCOMPLETE;
    if (bytes[begin] === TYPE.BULK) return readBulk(bytes, begin, end);
    const lineEnd = bytes.indexOf(NEWLINE, begin);
    if (lineEnd < 0 || lineEnd >= end) return REPLY.INCOMPLETE;
    reader.size = lineEnd + 1 - begin;
    reader.valueOffset = begin + 1;
    reader.valueLength = reader.size - 3;
    switch (bytes[begin]) {
      case TYPE.STATUS:
        return bytes[begin + 1] === P ? REPLY.PONG : REPLY.OK;
      case TYPE.INTEGER:
        return REPLY.INTEGER;
      case TYPE.ERROR:
        return REPLY.ERROR;
      case TYPE.ARRAY:
        return readArrayHead(bytes, begin + 1, lineEnd - 1);
      default:
        return REPLY.BROKEN;
    }
  }

  function readArrayHead(bytes: Uint8Array, begin: number, end: number): number {
    if (bytes[begin] === MINUS) return REPLY.NOTHING;
    if (begin === end) return REPLY.BROKEN;
    let count = 0;
    for (let at = begin; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9 || at - begin >= LENGTH_DIGITS_MAX) return REPLY.BROKEN;
      count = count * 10 + digit;
    }
    reader.elementCount = count;
    return REPLY.ARRAY;
  }

  function readBulk(bytes: Uint8Array, begin: number, end: number): number {
    let at = begin + 1;
    let length = 0;
    const isNothing = at < end && bytes[at] === MINUS;
    if (isNothing) at++;
    for (; at < end && bytes[at] !== CARRIAGE_RETURN; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9 || at - begin > LENGTH_DIGITS_MAX) return REPLY.BROKEN;
      length = length * 10 + digit;
    }
    if (end - at < 2) return REPLY.INCOMPLETE;
    reader.valueOffset = at + 2;
    reader.valueLength = isNothing ? 0 : length;
    reader.size = at + 2 - begin;
    if (isNothing) return REPLY.NOTHING;
    reader.size += length + 2;
    return end - begin < reader.size ? REPLY.INCOMPLETE : REPLY.VALUE;
  }

  return reader;
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

export const respCodec: Codec = {
  template(command, key, valueSize, keyCount) {
    const name = bulk(command.toUpperCase());
    if (command === "ping") return createFixedTemplate(`*1\r\n${name}`);
    const hasValues = command === "set" || command === "mset";
    const partCount = 1 + keyCount * (hasValues ? 2 : 1);
    return createTextTemplate({
      head: `*${partCount}\r\n${name}`,
      keyHead: `$${key.length}\r\n`,
      key,
      valueHead: hasValues ? `\r\n$${valueSize}\r\n` : null,
      valueSize,
      keyCount,
    });
  },
  createReader,
  expected: {
    ping: REPLY.PONG,
    set: REPLY.OK,
    get: REPLY.VALUE,
    incr: REPLY.INTEGER,
    del: REPLY.INTEGER,
    mget: REPLY.ARRAY,
    mset: REPLY.OK,
  },
};
