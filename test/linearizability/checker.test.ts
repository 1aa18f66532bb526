// The checker itself: what it accepts, what it refuses, and that it agrees with one that tries all
// orders. Histories are written as text, a line an operation:
//
//   connection call–return steps → results        #1 1–4 set a=x → OK
//                                                 #2 2–  get a, get b → ?, ?

import { describe, expect, test } from "bun:test";
import { findViolation, type Order } from "../support/linearizability-checker.ts";
import {
  UNKNOWN,
  applyStep,
  hasReturned,
  type Operation,
  type Result,
  type Step,
} from "../support/linearizability-model.ts";
import {
  mutateHistory,
  randomStep,
  simulateHistory,
} from "../support/linearizability-simulation.ts";
import { Random } from "../support/random.ts";

const LINE = /^#(\d+) (\d+)–(\d*) (.+) → (.+)$/;

function history(...lines: readonly string[]): Operation[] {
  return lines.map((line) => {
    const [, connection, callTime, returnTime, steps, results] = LINE.exec(line)!;
    return {
      connection: Number(connection),
      callTime: Number(callTime),
      returnTime: returnTime === "" ? Infinity : Number(returnTime),
      steps: steps!.split(", ").map(readStep),
      results: results!.split(", ").map(readResult),
    };
  });
}

function readStep(text: string): Step {
  const [, kind, key, value] = /^(\w+) (\w+)=?(\w*)$/.exec(text)!;
  if (kind === "set" || kind === "append") return { kind, key: key!, value: value! };
  return { kind: kind as "get" | "delete" | "increment", key: key! };
}

function readResult(text: string): Result {
  if (text === "?") return UNKNOWN;
  return text === "nil" ? null : text;
}

const RIGHT: readonly (readonly [string, ...string[]])[] = [
  ["nothing at all"],
  ["one after the other", "#1 1–2 set a=x → OK", "#2 3–4 get a → x", "#1 5–6 delete a → 1"],
  ["a read that overlaps a write and sees it", "#1 1–4 set a=x → OK", "#2 2–3 get a → x"],
  ["a read that overlaps a write and does not", "#1 1–4 set a=x → OK", "#2 2–3 get a → nil"],
  ["a write without a reply that happened", "#1 1– set a=x → ?", "#2 5–6 get a → x"],
  ["a write without a reply that did not", "#1 1– set a=x → ?", "#2 5–6 get a → nil"],
  [
    "a write without a reply that happened late",
    "#1 1– set a=x → ?",
    "#2 5–6 get a → nil",
    "#2 7–8 get a → x",
  ],
  [
    "overlapping increments in any order",
    "#1 1–9 increment a → 2",
    "#2 2–8 increment a → 1",
    "#3 3–7 increment a → 3",
  ],
  [
    "a refused increment",
    "#1 1–2 set a=x → OK",
    "#1 3–4 increment a → refused",
    "#1 5–6 get a → x",
  ],
  [
    "steps together, seen together",
    "#1 1–6 set a=x, set b=y → OK, OK",
    "#2 2–3 get a, get b → nil, nil",
    "#2 4–5 get b, get a → y, x",
  ],
  [
    "a pipeline in its order",
    "#1 1–9 set a=x → OK",
    "#1 2–9 append a=y → 2",
    "#1 3–9 get a → xy",
    "#1 4–9 delete a → 1",
    "#1 5–9 get a → nil",
  ],
  [
    "deletes that do not tell",
    "#1 1–2 set a=x → OK",
    "#1 3–4 delete a → ?",
    "#1 5–6 delete a → ?",
    "#2 7–8 get a → nil",
  ],
  ["a value of several overlapping ones", "#1 1–9 set a=x → OK", "#2 1–9 set a=y → OK"],
];

