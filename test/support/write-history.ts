// What the data threads have told the log, in order: everything that recovery may bring back, and
// the positions that say how much of it must come. It listens in front of the journals, so that it
// hears the truth whatever becomes of it behind.
//
//   store, commands ─▶ WriteHistory ─▶ Journal
//
// An event is a write, or a group of writes that are recovered together or not at all. Where
// several threads write, an event that waits for room is *open*: where it ends is known when
// nothing waits any more, which a thread finds when it goes on with its backlog (`publish`).

import type { Durability } from "../../src/server/durability.ts";
import type { Store } from "../../src/store/store.ts";
import type { Journal } from "../../src/wal/journal.ts";
import { nameOf, textOf, type Contents } from "./recovery-fixture.ts";

/** Where each partition of an epoch ends. */
export type Ends = readonly number[];

const NOWHERE = Infinity;

interface Change {
  readonly name: string;
  /** Null = the key is gone. */
  readonly text: string | null;
}

interface Flush {
  /** Null = all. */
  readonly database: number | null;
}

interface WriteEvent {
  readonly epoch: number;
  readonly partitions: ReadonlySet<number>;
  /** Not yet known: nowhere. */
  ends: Ends;
  readonly steps: readonly (Change | Flush)[];
}

export class WriteHistory {
  epoch: number;
  /** Of the epoch. */
  startPosition = 0;
  readonly events: WriteEvent[] = [];
  readonly #base: Contents;
  readonly #current: Contents;
  readonly #partitionCount: number;
  readonly #counts = new Map<Journal, number>();
  #open: WriteEvent[] = [];

  /** `base` is what the store has had from the beginning. */
  constructor(base: Contents, epoch: number, partitionCount: number) {
    this.#base = base;
    this.#current = new Map(base);
    this.epoch = epoch;
    this.#partitionCount = partitionCount;
  }

  /** Begins to listen to a thread. */
  attach(durability: Durability, store: Store, source: Buffer, segmentBits: number): void {
    const { journal } = durability;
    const { wrote, removed, flushed, beginGroup, endGroup, startEpoch, publish } = journal;
    let group: { partitions: Set<number>; steps: (Change | Flush)[] } | null = null;
    const all = Array.from({ length: this.#partitionCount }, (_, i) => i);
    const partitionOf = (hash: number) => (hash >>> (32 - segmentBits)) % this.#partitionCount;
    const tell = (partitions: readonly number[], step: Change | Flush, forward: () => void) => {
      apply(this.#current, step);
      if (group !== null) {
        group.steps.push(step);
        for (const partition of partitions) group.partitions.add(partition);
      }
      forward();
      if (group === null) this.#add(journal, new Set(partitions), [step]);
    };
    journal.wrote = (reference, hash) => {
      const change = readChange(store, reference);
      tell([partitionOf(hash)], change, () => wrote(reference, hash));
    };
    journal.removed = (offset, length, hash) => {
      const name = nameOf(store.database, source.toString("latin1", offset, offset + length));
      tell([partitionOf(hash)], { name, text: null }, () => removed(offset, length, hash));
    };
    journal.flushed = (database) => tell(all, { database }, () => flushed(database));
    journal.beginGroup = () => {
      group = { partitions: new Set(), steps: [] };
      beginGroup();
    };
    journal.endGroup = () => {
      const { partitions, steps } = group!;
      group = null;
      endGroup();
      if (steps.length > 0) this.#add(journal, partitions, steps);
    };
    journal.publish = () => {
      publish();
      this.#closeIfDrained(journal);
    };
    journal.startEpoch = (epoch, position) => {
      this.epoch = epoch;
      this.startPosition = position;
      // What waited never gets to the log.
      this.#open = [];
      startEpoch(epoch, position);
    };
  }

  get length(): number {
    return this.events.length;
  }

  /** Events that a thread has told of. */
  countOf(journal: Journal): number {
    return this.#counts.get(journal) ?? 0;
  }

  /** What the store has by what was told, expired keys included. */
  contents(): Contents {
    return this.#current;
  }

  /**
   * Which events are recovered when each epoch ends there. A group of which a part is missing is
   * not, and cuts off what is behind it in all its partitions.
   */
  listRecovered(endsOf: (epoch: number) => Ends): boolean[] {
    const cuts = new Set<string>();
    return this.events.map(({ epoch, partitions, ends }) => {
      const available = endsOf(epoch);
      const isThere = [...partitions].every(
        (partition) =>
          ends[partition]! <= available[partition]! && !cuts.has(`${epoch} ${partition}`),
      );
      if (!isThere) for (const partition of partitions) cuts.add(`${epoch} ${partition}`);
      return isThere;
    });
  }

  /** What there is when those events are recovered. */
  contentsOf(isRecovered: readonly boolean[]): Contents {
    const contents = new Map(this.#base);
    for (const [index, { steps }] of this.events.entries()) {
      if (!isRecovered[index]) continue;
      for (const step of steps) apply(contents, step);
    }
    return contents;
  }

  #add(journal: Journal, partitions: Set<number>, steps: readonly (Change | Flush)[]): void {
    const event = { epoch: this.epoch, partitions, ends: this.#endsOf(journal), steps };
    if (journal.share?.isWaiting === true) {
      event.ends = event.ends.map(() => NOWHERE);
      this.#open.push(event);
    }
    this.events.push(event);
    this.#counts.set(journal, this.countOf(journal) + 1);
  }

  #closeIfDrained(journal: Journal): void {
    if (this.#open.length === 0 || journal.share?.isWaiting === true) return;
    for (const event of this.#open.splice(0)) event.ends = this.#endsOf(journal);
  }

  #endsOf(journal: Journal): Ends {
    return Array.from({ length: this.#partitionCount }, (_, i) => journal.endPosition(i));
  }
}

/** Without the keys that have expired. */
export function livingAt(contents: Contents, nowMs: number): Contents {
  const living: Contents = new Map();
  for (const [name, text] of contents) {
    const deadlineMs = Number(text.slice(0, text.indexOf(" ")));
    if (deadlineMs === 0 || deadlineMs > nowMs) living.set(name, text);
  }
  return living;
}

/** The first key that differs, "" = none. */
export function findDifference(found: Contents, expected: Contents): string {
  for (const name of new Set([...found.keys(), ...expected.keys()])) {
    const [one, other] = [found.get(name), expected.get(name)];
    if (one !== other) return `${name} is ${brief(one)} and should be ${brief(other)}`;
  }
  return "";
}

function brief(text: string | undefined): string {
  if (text === undefined) return "not there";
  const hash = Bun.hash.xxHash32(text).toString(16);
  return text.length < 60 ? JSON.stringify(text) : `${text.length} bytes (${hash})`;
}

function apply(contents: Contents, step: Change | Flush): void {
  if ("name" in step) {
    if (step.text === null) contents.delete(step.name);
    else contents.set(step.name, step.text);
    return;
  }
  if (step.database === null) contents.clear();
  else {
    const prefix = nameOf(step.database, "");
    for (const name of contents.keys()) if (name.startsWith(prefix)) contents.delete(name);
  }
}

function readChange(store: Store, reference: number): Change {
  const offset = store.keyOffset(reference);
  const { bytes } = store.area(reference);
  const key = bytes.toString("latin1", offset, offset + store.keyLength(reference));
  const value = store.values.bytes(reference, 0, store.valueLength(reference));
  const text = textOf(value.toString("latin1"), store.deadlineMs(reference));
  return { name: nameOf(store.databaseOf(reference), key), text };
}
