// Says whether a history can be explained by a store that does one operation after the other, each
// between its call and its return: J. Wing and C. Gong, "Testing and Verifying Concurrent Objects",
// 1993, with the memory of G. Lowe, "Testing for Linearizability", 2017.
//
// A depth-first search over orders. From a place (the set of operations that have happened, and the
// state they have led to) any operation may be next that was called before the first return among
// those that have not happened, and whose results are what the state gives. A place that was seen
// before is not entered again. Operations without a reply may happen and need not.
//
// Beyond the paper:
//
// - Pipelined operations of one connection overlap, and yet happen in the order in which they were
//   sent: all of them (`order: "connection"`), or those that share a key (`order: "key"`; where the
//   owners of keys are several threads).
// - An operation that changes nothing and can happen, happens at once: whatever order explains the
//   history still does with it moved to the front. So reads cost nothing.
// - Where an operation has met a value that nobody is left to make, the search turns round at once:
//   linearizability-producers.ts.
// - With `order: "key"`, keys that no operation has in common are checked apart: linearizability is
//   local (M. Herlihy and J. Wing, 1990).

import { hasReturned, isInert, showOperation, type Operation } from "./linearizability-model.ts";
import { splitByKeys } from "./linearizability-parts.ts";
import { listProducers } from "./linearizability-producers.ts";
import { MISMATCH, States, type Part } from "./linearizability-states.ts";

export type Order = "connection" | "key";

export interface CheckOptions {
  readonly order?: Order;
  /** Places that are entered before the search is given up. */
  readonly placesMax?: number;
}

const PLACES_MAX = 200_000;
/** How many operations behind the first that has not happened are looked at for hopeless ones. */
const LOOKAHEAD = 128;
const SHOWN_COUNT = 12;

/** A history is too hard: nothing is known of it. */
export class UndecidedError extends Error {}

/** Null = the history can be explained; otherwise why not. Throws UndecidedError. */
export function findViolation(
  history: readonly Operation[],
  { order = "key", placesMax = PLACES_MAX }: CheckOptions = {},
): string | null {
  const parts = order === "key" ? splitByKeys(history) : [history];
  for (const part of parts) {
    const violation = new Search(part, order, placesMax).run();
    if (violation !== null) return violation;
  }
  return null;
}

interface Place {
  readonly state: number;
  /** Operations before this one have all happened, apart from those without a reply. */
  readonly low: number;
  /** The operation that led here, -1 = none. */
  readonly by: number;
  readonly choices: readonly number[];
  /** How many of the choices were tried. */
  tried: number;
}

/** The longest order that is right so far. */
interface Depth {
  /** Its last places. */
  readonly path: readonly Place[];
  readonly hasHappened: Uint8Array;
  readonly count: number;
}

class Search {
  /** By call; those without a reply come last, so that `low` is not held back by them. */
  readonly #operations: readonly Operation[];
  readonly #returnedCount: number;
  readonly #states: States;
  /** For each operation, those that must have happened before. */
  readonly #predecessors: readonly (readonly number[])[];
  readonly #isRead: readonly boolean[];
  readonly #producers: ReadonlyMap<Part, readonly number[]>;
  readonly #hasHappened: Uint8Array;
  readonly #entered = new Set<string>();
  readonly #placesMax: number;
  #happenedCount = 0;
  #deepest: Depth;

  constructor(history: readonly Operation[], order: Order, placesMax: number) {
    const byCall = history.toSorted((left, right) => left.callTime - right.callTime);
    const returned = byCall.filter(hasReturned);
    // Who has read without telling cannot be wrong.
    const pending = byCall.filter((operation) => !hasReturned(operation) && !isRead(operation));
    this.#operations = [...returned, ...pending];
    this.#returnedCount = returned.length;
    this.#states = new States(this.#operations);
    this.#predecessors = listPredecessors(this.#operations, order);
    this.#isRead = this.#operations.map(isRead);
    this.#producers = listProducers(this.#states.parts);
    this.#hasHappened = new Uint8Array(this.#operations.length);
    this.#deepest = { path: [], hasHappened: this.#hasHappened.slice(), count: 0 };
    this.#placesMax = placesMax;
  }

