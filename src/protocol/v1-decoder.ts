// Splits the received bytes of one connection into fkvs v1 requests and appends them to a batch.
//
//   offset  0        2        3            5           5+k            7+k      7+k+v   9+k+v
//          +--------+--------+------------+-----------+--------------+--------+-------+--------+
//          | length | opcode | key length | key       | value length | value  | ex    | ex     |
//          |  u16   |  u8    |    u16     | k bytes   |     u16      | v bytes| length| text   |
//          +--------+--------+------------+-----------+--------------+--------+-------+--------+
//           ^ counts every byte after itself; big-endian. Which parts follow, the opcode says.
//
//   DURABLE: length, opcode, word length, word, and from there on opcode and parts of another
//   request, which the row describes: its opcode is in the batch's `parts`, the word where it is.
//
// Nothing is copied: the batch gets offsets. A frame that is not a valid request becomes the opcode
// INVALID in its place, so that its error reply comes in order. Only the structure is judged here;
// what the texts inside mean (seconds, amounts) is the command's matter. Rules: docs/PROTOCOL.md.

import { BATCH_CAPACITY, type Batch } from "../batch/batch.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { xxHash32 } from "../store/xxhash32.ts";
import { OPCODE } from "./opcode.ts";

const LENGTH_SIZE = 2;
const OPCODE_OFFSET = 2;
const KEY_LENGTH_OFFSET = 3;
const KEY_OFFSET = 5;

/** Bytes of a core before its key: opcode and key length. */
const CORE_HEADER_SIZE = KEY_OFFSET - LENGTH_SIZE;

/** The largest length a frame may state; 65535 is refused, as by the original server. */
export const FRAME_LENGTH_MAX = 65534;
/** Length prefix and core: what a receive window has to hold. */
export const FRAME_SIZE_MAX = FRAME_LENGTH_MAX + LENGTH_SIZE;
/** Characters that the word of DURABLE and DURABILITY may have. */
export const DURABILITY_LENGTH_MAX = 8;
/** Digits and sign that the expiry of a SET may have. */
export const EXPIRY_LENGTH_MAX = 31;

export const DECODED = {
  /** All whole frames are in the batch. */
  ALL: 0,
  /** The batch is full, and there is at least one more whole frame. */
  BATCH_FULL: 1,
  /** The next frame states a length that is never allowed. */
  TOO_LONG: 2,
} as const;
export type Decoded = (typeof DECODED)[keyof typeof DECODED];

/** Appends the whole frames from `begin` to `end`; `position()` is where it stopped. */
export interface V1Decoder {
  decode(connection: number, begin: number, end: number): Decoded;
  /** The first byte that is not in the batch. */
  position(): number;
}

