// Writes replies of collections (collection.ts) behind what their connections have to send, in
// request order. Replies come from where they were kept, or straight out of a ring when all before
// them have been delivered. A closure over constants: see src/command/fast-commands.ts.

import { CONNECTION } from "../batch/connection-flag.ts";
import type { SendWindows } from "../batch/send-windows.ts";
import { NATIVE_COPY_LENGTH_MIN, copyBytes, type ByteArea } from "../lib/byte-area.ts";
import {
  FIRST_HOME,
  LENGTH,
  OFFSET,
  REFERENCE,
  SLOT_WORDS,
  type Collection,
} from "./collection.ts";
import type { OwnReplies } from "./own-replies.ts";

export interface DeliveryParts {
  readonly sends: SendWindows;
  readonly own: OwnReplies;
  /** Of the connection table. */
  readonly flags: Uint8Array;
  readonly windowSizeBytes: number;
}

/** The reply has to be kept. */
export const NO_POSITION = -1;

export interface Delivery {
  /** Writes the reply of the next slot, which is ready. Ask `canBegin` before. */
  append(collection: Collection): void;
  /**
   * Where a reply without a reference may be written now, or NO_POSITION: what is ready before it
   * is written first. Whoever writes there then tells `delivered`.
   */
  positionFor(collection: Collection, slot: number, length: number): number;
  delivered(collection: Collection, end: number): void;
}

export function createDelivery(parts: DeliveryParts): Delivery {
  const { sends, own, flags, windowSizeBytes } = parts;
  const { ends, limits, limitBytes, area } = sends;
  const { bytes, view } = area;

  function append(collection: Collection): void {
    const slot = collection.head++;
    const { connection, slots } = collection;
    const at = slot * SLOT_WORDS;
    const home = slots[at]!;
    const offset = slots[at + OFFSET]!;
    const length = slots[at + LENGTH]!;
    if (home >= FIRST_HOME) {
      const end = ends[connection]! + length;
      if (end <= limits[connection]!) appendOwn(connection, offset, end);
      else write(connection, area, offset, length);
      own.delivered(home - FIRST_HOME);
      return;
    }
    const reference = slots[at + REFERENCE]!;
    if (reference === 0) {
      write(connection, collection.area, offset, length);
      return;
    }
    const split = collection.splits[slot]!;
    write(connection, collection.area, offset, split);
    sends.splicePinned(connection, reference);
    write(connection, collection.area, offset + split, length - split);
  }

  /** Up to three bytes more than the reply has are written: its window has a margin. */
  function appendOwn(connection: number, offset: number, end: number): void {
    const begin = ends[connection]!;
    ends[connection] = end;
    if (end - begin >= NATIVE_COPY_LENGTH_MIN) {
      bytes.copy(bytes, begin, offset, offset + end - begin);
      return;
    }
    let from = offset;
    for (let at = begin; at < end; at += 4, from += 4) {
      view.setInt32(at, view.getInt32(from, true), true);
    }
  }

  function write(connection: number, from: ByteArea, offset: number, length: number): void {
    if (length === 0) return;
    const position = length <= windowSizeBytes ? sends.reserve(connection, length) : NO_POSITION;
    if (position < 0) {
      sends.append(connection, from.bytes.subarray(offset, offset + length));
      return;
    }
    copyBytes(from, offset, area, position, length);
    ends[connection] = position + length;
  }

  function positionFor(collection: Collection, slot: number, length: number): number {
    const { connection } = collection;
    if ((flags[connection]! & CONNECTION.HELD) !== 0) return NO_POSITION;
    while (collection.head < slot && collection.isHeadReady) {
      if (sends.unsentBytes(connection) >= limitBytes) return NO_POSITION;
      append(collection);
    }
    if (collection.head !== slot || sends.unsentBytes(connection) >= limitBytes) return NO_POSITION;
    const position = ends[connection]!;
    return position + length <= limits[connection]! ? position : NO_POSITION;
  }

  return {
    append,
    positionFor,
    delivered(collection, end) {
      ends[collection.connection] = end;
      collection.head++;
      collection.hasDelivered = true;
    },
  };
}