const WRONG: readonly (readonly [string, ...string[]])[] = [
  ["a read of what was never written", "#1 1–2 set a=x → OK", "#2 3–4 get a → y"],
  ["a value before anybody has set it", "#2 1–2 get a → x", "#1 3–4 set a=x → OK"],
  ["a stale read", "#1 1–2 set a=x → OK", "#1 3–4 set a=y → OK", "#2 5–6 get a → x"],
  ["a write that is lost", "#1 1–2 set a=x → OK", "#2 3–4 get a → nil"],
  ["an update that is lost between two appends", "#1 1–4 append a=x → 1", "#2 2–3 append a=y → 1"],
  [
    "an update that is lost and seen by nobody but a read",
    "#1 1–4 increment a → ?",
    "#2 2–3 increment a → ?",
    "#3 5–6 get a → 1",
  ],
  ["two increments that answer alike", "#1 1–9 increment a → 1", "#2 2–8 increment a → 1"],
  ["an increment that counts twice", "#1 1–2 increment a → 1", "#2 3–4 get a → 2"],
  [
    "a key that is back after its deletion",
    "#1 1–2 set a=x → OK",
    "#1 3–4 delete a → 1",
    "#2 5–6 get a → nil",
    "#2 7–8 get a → x",
  ],
  [
    "a deletion that two have made",
    "#1 1–2 set a=x → OK",
    "#1 3–6 delete a → 1",
    "#2 4–5 delete a → 1",
  ],
  [
    "values that change places",
    "#1 1–9 set a=x → OK",
    "#2 1–9 set a=y → OK",
    "#3 2–3 get a → x",
    "#3 4–5 get a → y",
    "#3 6–7 get a → x",
  ],
  [
    "a read that goes back, seen by two",
    "#1 1–9 set a=x → OK",
    "#2 2–3 get a → x",
    "#3 4–5 get a → nil",
  ],
  ["half of what is together", "#1 1–4 set a=x, set b=y → OK, OK", "#2 2–3 get a, get b → x, nil"],
  [
    "half of what is together, forever",
    "#1 1–2 set a=x, set b=y → OK, OK",
    "#2 3–4 get a → x",
    "#2 5–6 get b → nil",
  ],
  [
    "something between what is together",
    "#1 1–4 increment a, increment a → 1, 3",
    "#2 2–3 increment a → 2",
  ],
  [
    "what never replied, half of it",
    "#1 1– set a=x, set b=y → ?, ?",
    "#2 3–4 get a, get b → nil, y",
  ],
  ["a pipeline out of order", "#1 1–9 set a=x → OK", "#1 2–9 set a=y → OK", "#2 10–11 get a → x"],
  ["a pipeline that reads its write too early", "#1 1–9 get a → x", "#1 2–9 set a=x → OK"],
  [
    "a vanished pipeline of which the second has happened and not the first",
    "#1 1– increment a → ?",
    "#1 2– set a=x → ?",
    "#1 3– increment b → ?",
    "#2 4–5 get a → x",
    "#2 6–7 get a → 1",
  ],
];

describe.each(["key", "connection"] as const)("with the order of a %s", (order: Order) => {
  test.each(RIGHT.map((lines) => [...lines] as const))("accepts %s", (_, ...lines) => {
    expect(findViolation(history(...lines), { order })).toBeNull();
  });

  test.each(WRONG.map((lines) => [...lines] as const))("refuses %s", (_, ...lines) => {
    expect(findViolation(history(...lines), { order })).toContain("no order explains the history");
  });
});

describe("the order of a connection", () => {
  const lines = history(
    "#1 1–9 set a=x → OK",
    "#1 2–9 set b=y → OK",
    "#2 3–4 get b → y",
    "#2 5–6 get a → nil",
  );

  test("holds over all its keys", () => {
    expect(findViolation(lines, { order: "connection" })).not.toBeNull();
  });

  test("does not, where keys have owners of their own", () => {
    expect(findViolation(lines, { order: "key" })).toBeNull();
  });
});

describe("a refusal", () => {
  test("shows the longest order that is right, the state and what is left", () => {
    const lines = history(
      "#1 1–2 set a=x → OK",
      "#2 3–4 increment b → 1",
      "#1 5–6 get a, increment b → nil, 2",
      "#2 7–8 delete b → 1",
    );
    expect(findViolation(lines)?.split("\n")).toEqual([
      "no order explains the history; the longest that is right has 1 of 4 operations and ends so:",
      "  #1 1–2 set a x → OK",
      "with a=x b=nil; what has not happened begins so:",
      "  #2 3–4 increment b → 1",
      "  #1 5–6 get a → nil, increment b → 2",
      "  #2 7–8 delete b → 1",
      "and nothing that is left makes what this one met:",
      "  #1 5–6 get a → nil, increment b → 2",
    ]);
  });

  test("is no answer, but an error, when the history is too hard", () => {
    // Nothing is wrong with either value, but the two can never be there together.
    const sets = Array.from(
      { length: 20 },
      (_, i) => `#${i} 1–9 set a=v${i}, set b=v${i} → OK, OK`,
    );
    const hard = history(...sets, "#30 10–11 get a, get b → v1, v2");
    expect(() => findViolation(hard, { placesMax: 1000 })).toThrow(
      "a history of 21 operations was not decided within 1000 places",
    );
  });
});

