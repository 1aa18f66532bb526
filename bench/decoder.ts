// What it costs to turn the bytes of a receive window into the rows of a batch, hashing included.

import { Batch, BATCH_CAPACITY } from "../src/batch/batch.ts";
import { ReceiveWindows } from "../src/batch/receive-windows.ts";
import { assert } from "../src/lib/assert.ts";
import { DECODED, createV1Decoder, type V1Decoder } from "../src/protocol/v1-decoder.ts";
import { measureSection, type Budget, type Case, type Section } from "./measurement.ts";
import { REQUEST_KINDS, RequestStream, type RequestKind } from "./request-stream.ts";

const WINDOW_SIZE = 64 * 1024;
const SEED = 0x1234567;
/** Enough for a call to be timed. */
const BATCHES_PER_CALL = 16;
const KINDS = [REQUEST_KINDS.get, REQUEST_KINDS.set, REQUEST_KINDS.ping];

export async function measureDecoder(keyCount: number, budget: Budget): Promise<Section[]> {
  // A window for each kind, and one decoder: it is a closure over constants.
  const windows = new ReceiveWindows(KINDS.length, WINDOW_SIZE);
  const batch = new Batch();
  const decoder = createV1Decoder(windows.area, batch, SEED);
  const cases = KINDS.map((kind, i) => decodeCase(kind, windows, i, decoder, batch, keyCount));
  return [await measureSection(`decoder, ${BATCH_CAPACITY} requests`, "request", cases, budget)];
}

function decodeCase(
  kind: RequestKind,
  windows: ReceiveWindows,
  connection: number,
  decoder: V1Decoder,
  batch: Batch,
  keyCount: number,
): Case {
  const stream = new RequestStream(kind, BATCH_CAPACITY);
  stream.shuffleKeys(keyCount);
  windows.open(connection);
  const begin = windows.begins[connection]!;
  const end = begin + stream.bytes.copy(windows.area.bytes, begin);
  assert(decoder.decode(connection, begin, end) === DECODED.ALL, "everything is decoded");
  assert(decoder.position() === end, "to the end");
  assert(batch.count === BATCH_CAPACITY, "one row for each request");
  const isRight = batch.opcodes.every((opcode) => opcode === kind.opcode);
  assert(isRight, "and each is valid");
  batch.count = 0;
  return {
    name: kind.name,
    operationCount: BATCHES_PER_CALL * BATCH_CAPACITY,
    run() {
      let sum = 0;
      for (let i = 0; i < BATCHES_PER_CALL; i++) {
        decoder.decode(connection, begin, end);
        sum += batch.count;
        batch.count = 0;
      }
      return sum;
    },
  };
}