/** A closure over constants: see src/command/fast-commands.ts. */
export function createV1Decoder(area: ByteArea, batch: Batch, seed: number): V1Decoder {
  const { view } = area;
  const { opcodes, connections, frameOffsets, keyOffsets, keyLengths } = batch;
  const { valueOffsets, valueLengths, expiryOffsets, expiryLengths, hashes, parts } = batch;
  let position = 0;

  function decode(connection: number, begin: number, end: number): Decoded {
    let at = begin;
    let row = batch.count;
    let decoded: Decoded = DECODED.ALL;
    while (end - at >= LENGTH_SIZE) {
      const length = view.getUint16(at);
      if (length > FRAME_LENGTH_MAX) {
        decoded = DECODED.TOO_LONG;
        break;
      }
      const frameEnd = at + LENGTH_SIZE + length;
      if (frameEnd > end) break;
      if (row === BATCH_CAPACITY) {
        decoded = DECODED.BATCH_FULL;
        break;
      }
      connections[row] = connection;
      frameOffsets[row] = at;
      opcodes[row] = decodeFrame(row, at, length);
      row++;
      at = frameEnd;
    }
    batch.count = row;
    position = at;
    return decoded;
  }

  function decodeFrame(row: number, frame: number, length: number): number {
    if (length === 0) return OPCODE.INVALID;
    const opcode = view.getUint8(frame + OPCODE_OFFSET);
    if (opcode === OPCODE.GET) return decodeKey(row, frame, length) ? opcode : OPCODE.INVALID;
    if (opcode === OPCODE.SET) return decodeSet(row, frame, length) ? opcode : OPCODE.INVALID;
    return decodeOther(row, frame, length, opcode);
  }

  function decodeOther(row: number, frame: number, length: number, opcode: number): number {
    switch (opcode) {
      case OPCODE.INCR:
      case OPCODE.DECR:
      case OPCODE.DEL:
      case OPCODE.TTL:
      case OPCODE.PERSIST:
        return decodeKey(row, frame, length) ? opcode : OPCODE.INVALID;
      case OPCODE.INCRBY:
      case OPCODE.DECRBY:
      case OPCODE.EXPIRE:
        return decodeKeyAndValue(row, frame, length) ? opcode : OPCODE.INVALID;
      case OPCODE.PING:
        return decodePayload(row, frame, length) ? opcode : OPCODE.INVALID;
      case OPCODE.INFO:
        return opcode;
      case OPCODE.KEYS:
        return length === 1 ? opcode : OPCODE.INVALID;
      case OPCODE.DURABLE:
        return decodeDurable(row, frame, length) ? opcode : OPCODE.INVALID;
      case OPCODE.DURABILITY:
        return decodeDurability(row, frame, length) ? opcode : OPCODE.INVALID;
      default:
        return OPCODE.INVALID;
    }
  }

  function decodeKey(row: number, frame: number, length: number): boolean {
    if (length < CORE_HEADER_SIZE) return false;
    const keyLength = view.getUint16(frame + KEY_LENGTH_OFFSET);
    if (CORE_HEADER_SIZE + keyLength > length) return false;
    const keyOffset = frame + KEY_OFFSET;
    keyOffsets[row] = keyOffset;
    keyLengths[row] = keyLength;
    hashes[row] = xxHash32(view, keyOffset, keyLength, seed);
    return true;
  }

  function decodeKeyAndValue(row: number, frame: number, length: number): boolean {
    if (length < CORE_HEADER_SIZE) return false;
    const keyLength = view.getUint16(frame + KEY_LENGTH_OFFSET);
    const valueBegin = CORE_HEADER_SIZE + keyLength + LENGTH_SIZE;
    if (valueBegin > length) return false;
    const keyOffset = frame + KEY_OFFSET;
    const valueOffset = keyOffset + keyLength + LENGTH_SIZE;
    const valueLength = view.getUint16(valueOffset - LENGTH_SIZE);
    if (valueBegin + valueLength > length) return false;
    keyOffsets[row] = keyOffset;
    keyLengths[row] = keyLength;
    valueOffsets[row] = valueOffset;
    valueLengths[row] = valueLength;
    hashes[row] = xxHash32(view, keyOffset, keyLength, seed);
    return true;
  }

  function decodeSet(row: number, frame: number, length: number): boolean {
    if (!decodeKeyAndValue(row, frame, length)) return false;
    const valueEnd = valueOffsets[row]! + valueLengths[row]!;
    const rest = frame + LENGTH_SIZE + length - valueEnd;
    expiryLengths[row] = 0;
    if (rest === 0) return true;
    if (rest < LENGTH_SIZE) return false;
    const expiryLength = view.getUint16(valueEnd);
    if (expiryLength === 0 || expiryLength > EXPIRY_LENGTH_MAX) return false;
    if (expiryLength > rest - LENGTH_SIZE) return false;
    expiryOffsets[row] = valueEnd + LENGTH_SIZE;
    expiryLengths[row] = expiryLength;
    return true;
  }

  function decodePayload(row: number, frame: number, length: number): boolean {
    if (length < CORE_HEADER_SIZE) return false;
    const payloadLength = view.getUint16(frame + KEY_LENGTH_OFFSET);
    if (CORE_HEADER_SIZE + payloadLength > length) return false;
    valueOffsets[row] = frame + KEY_OFFSET;
    valueLengths[row] = payloadLength;
    hashes[row] = 0;
    return true;
  }

  /** Nothing behind it, so that such a frame is short: see first-bytes.ts. */
  function decodeDurability(row: number, frame: number, length: number): boolean {
    if (!decodePayload(row, frame, length)) return false;
    const wordLength = valueLengths[row]!;
    return wordLength <= DURABILITY_LENGTH_MAX && CORE_HEADER_SIZE + wordLength === length;
  }

  /** The request within is decoded as if its length stood before its opcode. */
  function decodeDurable(row: number, frame: number, length: number): boolean {
    if (length < CORE_HEADER_SIZE) return false;
    const wordLength = view.getUint16(frame + KEY_LENGTH_OFFSET);
    const innerBegin = CORE_HEADER_SIZE + wordLength;
    if (wordLength > DURABILITY_LENGTH_MAX || innerBegin >= length) return false;
    if (view.getUint8(frame + OPCODE_OFFSET + innerBegin) === OPCODE.DURABLE) return false;
    const inner = decodeFrame(row, frame + innerBegin, length - innerBegin);
    parts[row] = inner;
    return inner !== OPCODE.INVALID;
  }

  return { decode, position: () => position };
}
