// fkvs v1 as the load generator sees it. Frames: docs/PROTOCOL.md.

import { OPCODE } from "../src/protocol/opcode.ts";
import { TAG } from "../src/protocol/v1-replies.ts";
import {
  REPLY,
  createReplyReader,
  type Codec,
  type CommandName,
  type ReplyReader,
} from "./codec.ts";

const OPCODES: Readonly<Partial<Record<CommandName, number>>> = {
  ping: OPCODE.PING,
  set: OPCODE.SET,
  get: OPCODE.GET,
  incr: OPCODE.INCR,
  del: OPCODE.DEL,
};
const HEADER_SIZE = 5;
const STATUS_SIZE = 3;
const TEXT_HEADER_SIZE = 5;

function createReader(): ReplyReader {
  const reader = createReplyReader(read);

  function read(bytes: Uint8Array, begin: number, end: number): number {
    if (end - begin < STATUS_SIZE) return REPLY.INCOMPLETE;
    const length = (bytes[begin]! << 8) | bytes[begin + 1]!;
    const tag = bytes[begin + 2]!;
    if (length === 1) {
      reader.size = STATUS_SIZE;
      if (tag === TAG.OK) return REPLY.OK;
      return tag === TAG.NOTHING ? REPLY.NOTHING : REPLY.BROKEN;
    }
    if (length < STATUS_SIZE) return REPLY.BROKEN;
    if (end - begin < length + 2) return REPLY.INCOMPLETE;
    reader.size = length + 2;
    reader.valueOffset = begin + TEXT_HEADER_SIZE;
    reader.valueLength = (bytes[begin + 3]! << 8) | bytes[begin + 4]!;
    if (reader.valueLength !== length - STATUS_SIZE) return REPLY.BROKEN;
    if (tag === TAG.VALUE) return REPLY.VALUE;
    return tag === TAG.PONG ? REPLY.PONG : REPLY.BROKEN;
  }

  return reader;
}

export const v1Codec: Codec = {
  template(command, key, valueSize, keyCount) {
    const opcode = OPCODES[command];
    if (opcode === undefined) return null;
    const hasValue = command === "set";
    const keyBytes = command === "ping" ? Buffer.alloc(0) : Buffer.from(key, "latin1");
    const size = HEADER_SIZE + keyBytes.length + (hasValue ? 2 + valueSize : 0);
    const bytes = Buffer.alloc(size, "x");
    bytes.writeUInt16BE(size - 2, 0);
    bytes[2] = opcode;
    bytes.writeUInt16BE(keyBytes.length, 3);
    keyBytes.copy(bytes, HEADER_SIZE);
    const keyEnd = HEADER_SIZE + keyBytes.length;
    if (hasValue) bytes.writeUInt16BE(valueSize, keyEnd);
    const valueOffset = hasValue ? keyEnd + 2 : 0;
    return {
      bytes,
      keyCount: command === "ping" ? 0 : keyCount,
      keyStride: size,
      keyEnd,
      valueOffset,
    };
  },
  createReader,
  // The original server echoes what was set, and so do we; an empty value comes back as OK does
  // not.
  expected: {
    ping: REPLY.PONG,
    set: REPLY.VALUE,
    get: REPLY.VALUE,
    incr: REPLY.VALUE,
    del: REPLY.OK,
    mget: REPLY.BROKEN,
    mset: REPLY.BROKEN,
  },
};
