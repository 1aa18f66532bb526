// Takes the replies of owners out of their rings (reply-bundle.ts), each to where it belongs:
// behind what its connection has to send if it is the next, otherwise to its collection until it
// is. A closure over constants: see src/command/fast-commands.ts.

import type { SendWindows } from "../batch/send-windows.ts";
import { NATIVE_COPY_LENGTH_MIN, type ByteArea } from "../lib/byte-area.ts";
import { NO_CONNECTION } from "./collection.ts";
import type { Gathering } from "./gathering.ts";
import type { Outbox } from "./outbox.ts";
import { BUNDLE_HEAD_SIZE, HAS_REFERENCE, IS_WRITE, LENGTH_MASK } from "./reply-bundle.ts";
import { RING_SIZE_MIN, RingReader, reserveRing } from "./ring.ts";
import type { Splices } from "./splices.ts";

export interface ReplyIntakeParts {
  readonly sends: SendWindows;
  readonly splices: Splices;
  readonly outbox: Outbox;
  readonly gathering: Gathering;
  /** By owner, null = this thread. */
  readonly replies: readonly (SharedArrayBuffer | null)[];
}

export interface ReplyIntake {
  /** Takes all replies that an owner has shown; whether there were any. */
  take(owner: number): boolean;
  /** Gives their room back; true when the owner waits for it. */
  release(owner: number): boolean;
  hasMore(owner: number): boolean;
}

export function createReplyIntake(parts: ReplyIntakeParts): ReplyIntake {
  const { sends, splices, outbox, gathering } = parts;
  const readers = parts.replies.map(
    (buffer) => new RingReader(buffer ?? reserveRing(RING_SIZE_MIN)),
  );
  const { delivery } = gathering;
  const { positionFor, delivered } = delivery;
  const { take: takeRequest, slot: slotOfRequest } = outbox;
  const { area } = sends;
  /** The last connection that got a reply straight from a ring. */
  let connection = NO_CONNECTION;

  function take(owner: number): boolean {
    const reader = readers[owner]!;
    reader.refresh();
    if (reader.position === reader.published) return false;
    connection = NO_CONNECTION;
    while (reader.position !== reader.published) takeBundle(owner, reader);
    return true;
  }

  function takeBundle(owner: number, reader: RingReader): void {
    const { words, position } = reader;
    const wordMask = words.length - 1;
    const begin = position >>> 2;
    const count = words[begin & wordMask]!;
    const size = words[(begin + 1) & wordMask]!;
    const firstEntry = words[(begin + 2) & wordMask]!;
    if ((firstEntry & HAS_REFERENCE) !== 0) {
      const reference = words[(begin + 3) & wordMask]!;
      const split = words[(begin + 4) & wordMask]!;
      takeLong(owner, reader, firstEntry, reference, split);
    } else {
      let from = (position + BUNDLE_HEAD_SIZE + 4 * count) | 0;
      for (let i = 0; i < count; i++) {
        const entry = words[(begin + 2 + i) & wordMask]!;
        takeOne(owner, reader, entry, from);
        from = (from + (entry & LENGTH_MASK)) | 0;
      }
    }
    reader.position = (position + size) | 0;
  }

  function takeOne(owner: number, reader: RingReader, entry: number, from: number): void {
    const collection = takeRequest(owner);
    if (collection === null || collection.connection < 0) {
      if (collection !== null) gathering.recycle(collection);
      return;
    }
    const slot = slotOfRequest();
    const length = entry & LENGTH_MASK;
    if ((entry & IS_WRITE) !== 0) collection.hasWritten = true;
    const position = positionFor(collection, slot, length);
    if (position < 0) {
      const offset = gathering.place(collection, slot, length);
      copy(reader, from, length, collection.area, offset);
      return;
    }
    copy(reader, from, length, area, position);
    delivered(collection, position + length);
    if (collection.connection === connection) return;
    connection = collection.connection;
    gathering.noteReady(connection);
  }

  /** A reply with a long value in it. */
  function takeLong(
    owner: number,
    reader: RingReader,
    entry: number,
    reference: number,
    split: number,
  ): void {
    const collection = takeRequest(owner);
    if (collection === null || collection.connection < 0) {
      splices.drop(reference);
      if (collection !== null) gathering.recycle(collection);
      return;
    }
    const length = entry & LENGTH_MASK;
    if ((entry & IS_WRITE) !== 0) collection.hasWritten = true;
    const offset = gathering.place(collection, slotOfRequest(), length, reference, split);
    const from = (reader.position + BUNDLE_HEAD_SIZE + 12) | 0;
    copy(reader, from, length, collection.area, offset);
  }

  /** Up to three bytes more are written: what replies are copied to has a margin. */
  function copy(
    reader: RingReader,
    position: number,
    length: number,
    target: ByteArea,
    offset: number,
  ): void {
    const begin = position & (reader.size - 1);
    if (length >= NATIVE_COPY_LENGTH_MIN || begin + length + 3 > reader.size) {
      reader.copyTo(target, offset, length, position);
      return;
    }
    const { view: source } = reader.area;
    const { view } = target;
    let from = begin;
    for (let to = offset; to < offset + length; to += 4, from += 4) {
      view.setInt32(to, source.getInt32(from, true), true);
    }
  }

  return {
    take,
    release: (owner) => readers[owner]!.release(),
    hasMore: (owner) => readers[owner]!.hasMore(),
  };
}
