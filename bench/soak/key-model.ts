// What the keys of one writer may be: of each the states that it has come through since the last
// one that no crash can undo.
//
//   certain … acknowledged … under way        a crash may leave any of these,
//                                             a clean stop the last two kinds
//
// A deadline is absolute, so that time decides about a state as about the key.

/** `text` null = the key is not there; a long value is told by its fingerprint. */
export interface KeyState {
  readonly text: string | null;
  /** In ms since the epoch, 0 = it has none. */
  readonly deadlineMs: number;
}

/** What a server has said of a key, and when it was asked and had answered. */
export interface Sighting {
  readonly text: string | null;
  /** Undefined = it was not asked for. */
  readonly deadlineMs?: number;
  readonly fromMs: number;
  readonly toMs: number;
}

interface History {
  readonly states: KeyState[];
  /** How many of them are acknowledged. */
  acknowledgedCount: number;
}

export const ABSENT: KeyState = { text: null, deadlineMs: 0 };
/** How far the server's clock may be from ours. */
const CLOCK_SLACK_MS = 250;
const FINGERPRINT_LENGTH_MIN = 64;

export function fingerprint(text: string): string {
  if (text.length < FINGERPRINT_LENGTH_MIN) return text;
  return `${text.length} bytes ${Bun.hash(text)}`;
}

export class KeyModel {
  readonly #histories = new Map<string, History>();
  /** Keys that have more states than one. */
  readonly #uncertain = new Set<string>();

  /** The last state of a key. */
  latest(key: string): KeyState {
    return this.#histories.get(key)?.states.at(-1) ?? ABSENT;
  }

  /** A write of it is under way. */
  begin(key: string, state: KeyState): void {
    let history = this.#histories.get(key);
    if (history === undefined) {
      history = { states: [ABSENT], acknowledgedCount: 1 };
      this.#histories.set(key, history);
    }
    history.states.push(state);
    this.#uncertain.add(key);
  }

  /** All that is under way for it has been answered. */
  acknowledge(key: string): void {
    const history = this.#histories.get(key);
    if (history !== undefined) history.acknowledgedCount = history.states.length;
  }

  /** What is acknowledged can be undone by no crash any more. */
  makeCertain(): void {
    for (const key of this.#uncertain) {
      const history = this.#histories.get(key)!;
      history.states.splice(0, history.acknowledgedCount - 1);
      history.acknowledgedCount = 1;
      if (history.states.length === 1) this.#uncertain.delete(key);
    }
  }

  /** Why the server must not have said that of the key's last state; "" = it may. */
  compare(key: string, seen: Sighting): string {
    const state = this.latest(key);
    return isPossible(state, seen) ? "" : describe(key, [state], seen);
  }

  /** The same after a restart: of any state that may have survived, which is the key's then. */
  settle(key: string, seen: Sighting): string {
    const states = this.#histories.get(key)?.states ?? [ABSENT];
    const found = states.findLast((state) => isPossible(state, seen));
    if (found === undefined) return describe(key, states, seen);
    this.#histories.set(key, { states: [found], acknowledgedCount: 1 });
    this.#uncertain.delete(key);
    return "";
  }
}

function isPossible({ text, deadlineMs }: KeyState, seen: Sighting): boolean {
  if (seen.text === null) {
    return text === null || (deadlineMs > 0 && seen.toMs >= deadlineMs - CLOCK_SLACK_MS);
  }
  if (text !== seen.text) return false;
  if (seen.deadlineMs !== undefined && seen.deadlineMs !== deadlineMs) return false;
  return deadlineMs === 0 || seen.fromMs <= deadlineMs + CLOCK_SLACK_MS;
}

function describe(key: string, states: readonly KeyState[], seen: Sighting): string {
  const allowed = states.map(({ text, deadlineMs }) => show(text, deadlineMs)).join(" or ");
  const { text, deadlineMs, fromMs, toMs } = seen;
  return `${key} is ${show(text, deadlineMs)} at ${fromMs} to ${toMs}, and must be ${allowed}`;
}

function show(text: string | null, deadlineMs = 0): string {
  if (text === null) return "(nothing)";
  return JSON.stringify(text) + (deadlineMs === 0 ? "" : ` until ${deadlineMs}`);
}
