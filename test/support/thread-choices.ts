// The ways in which the real program can serve with several data threads, for tests that ask the
// same of all of them.

import { THREAD_MODES, type ForeignLocal, type ThreadMode } from "../../src/lib/thread-mode.ts";
import { ENGINES } from "./describe-engines.ts";

export interface ThreadChoice {
  readonly threads: number;
  readonly mode: ThreadMode;
  readonly io: string;
  readonly foreignLocal?: ForeignLocal;
}

/** The one place that knows how the options are written. */
export function threadArgs({ threads, mode, io, foreignLocal }: ThreadChoice): string[] {
  const args = [`--threads=${threads}`, `--mode=${mode}`, `--io=${io}`];
  return foreignLocal === undefined ? args : [...args, `--foreign-local=${foreignLocal}`];
}

/** For the title of a test: `2 threads, sharded, over uring`. */
export function nameOfChoice({ threads, mode, io, foreignLocal }: ThreadChoice): string {
  if (threads === 1) return `1 thread over ${io}`;
  const local = foreignLocal === undefined ? "" : `, of others' keys ${foreignLocal} local`;
  return `${threads} threads, ${mode}${local}, over ${io}`;
}

const IOS = [...ENGINES.keys()];

/** Two threads in every way. */
export const TWO_THREADS: readonly ThreadChoice[] = [
  ...THREAD_MODES.flatMap((mode) => IOS.map((io) => ({ threads: 2, mode, io }))),
  { threads: 2, mode: "sharded", io: IOS[0]!, foreignLocal: "none" },
];

/** Two threads in each mode, over the best engine there is. */
export const TWO_THREADS_ONCE: readonly ThreadChoice[] = TWO_THREADS.filter(
  ({ io }) => io === IOS.at(-1),
);

/** A little of the rest. */
export const OTHER_COUNTS: readonly ThreadChoice[] = [
  { threads: 1, mode: "shared", io: IOS.at(-1)! },
  ...THREAD_MODES.map((mode) => ({ threads: 4, mode, io: IOS[0]! })),
];
