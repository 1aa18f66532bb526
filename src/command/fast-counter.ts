// The short way of INCR and DECR, for both protocols: one more or less to a plain number that is
// there (digit-counter.ts), and its reply. The rest is counter.ts's.
//
// Apart from GET and SET (fast-commands.ts), so that these stay small: in one function with them
// JavaScriptCore sometimes compiled SET to twice the time.

import type { Batch } from "../batch/batch.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import type { SendWindows } from "../batch/send-windows.ts";
import { OPCODE } from "../protocol/opcode.ts";
import { COLON, CRLF } from "../protocol/resp-head.ts";
import { RESP_OPCODE_MIN } from "../protocol/resp-opcode.ts";
import { TAG, TEXT_HEADER_SIZE, writeTextHeader } from "../protocol/v1-replies.ts";
import { SPAN_MASK, SPAN_SHIFT, type Arena } from "../store/arena.ts";
import { DATABASE_SHIFT, ENTRY_HEADER_SIZE } from "../store/entry.ts";
import type { WriteLog } from "../store/write-log.ts";
import { DIGITS_MAX, createDigitCounter } from "./digit-counter.ts";
import { createEntryAccess } from "./entry-access.ts";
import type { FastCommands } from "./fast-commands.ts";

const HEADER_WORDS = ENTRY_HEADER_SIZE / 4;
/** Of either protocol, with the number. */
const REPLY_SIZE_MAX = TEXT_HEADER_SIZE + DIGITS_MAX;

/** Only for rows of INCR and DECR. */
export function createFastCounter(
  batch: Batch,
  arena: Arena,
  windows: ReceiveWindows,
  sends: SendWindows,
  log: WriteLog | null,
): FastCommands {
  const { opcodes, keyLengths, databases, candidates, hashes } = batch;
  const access = createEntryAccess(batch, arena, windows, sends);
  const { load, isOrdinary, copyValue } = access;
  const { addOne } = createDigitCounter(access);
  const target = sends.area.view;
  const { ends, limits } = sends;

  function execute(row: number, connection: number): boolean {
    const candidate = candidates[row]!;
    const keyLength = keyLengths[row]!;
    // v1 refuses an empty key: that is the ordinary way's.
    if (candidate === 0 || keyLength === 0) return false;
    const opcode = opcodes[row]!;
    const isResp = opcode >= RESP_OPCODE_MIN;
    const span = candidate >>> SPAN_SHIFT;
    const word = (candidate & SPAN_MASK) << 1;
    const identity = isResp ? keyLength | (databases[row]! << DATABASE_SHIFT) : keyLength;
    if (!isOrdinary(span, word, row, identity)) return false;
    const position = ends[connection]!;
    if (position + REPLY_SIZE_MAX > limits[connection]!) return false;
    const length = load(span, word + 1);
    const valueWord = word + HEADER_WORDS + (keyLength >>> 2);
    const skewBits = (keyLength & 3) << 3;
    const sign = opcode === OPCODE.DECR ? -1 : 1;
    if (!addOne(span, valueWord, skewBits, length, sign)) return false;
    const begin = position + (isResp ? 1 : TEXT_HEADER_SIZE);
    const end = begin + length;
    copyValue(span, valueWord, skewBits, begin, end);
    if (isResp) {
      target.setUint8(position, COLON);
      target.setUint16(end, CRLF);
    } else {
      writeTextHeader(target, position, TAG.VALUE, length);
    }
    ends[connection] = isResp ? end + 2 : end;
    if (log !== null) log.wrote(candidate, hashes[row]!);
    return true;
  }

  return { execute };
}
