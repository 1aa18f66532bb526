// Splits the received bytes of one connection into fkvs v1 requests and appends them to a batch.
//
//   offset  0        2        3            5           5+k            7+k      7+k+v   9+k+v
//          +--------+--------+------------+-----------+--------------+--------+-------+--------+
//          | length | opcode | key length | key       | value length | value  | ex    | ex     |
//          |  u16   |  u8    |    u16     | k bytes   |     u16      | v bytes| length| text   |
//          +--------+--------+------------+-----------+--------------+--------+-------+--------+
//           ^ counts every byte after itself; big-endian. Which parts follow is the opcode's matter.
//
// Nothing is copied: the batch gets offsets. A frame that is not a valid request becomes the opcode
// INVALID in its place, so that its error reply comes in order. Only the structure is judged here;
// what the texts inside mean (seconds, amounts) is the command's matter. Rules: docs/PROTOCOL.md.

import { BATCH_CAPACITY, type Batch } from "../batch/batch.ts";
import type { ByteArea } from "../lib/byte-area.ts";
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

/** Hash of a key in the area that the decoder reads. */
export interface KeyHasher {
  hashOf(keyOffset: number, keyLength: number): number;
}

export class V1Decoder {
  /** After `decode`: the first byte that is not in the batch. */
  position = 0;

  readonly #view: DataView;
  readonly #hasher: KeyHasher;

  constructor(area: ByteArea, hasher: KeyHasher) {
    this.#view = area.view;
    this.#hasher = hasher;
  }

  decode(batch: Batch, connection: number, begin: number, end: number): Decoded {
    const view = this.#view;
    let decoded: Decoded = DECODED.ALL;
    let position = begin;
    let row = batch.count;
    while (end - position >= LENGTH_SIZE) {
      const length = view.getUint16(position);
      if (length > FRAME_LENGTH_MAX) {
        decoded = DECODED.TOO_LONG;
        break;
      }
      const frameEnd = position + LENGTH_SIZE + length;
      if (frameEnd > end) break;
      if (row === BATCH_CAPACITY) {
        decoded = DECODED.BATCH_FULL;
        break;
      }
      batch.connections[row] = connection;
      batch.frameOffsets[row] = position;
      batch.opcodes[row] = this.#decodeFrame(batch, row, position, length);
      row++;
      position = frameEnd;
    }
    batch.count = row;
    this.position = position;
    return decoded;
  }

  #decodeFrame(batch: Batch, row: number, frame: number, length: number): number {
    if (length === 0) return OPCODE.INVALID;
    const opcode = this.#view.getUint8(frame + OPCODE_OFFSET);
    switch (opcode) {
      case OPCODE.GET:
      case OPCODE.INCR:
      case OPCODE.DECR:
      case OPCODE.DEL:
      case OPCODE.TTL:
      case OPCODE.PERSIST:
        return this.#decodeKey(batch, row, frame, length) ? opcode : OPCODE.INVALID;
      case OPCODE.SET:
        return this.#decodeSet(batch, row, frame, length) ? opcode : OPCODE.INVALID;
      case OPCODE.INCRBY:
      case OPCODE.DECRBY:
      case OPCODE.EXPIRE:
        return this.#decodeKeyAndValue(batch, row, frame, length) ? opcode : OPCODE.INVALID;
      case OPCODE.PING:
        return this.#decodePayload(batch, row, frame, length) ? opcode : OPCODE.INVALID;
      case OPCODE.INFO:
        return opcode;
      case OPCODE.KEYS:
        return length === 1 ? opcode : OPCODE.INVALID;
      default:
        return OPCODE.INVALID;
    }
  }

  #decodeKey(batch: Batch, row: number, frame: number, length: number): boolean {
    if (length < CORE_HEADER_SIZE) return false;
    const keyLength = this.#view.getUint16(frame + KEY_LENGTH_OFFSET);
    if (CORE_HEADER_SIZE + keyLength > length) return false;
    const keyOffset = frame + KEY_OFFSET;
    batch.keyOffsets[row] = keyOffset;
    batch.keyLengths[row] = keyLength;
    batch.hashes[row] = this.#hasher.hashOf(keyOffset, keyLength);
    return true;
  }

  #decodeKeyAndValue(batch: Batch, row: number, frame: number, length: number): boolean {
    if (length < CORE_HEADER_SIZE) return false;
    const keyLength = this.#view.getUint16(frame + KEY_LENGTH_OFFSET);
    const valueBegin = CORE_HEADER_SIZE + keyLength + LENGTH_SIZE;
    if (valueBegin > length) return false;
    const keyOffset = frame + KEY_OFFSET;
    const valueOffset = keyOffset + keyLength + LENGTH_SIZE;
    const valueLength = this.#view.getUint16(valueOffset - LENGTH_SIZE);
    if (valueBegin + valueLength > length) return false;
    batch.keyOffsets[row] = keyOffset;
    batch.keyLengths[row] = keyLength;
    batch.valueOffsets[row] = valueOffset;
    batch.valueLengths[row] = valueLength;
    batch.hashes[row] = this.#hasher.hashOf(keyOffset, keyLength);
    return true;
  }

  #decodeSet(batch: Batch, row: number, frame: number, length: number): boolean {
    if (!this.#decodeKeyAndValue(batch, row, frame, length)) return false;
    const valueEnd = batch.valueOffsets[row]! + batch.valueLengths[row]!;
    const rest = frame + LENGTH_SIZE + length - valueEnd;
    batch.expiryLengths[row] = 0;
    if (rest === 0) return true;
    if (rest < LENGTH_SIZE) return false;
    const expiryLength = this.#view.getUint16(valueEnd);
    if (expiryLength === 0 || expiryLength > EXPIRY_LENGTH_MAX) return false;
    if (expiryLength > rest - LENGTH_SIZE) return false;
    batch.expiryOffsets[row] = valueEnd + LENGTH_SIZE;
    batch.expiryLengths[row] = expiryLength;
    return true;
  }

  #decodePayload(batch: Batch, row: number, frame: number, length: number): boolean {
    if (length < CORE_HEADER_SIZE) return false;
    const payloadLength = this.#view.getUint16(frame + KEY_LENGTH_OFFSET);
    if (CORE_HEADER_SIZE + payloadLength > length) return false;
    batch.valueOffsets[row] = frame + KEY_OFFSET;
    batch.valueLengths[row] = payloadLength;
    batch.hashes[row] = 0;
    return true;
  }
}
