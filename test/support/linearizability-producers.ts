// Which operations could make the value that another one has met. When all of them have happened
// and the value is another, that operation can never happen: the search need not wait for its turn
// to see it. A text that only one operation writes has to be read before the next overwrites it.

import { REFUSED, UNKNOWN, applyStep, isInert } from "./linearizability-model.ts";
import { MISMATCH, applyPart, type Part } from "./linearizability-states.ts";

/** What can be said of the value behind a part, without knowing the one before. */
type Yield =
  | { readonly kind: "exact"; readonly value: string | null }
  | { readonly kind: "ending"; readonly ending: string; readonly length: number | null }
  | { readonly kind: "any" };

/** For each part the operations that could make its value, by the number of their place. */
export function listProducers(parts: readonly (readonly Part[])[]): Map<Part, number[]> {
  const all = parts.flat();
  const producers = new Map<Part, number[]>();
  for (const ofKey of Map.groupBy(all, ({ key }) => key).values()) {
    const writers = ofKey
      .filter(({ steps, results }) => !steps.every((step, i) => isInert(step, results[i]!)))
      .map((part) => ({ operation: part.operation, made: yieldOf(part) }));
    for (const part of ofKey) {
      const fitting = writers.filter(
        ({ operation, made }) => operation !== part.operation && mayFit(part, made),
      );
      const numbers = fitting.map(({ operation }) => operation);
      producers.set(part, numbers);
    }
  }
  return producers;
}

function yieldOf({ steps, results }: Part): Yield {
  let made: Yield = { kind: "any" };
  for (const [i, step] of steps.entries()) {
    const result = results[i]!;
    if (made.kind === "exact") {
      made = { kind: "exact", value: applyStep(step, made.value).value };
    } else if (step.kind === "set" || step.kind === "delete") {
      made = { kind: "exact", value: applyStep(step, null).value };
    } else if (step.kind === "append") {
      const length = result === UNKNOWN ? null : Number(result);
      made = { kind: "ending", ending: step.value, length };
    } else if (step.kind === "increment" && result !== REFUSED) {
      made = result === UNKNOWN ? { kind: "any" } : { kind: "exact", value: result };
    } else if (step.kind === "get" && result !== UNKNOWN) {
      made = { kind: "exact", value: result };
    }
  }
  return made;
}

function mayFit(part: Part, made: Yield): boolean {
  if (made.kind === "any") return true;
  if (made.kind === "exact") return applyPart(part, made.value) !== MISMATCH;
  const result = part.steps[0]!.kind === "get" ? part.results[0]! : UNKNOWN;
  if (result === UNKNOWN) return true;
  if (result === null || !result.endsWith(made.ending)) return false;
  return made.length === null || made.length === result.length;
}