  run(): string | null {
    const path = [this.#enter(-1, 0, 0)];
    while (path.length > 0) {
      const place = path.at(-1)!;
      if (this.#isExplained(place)) return null;
      if (!this.#advance(path, place)) this.#retreat(path);
    }
    return this.#explain();
  }

  /** Whether another choice leads to a place that is new. */
  #advance(path: Place[], place: Place): boolean {
    while (place.tried < place.choices.length) {
      const by = place.choices[place.tried++]!;
      const state = this.#states.after(place.state, by);
      this.#hasHappened[by] = 1;
      let { low } = place;
      while (low < this.#returnedCount && this.#hasHappened[low] === 1) low++;
      const name = this.#nameOf(state, low);
      if (!this.#entered.has(name)) {
        this.#entered.add(name);
        this.#happenedCount++;
        path.push(this.#enter(by, state, low));
        this.#noteDepth(path);
        return true;
      }
      this.#hasHappened[by] = 0;
    }
    return false;
  }

  #retreat(path: Place[]): void {
    const { by } = path.pop()!;
    if (by < 0) return;
    this.#hasHappened[by] = 0;
    this.#happenedCount--;
  }

  #enter(by: number, state: number, low: number): Place {
    if (this.#entered.size > this.#placesMax) {
      const { length } = this.#operations;
      throw new UndecidedError(
        `a history of ${length} operations was not decided within ${this.#placesMax} places; ` +
          `record fewer operations, connections or keys together`,
      );
    }
    const isHopeless = this.#findHopeless(state, low) >= 0;
    const choices = isHopeless ? [] : this.#listChoices(state, low);
    return { state, low, by, choices, tried: 0 };
  }

  /** One of the next operations that can never happen any more, -1 = there is none. */
  #findHopeless(state: number, low: number): number {
    const end = Math.min(low + LOOKAHEAD, this.#returnedCount);
    for (let i = low; i < end; i++) {
      if (this.#hasHappened[i] === 1) continue;
      for (const part of this.#states.parts[i]!) {
        if (this.#states.matches(state, part)) continue;
        const producers = this.#producers.get(part)!;
        if (!producers.some((producer) => this.#hasHappened[producer] === 0)) return i;
      }
    }
    return -1;
  }

  /** What may happen next: one that changes nothing, if there is one, or any. */
  #listChoices(state: number, low: number): number[] {
    const choices: number[] = [];
    let firstReturn = Infinity;
    for (let i = low; i < this.#returnedCount; i++) {
      if (this.#hasHappened[i] === 1) continue;
      const { callTime, returnTime } = this.#operations[i]!;
      if (callTime > firstReturn) break;
      firstReturn = Math.min(firstReturn, returnTime);
      if (!this.#mayBeNext(i, state)) continue;
      if (this.#isRead[i]) return [i];
      choices.push(i);
    }
    const byReturn = (i: number): number => this.#operations[i]!.returnTime;
    choices.sort((left, right) => byReturn(left) - byReturn(right));
    for (let i = this.#returnedCount; i < this.#operations.length; i++) {
      if (this.#operations[i]!.callTime > firstReturn) break;
      if (this.#hasHappened[i] === 0 && this.#mayBeNext(i, state)) choices.push(i);
    }
    return choices;
  }

  #mayBeNext(i: number, state: number): boolean {
    for (const before of this.#predecessors[i]!) if (this.#hasHappened[before] === 0) return false;
    return this.#states.after(state, i) !== MISMATCH;
  }

  /** The place: what of the operations at and behind `low` has happened, and the state. */
  #nameOf(state: number, low: number): string {
    let name = `${state}:${low}`;
    let left = this.#happenedCount + 1 - low;
    for (let i = low; left > 0; i++) {
      if (this.#hasHappened[i] === 0) continue;
      name += `,${i - low}`;
      left--;
    }
    return name;
  }

  #isExplained({ low }: Place): boolean {
    return low === this.#returnedCount;
  }

  #noteDepth(path: readonly Place[]): void {
    if (this.#happenedCount <= this.#deepest.count) return;
    this.#deepest = {
      path: path.slice(-SHOWN_COUNT),
      hasHappened: this.#hasHappened.slice(),
      count: this.#happenedCount,
    };
  }

  #explain(): string {
    const { path, hasHappened, count } = this.#deepest;
    this.#hasHappened.set(hasHappened);
    const left = this.#operations.filter((_, i) => hasHappened[i] === 0);
    const { state, low } = path.at(-1) ?? { state: 0, low: 0 };
    const hopeless = this.#findHopeless(state, low);
    return [
      `no order explains the history; the longest that is right has ${count} of ` +
        `${this.#operations.length} operations and ends so:`,
      ...path.filter(({ by }) => by >= 0).map(({ by }) => this.#show(by)),
      `with ${this.#states.show(state)}; what has not happened begins so:`,
      ...left.slice(0, SHOWN_COUNT).map((operation) => `  ${showOperation(operation)}`),
      ...(hopeless < 0 ? [] : ["and nothing that is left makes what this one met:"]),
      ...(hopeless < 0 ? [] : [this.#show(hopeless)]),
    ].join("\n");
  }

  #show(index: number): string {
    return `  ${showOperation(this.#operations[index]!)}`;
  }
}

function isRead({ steps, results }: Operation): boolean {
  return steps.every((step, i) => isInert(step, results[i]!));
}

/** The last operations of the same connection that must have happened before each. */
function listPredecessors(operations: readonly Operation[], order: Order): number[][] {
  const lastOf = new Map<string, number>();
  const predecessors: number[][] = operations.map(() => []);
  const byCall = operations.map((_, i) => i);
  byCall.sort((left, right) => operations[left]!.callTime - operations[right]!.callTime);
  for (const i of byCall) {
    const { connection, steps } = operations[i]!;
    const keys = order === "key" ? steps.map(({ key }) => key) : [""];
    for (const key of new Set(keys)) {
      const chain = `${connection} ${key}`;
      const before = lastOf.get(chain);
      if (before !== undefined) predecessors[i]!.push(before);
      lastOf.set(chain, i);
    }
  }
  return predecessors;
}
