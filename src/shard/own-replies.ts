// Replies of own rows whose connection still waits for replies of others: they are executed into
// windows of their own and stay there until it is their turn.
//
//   window 0     empty between rows: its reply is copied to the collection at once
//   window 1 …   | undelivered replies of any connections | room |
//              begin                                      end
//
// A window begins again when all its replies have been delivered. Window 0 takes what may be long,
// what has a long value in it, and everything when the others are full. A closure over constants:
// see src/command/fast-commands.ts.

import { SPLICE_LENGTH_MIN, type SendWindows } from "../batch/send-windows.ts";
import { copyBytes } from "../lib/byte-area.ts";
import type { Collection } from "./collection.ts";
import type { Splices } from "./splices.ts";

/** Connection numbers that it needs. */
export const OWN_WINDOW_COUNT = 5;
/** More than a reply takes that has a value of less than SPLICE_LENGTH_MIN. */
const REPLY_SIZE_MAX = SPLICE_LENGTH_MIN + 1024;

export interface OwnReplies {
  /** The window that the next reply is written to. */
  windowFor(mayBeLong: boolean): number;
  /** Takes the reply that has been written there, to a new slot. */
  keep(window: number, collection: Collection): void;
  /** A reply of window 1 … has been copied or dropped. */
  delivered(home: number): void;
}

/** Connections `first`, `first` + 1, … are its windows. */
export function createOwnReplies(sends: SendWindows, splices: Splices, first: number): OwnReplies {
  const { ends, limits, area, queuedBytes } = sends;
  const begins = ends.slice(first, first + OWN_WINDOW_COUNT);
  /** Behind these no reply begins: it would find no room, or its client seem not to read. */
  const lastBegins = begins.map((begin, home) => {
    return Math.min(limits[first + home]!, begin + sends.limitBytes) - REPLY_SIZE_MAX;
  });
  const undelivered = new Int32Array(OWN_WINDOW_COUNT);
  let current = 1;
  /** Where the reply begins that is being written. */
  let base = 0;

  function windowFor(mayBeLong: boolean): number {
    const home = mayBeLong ? 0 : homeWithRoom();
    base = ends[first + home]!;
    return first + home;
  }

  function homeWithRoom(): number {
    if (ends[first + current]! <= lastBegins[current]!) return current;
    for (let home = 1; home < OWN_WINDOW_COUNT; home++) {
      if (ends[first + home]! > lastBegins[home]!) continue;
      current = home;
      return home;
    }
    return 0;
  }

  function keep(window: number, collection: Collection): void {
    const home = window - first;
    if (home === 0 || queuedBytes[window] !== 0) {
      copyOut(window, collection, collection.add());
      return;
    }
    if (collection.addAtHome(home, base, ends[window]! - base)) undelivered[home]!++;
  }

  function copyOut(window: number, collection: Collection, slot: number): void {
    const length = ends[window]! - base;
    const begin = begins[window - first]!;
    const { reference, split } = splices.take(window, begin);
    const splitOfReply = reference === 0 ? 0 : split - (base - begin);
    const offset = collection.place(slot, length, reference, splitOfReply);
    copyBytes(area, base, collection.area, offset, length);
    ends[window] = base;
  }

  return {
    windowFor,
    keep,
    delivered(home) {
      if (--undelivered[home]! === 0) ends[first + home] = begins[home]!;
    },
  };
}
