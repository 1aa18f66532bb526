// What a client asks of a server that is killed, and which states it may leave behind.
//
// The keys of a client are its own. What was acknowledged is there; of what was on its way, each
// key has had a first part, in order, and an operation has happened to all its keys or to none.
// With one partition the log is cut at one place, so that is a first part of all together.

export type Step =
  | { readonly kind: "set"; readonly key: string; readonly value: string }
  | { readonly kind: "delete"; readonly key: string }
  | { readonly kind: "add"; readonly key: string; readonly amount: number }
  | { readonly kind: "append"; readonly key: string; readonly text: string }
  | { readonly kind: "rename"; readonly key: string; readonly to: string };

/** Steps that count together. */
export interface Operation {
  readonly steps: readonly Step[];
}

export type CrashState = Map<string, string>;

export interface Crash {
  /** With everything that was acknowledged. */
  readonly base: CrashState;
  /** Not acknowledged, in the order in which they were sent. */
  readonly underWay: readonly Operation[];
  /** Indices of those whose result somebody has read: they count as acknowledged. */
  readonly seen: ReadonlySet<number>;
  readonly partitionCount: number;
}

export function keysOf({ steps }: Operation): string[] {
  return steps.flatMap((step) => (step.kind === "rename" ? [step.key, step.to] : [step.key]));
}

export function applyOperation(state: CrashState, { steps }: Operation): void {
  for (const step of steps) applyStep(state, step);
}

function applyStep(state: CrashState, step: Step): void {
  const value = state.get(step.key);
  if (step.kind === "set") state.set(step.key, step.value);
  else if (step.kind === "delete") state.delete(step.key);
  else if (step.kind === "add") state.set(step.key, `${Number(value ?? 0) + step.amount}`);
  else if (step.kind === "append") state.set(step.key, (value ?? "") + step.text);
  else if (value !== undefined) {
    state.delete(step.key);
    state.set(step.to, value);
  }
}

/** How many of the operations under way have happened, -1 = no choice of them explains `found`. */
export function countSurvivors(crash: Crash, found: CrashState): number {
  return search(crash, found, 0, crash.base, new Set(), 0);
}

/** `ended` are keys that an operation has not reached, and so none after it. */
function search(
  crash: Crash,
  found: CrashState,
  from: number,
  state: CrashState,
  ended: ReadonlySet<string>,
  count: number,
): number {
  if (from === crash.underWay.length) return isSame(state, found) ? count : -1;
  const operation = crash.underWay[from]!;
  const keys = keysOf(operation);
  if (!keys.some((key) => ended.has(key))) {
    const next = new Map(state);
    applyOperation(next, operation);
    const result = search(crash, found, from + 1, next, ended, count + 1);
    if (result >= 0) return result;
  }
  if (crash.seen.has(from)) return -1;
  if (keys.some((key) => state.get(key) !== found.get(key))) return -1;
  if (crash.partitionCount === 1)
    return isSame(state, found) && !seesAfter(crash, from) ? count : -1;
  return search(crash, found, from + 1, state, new Set([...ended, ...keys]), count);
}

function seesAfter({ seen }: Crash, from: number): boolean {
  return [...seen].some((index) => index >= from);
}

function isSame(left: CrashState, right: CrashState): boolean {
  if (left.size !== right.size) return false;
  for (const [key, value] of left) if (right.get(key) !== value) return false;
  return true;
}
