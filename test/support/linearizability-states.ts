// The states that a search comes by, each with a number, and what operations make of them. A state
// is a value for each key, by number. An operation is a *part* for each of its keys, which has only
// to do with the value of that key; parts are tried again and again on the same value, so what they
// lead to is remembered.

import {
  UNKNOWN,
  applyStep,
  showText,
  type Operation,
  type Result,
  type Step,
} from "./linearizability-model.ts";

/** The results of the operation are others than this state would give. */
export const MISMATCH = -1;

/** What an operation does to one key. */
export interface Part {
  readonly operation: number;
  readonly key: number;
  readonly steps: readonly Step[];
  readonly results: readonly Result[];
  /** Number of the value before → of the one after, or MISMATCH. */
  readonly known: Map<number, number>;
}

export class States {
  /** Of each operation. */
  readonly parts: readonly (readonly Part[])[];
  readonly #keys: readonly string[];
  /** Values by number. */
  readonly #values: (string | null)[] = [];
  readonly #numberOfValue = new Map<string | null, number>();
  readonly #states: Int32Array[] = [];
  readonly #numberOfState = new Map<string, number>();

  /** State 0 is the one without any value. */
  constructor(operations: readonly Operation[]) {
    const keys = new Set(operations.flatMap(({ steps }) => steps.map(({ key }) => key)));
    this.#keys = [...keys];
    this.parts = operations.map((operation, i) => this.#divide(operation, i));
    this.#numberOfText(null);
    this.#numberOf(new Int32Array(this.#keys.length));
  }

  /** The state after an operation; MISMATCH = it cannot have happened here. */
  after(state: number, operation: number): number {
    const before = this.#states[state]!;
    let after = before;
    for (const part of this.parts[operation]!) {
      const value = this.#afterPart(before[part.key]!, part);
      if (value === MISMATCH) return MISMATCH;
      if (value === before[part.key]) continue;
      if (after === before) after = before.slice();
      after[part.key] = value;
    }
    return after === before ? state : this.#numberOf(after);
  }

  /** Whether a part's results are what this state would give. */
  matches(state: number, part: Part): boolean {
    return this.#afterPart(this.#states[state]![part.key]!, part) !== MISMATCH;
  }

  show(state: number): string {
    const values = [...this.#states[state]!].map((number) => showText(this.#values[number]!));
    return this.#keys.map((key, i) => `${key}=${values[i]}`).join(" ");
  }

  #divide({ steps, results }: Operation, operation: number): Part[] {
    const keys = [...new Set(steps.map(({ key }) => key))];
    return keys.map((key) => ({
      operation,
      key: this.#keys.indexOf(key),
      steps: steps.filter((step) => step.key === key),
      results: results.filter((_, i) => steps[i]!.key === key),
      known: new Map<number, number>(),
    }));
  }

  #afterPart(value: number, part: Part): number {
    const known = part.known.get(value);
    if (known !== undefined) return known;
    const after = applyPart(part, this.#values[value]!);
    const number = after === MISMATCH ? MISMATCH : this.#numberOfText(after);
    part.known.set(value, number);
    return number;
  }

  #numberOfText(value: string | null): number {
    const known = this.#numberOfValue.get(value);
    if (known !== undefined) return known;
    const number = this.#values.push(value) - 1;
    this.#numberOfValue.set(value, number);
    return number;
  }

  #numberOf(state: Int32Array): number {
    const text = state.join(",");
    const known = this.#numberOfState.get(text);
    if (known !== undefined) return known;
    const number = this.#states.push(state) - 1;
    this.#numberOfState.set(text, number);
    return number;
  }
}

/** The value after a part. */
export function applyPart(
  { steps, results }: Pick<Part, "steps" | "results">,
  before: string | null,
): string | null | typeof MISMATCH {
  let value = before;
  for (const [i, step] of steps.entries()) {
    const outcome = applyStep(step, value);
    if (results[i] !== UNKNOWN && results[i] !== outcome.result) return MISMATCH;
    ({ value } = outcome);
  }
  return value;
}
