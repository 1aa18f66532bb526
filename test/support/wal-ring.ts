// The far end of a ring of the WAL, as a test takes from it what producers have shown.

import { WalConsumer } from "../../src/wal/wal-consumer.ts";

/** Positions from which the words of 32 bits wrap, from unsigned and from signed, and beyond. */
export const RING_STARTS = [
  0,
  2 ** 31 - 4096,
  2 ** 32 - 4096,
  2 ** 32,
  5 * 2 ** 32 - 64,
  2 ** 52,
] as const;

export function openConsumer(buffer: SharedArrayBuffer, position = 0): WalConsumer {
  const consumer = new WalConsumer(buffer);
  consumer.restart(position);
  return consumer;
}

export function takeAll(consumer: WalConsumer): Buffer {
  consumer.look();
  const bytes = Buffer.alloc(consumer.length);
  consumer.take(bytes, 0);
  return bytes;
}
