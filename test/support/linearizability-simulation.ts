// Histories that are right because they were made so: each operation gets a moment at which it
// happens, the moments are played to a Map, and calls and returns are put around them. Connections
// send several operations without waiting; some vanish, and what they had asked last may or may not
// have happened.

import {
  UNKNOWN,
  applyStep,
  type Operation,
  type Result,
  type Step,
} from "./linearizability-model.ts";
import type { Random } from "./random.ts";

export interface SimulationOptions {
  readonly connectionCount: number;
  /** For each connection. */
  readonly operationCount: number;
  readonly keyCount: number;
}

interface Planned {
  readonly connection: number;
  readonly steps: readonly Step[];
  readonly callTime: number;
  readonly moment: number;
  readonly returnTime: number;
  readonly mayHappen: boolean;
}

/** How far a call is from its moment at most, and the moment from its return. */
const DISTANCE_MAX = 1500;
const TIME_BETWEEN_MAX = 2000;
const VANISHING_MAX = 4;

export function simulateHistory(random: Random, options: SimulationOptions): Operation[] {
  const planned = Array.from({ length: options.connectionCount }, (_, connection) =>
    planConnection(random, connection, options),
  ).flat();
  const values = new Map<string, string | null>();
  return planned
    .toSorted((left, right) => left.moment - right.moment)
    .map(({ moment: _, mayHappen, ...operation }) => {
      const results = mayHappen ? execute(values, operation.steps) : [];
      const isSeen = operation.returnTime !== Infinity;
      return { ...operation, results: isSeen ? results : operation.steps.map(() => UNKNOWN) };
    });
}

/** The same history with one result that is another; sets have only one. */
export function mutateHistory(random: Random, history: readonly Operation[]): Operation[] {
  const places = history.flatMap((operation) =>
    operation.steps.flatMap(({ kind }, index) =>
      kind === "set" || operation.results[index] === UNKNOWN ? [] : [{ operation, index }],
    ),
  );
  const { operation: victim, index } = random.pick(places);
  const results = victim.results.with(index, otherResult(random, history, victim, index));
  return history.map((operation) => (operation === victim ? { ...victim, results } : operation));
}

/** A step on one of a few keys. Whoever sets a text or a number is the only one to set it. */
export function randomStep(random: Random, keys: readonly string[], id: number): Step {
  const key = random.pick(keys);
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return { kind: "get", key };
    case 4:
      return { kind: "set", key, value: `<${id}>` };
    case 5:
      return { kind: "set", key, value: `${id * 1000}` };
    case 6:
      return { kind: "delete", key };
    case 7:
      return { kind: "append", key, value: `<${id}>` };
    default:
      return { kind: "increment", key };
  }
}

function planConnection(
  random: Random,
  connection: number,
  { operationCount, keyCount }: SimulationOptions,
): Planned[] {
  const keys = Array.from({ length: keyCount }, (_, i) => `k${i}`);
  const vanishingCount = random.oneIn(4) ? random.between(1, VANISHING_MAX) : 0;
  const happeningCount = operationCount - random.below(vanishingCount + 1);
  let moment = 0;
  let callTime = 0;
  let returnTime = 0;
  return Array.from({ length: operationCount }, (_, i) => {
    moment += 1 + random.below(TIME_BETWEEN_MAX);
    // Calls and returns are in order, as on a connection.
    callTime = Math.max(callTime + 1, moment - random.below(DISTANCE_MAX));
    returnTime = Math.max(returnTime + 1, moment + random.below(DISTANCE_MAX));
    const stepCount = random.oneIn(6) ? random.between(2, 4) : 1;
    const firstId = 10 * (connection * operationCount + i) + 1;
    const steps = Array.from({ length: stepCount }, (__, step) =>
      randomStep(random, keys, firstId + step),
    );
    const isSeen = i < operationCount - vanishingCount;
    return {
      ...{ connection, steps, callTime, moment, mayHappen: i < happeningCount },
      returnTime: isSeen ? returnTime : Infinity,
    };
  });
}

function execute(values: Map<string, string | null>, steps: readonly Step[]): Result[] {
  return steps.map((step) => {
    const { value, result } = applyStep(step, values.get(step.key) ?? null);
    values.set(step.key, value);
    return result;
  });
}

/** What another such step of the history could have answered. */
function otherResult(
  random: Random,
  history: readonly Operation[],
  victim: Operation,
  index: number,
): Result {
  const { kind } = victim.steps[index]!;
  const result = victim.results[index]!;
  if (kind === "delete") return result === "0" ? "1" : "0";
  const others = history.flatMap(({ steps, results }) =>
    results.filter((other, i) => steps[i]!.kind === kind && other !== result && other !== UNKNOWN),
  );
  return others.length === 0 ? "nothing" : random.pick(others);
}
