// What histories of several clients consist of, and what a store that does one thing after the
// other would do: the specification that linearizability-checker.ts holds a history against.
//
//   call                      return            call and return are times of one logical clock
//   |------------- * ---------|                 * = the operation happens, at once, somewhere here
//
// An operation is one step, or several that happen together (MULTI, MSET, MGET, DEL of many). One
// whose reply never came returns at Infinity: it happens at any time after its call, or never.

export type Step =
  | { readonly kind: "get" | "delete" | "increment"; readonly key: string }
  | { readonly kind: "set" | "append"; readonly key: string; readonly value: string };

/** A result that nobody has seen, or that the protocol does not tell. */
export const UNKNOWN = Symbol("unknown");
/** The result of an increment that was refused; the value stays as it is. */
export const REFUSED = "refused";

/**
 * Of a get its value, null = there is none; of an increment the new value; of an append the new
 * length; of a delete "1" or "0"; of a set "OK".
 */
export type Result = string | null | typeof UNKNOWN;

export interface Operation {
  readonly connection: number;
  readonly steps: readonly Step[];
  /** One for each step. */
  readonly results: readonly Result[];
  readonly callTime: number;
  /** Infinity = the reply never came. */
  readonly returnTime: number;
}

export interface Outcome {
  readonly value: string | null;
  readonly result: Exclude<Result, typeof UNKNOWN>;
}

const INTEGER = /^(?:0|-?[1-9]\d{0,14})$/;

/** What a step does to the value of its key; null = there is none. */
export function applyStep(step: Step, value: string | null): Outcome {
  switch (step.kind) {
    case "get":
      return { value, result: value };
    case "set":
      return { value: step.value, result: "OK" };
    case "delete":
      return { value: null, result: value === null ? "0" : "1" };
    case "append": {
      const longer = (value ?? "") + step.value;
      return { value: longer, result: `${longer.length}` };
    }
    case "increment": {
      if (value !== null && !INTEGER.test(value)) return { value, result: REFUSED };
      const next = `${Number(value ?? 0) + 1}`;
      return { value: next, result: next };
    }
  }
}

/** Whether the step, with this result, cannot have changed anything. */
export function isInert({ kind }: Step, result: Result): boolean {
  if (kind === "get") return true;
  return (kind === "delete" && result === "0") || (kind === "increment" && result === REFUSED);
}

export function hasReturned({ returnTime }: Operation): boolean {
  return returnTime !== Infinity;
}

/** For the reader of a failing test: `#3 12–19 set a=x → OK`. */
export function showOperation({ connection, steps, results, ...times }: Operation): string {
  const shown = steps.map((step, i) => `${showStep(step)} → ${showResult(results[i]!)}`);
  return `#${connection} ${times.callTime}–${times.returnTime} ${shown.join(", ")}`;
}

export function showText(text: string | null): string {
  if (text === null) return "nil";
  return text.length <= 40 ? text : `${text.slice(0, 30)}… (${text.length})`;
}

function showStep(step: Step): string {
  return "value" in step
    ? `${step.kind} ${step.key} ${showText(step.value)}`
    : `${step.kind} ${step.key}`;
}

function showResult(result: Result): string {
  return result === UNKNOWN ? "?" : showText(result);
}
