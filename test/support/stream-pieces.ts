// Streams of bytes that come in pieces: how they are cut, and how they get to a server in this
// process whose client reads as much as it likes.

import type { Random } from "./random.ts";
import type { TestConnection } from "./test-engine.ts";
import type { InProcessServer } from "./test-server.ts";

const TURN_EVERY = 7;
const DRAINED_BYTES = 10_000;
const SHORT_LENGTH_MAX = 12;

/** Pieces of these lengths, again and again. */
export function cutBy(whole: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let position = 0, i = 0; position < whole.length; i++) {
    const length = lengths[i % lengths.length]!;
    pieces.push(whole.subarray(position, position + length));
    position += length;
  }
  return pieces;
}

/** Pieces of random length, many of a few bytes. */
export function cutAtRandom(whole: Buffer, lengthMax: number, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  for (let position = 0; position < whole.length;) {
    const length = random.between(1, random.oneIn(3) ? SHORT_LENGTH_MAX : lengthMax);
    pieces.push(whole.subarray(position, position + length));
    position += length;
  }
  return pieces;
}

/** Feeds them all; `thrift` says how much the client reads at a time, and how soon; 0 = all. */
export function feedPieces(
  server: InProcessServer,
  client: TestConnection,
  pieces: readonly Buffer[],
  thrift: number,
): void {
  if (thrift > 0) client.capacity = 0;
  for (const [i, piece] of pieces.entries()) {
    client.feed(piece);
    if (i % TURN_EVERY === 0) server.engine.turn();
  }
  server.engine.turn();
  while (thrift > 0 && client.capacity < Infinity) {
    const unsent = server.thread.sends.unsentBytes(client.number);
    client.drain(unsent > 0 ? thrift * DRAINED_BYTES : Infinity);
    server.engine.turn();
  }
}