describe("random histories", () => {
  const OPTIONS = [
    { connectionCount: 3, operationCount: 12, keyCount: 1 },
    { connectionCount: 6, operationCount: 40, keyCount: 2 },
    { connectionCount: 8, operationCount: 30, keyCount: 4 },
  ];

  test.each(OPTIONS)("that are right are accepted: %j", (options) => {
    for (let seed = 1; seed <= 12; seed++) {
      const right = simulateHistory(new Random(seed), options);
      for (const order of ["key", "connection"] as const) {
        expect({ seed, order, violation: findViolation(right, { order }) }).toEqual({
          ...{ seed, order },
          violation: null,
        });
      }
    }
  });

  test.each(OPTIONS)("with one result that is another are refused, mostly: %j", (options) => {
    let refusedCount = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed);
      const wrong = mutateHistory(random, simulateHistory(random, options));
      if (findViolation(wrong) !== null) refusedCount++;
    }
    expect(refusedCount).toBeGreaterThan(14);
  });

  test("of few operations are judged as by trying all orders", () => {
    const counts = { accepted: 0, refused: 0 };
    for (let seed = 1; seed <= 800; seed++) {
      const random = new Random(seed);
      const few = randomFew(random);
      for (const order of ["key", "connection"] as const) {
        const expected = tryAllOrders(few, order);
        const violation = findViolation(few, { order });
        expect({ seed, order, isRight: violation === null }).toEqual({
          ...{ seed, order },
          isRight: expected,
        });
        counts[expected ? "accepted" : "refused"]++;
      }
    }
    expect(counts.accepted).toBeGreaterThan(300);
    expect(counts.refused).toBeGreaterThan(300);
  });
});

/** A right history of up to six operations, most of them with a result or two that are others. */
function randomFew(random: Random): Operation[] {
  const options = { connectionCount: 3, operationCount: 2, keyCount: 2 };
  let few = simulateHistory(random, options).map((operation) =>
    hasReturned(operation) || random.oneIn(2) ? operation : repeatStep(random, operation),
  );
  const isPossible = few.some(({ results, steps }) =>
    results.some((result, i) => result !== UNKNOWN && steps[i]!.kind !== "set"),
  );
  for (let count = isPossible ? random.below(3) : 0; count > 0; count--) {
    few = mutateHistory(random, few);
  }
  return few;
}

/** Another step behind those of an operation that has no results. */
function repeatStep(random: Random, operation: Operation): Operation {
  const steps = [...operation.steps, randomStep(random, ["k0", "k1"], 999)];
  return { ...operation, steps, results: steps.map(() => UNKNOWN) };
}

/** The definition, without any thought of time: is there an order that is right? */
function tryAllOrders(
  left: readonly Operation[],
  order: Order,
  values: ReadonlyMap<string, string | null> = new Map(),
): boolean {
  if (!left.some(hasReturned)) return true;
  return left.some((operation) => {
    const others = left.filter((other) => other !== operation);
    const isAllowed = others.every((other) => !mustPrecede(other, operation, order));
    if (!isAllowed) return false;
    const next = new Map(values);
    const isRight = operation.steps.every((step, i) => {
      const { value, result } = applyStep(step, next.get(step.key) ?? null);
      next.set(step.key, value);
      return operation.results[i] === UNKNOWN || operation.results[i] === result;
    });
    return isRight && tryAllOrders(others, order, next);
  });
}

function mustPrecede(first: Operation, second: Operation, order: Order): boolean {
  if (first.returnTime < second.callTime) return true;
  if (first.connection !== second.connection || first.callTime > second.callTime) return false;
  const keys = new Set(second.steps.map(({ key }) => key));
  return order === "connection" || first.steps.some(({ key }) => keys.has(key));
}
