// The ways in which the real program can serve with several data threads, for tests that ask the
// same of all of them.

import { THREAD_MODES, type ThreadMode } from "../../src/lib/thread-mode.ts";
import { ENGINES } from "./describe-engines.ts";

export interface ThreadChoice {
  readonly threads: number;
  readonly mode: ThreadMode;
  readonly io: string;
}

/** The one place that knows how the options are written. */
export function threadArgs({ threads, mode, io }: ThreadChoice): string[] {
  return [`--threads=${threads}`, `--mode=${mode}`, `--io=${io}`];
}

/** For the title of a test: `2 threads, sharded, over uring`. */
export function nameOfChoice({ threads, mode, io }: ThreadChoice): string {
  return threads === 1 ? `1 thread over ${io}` : `${threads} threads, ${mode}, over ${io}`;
}

const IOS = [...ENGINES.keys()];

/** Two threads in every way. */
export const TWO_THREADS: readonly ThreadChoice[] = THREAD_MODES.flatMap((mode) =>
  IOS.map((io) => ({ threads: 2, mode, io })),
);

/** Two threads in each mode, over the best engine there is. */
export const TWO_THREADS_ONCE: readonly ThreadChoice[] = TWO_THREADS.filter(
  ({ io }) => io === IOS.at(-1),
);

/** A little of the rest. */
export const OTHER_COUNTS: readonly ThreadChoice[] = [
  { threads: 1, mode: "shared", io: IOS.at(-1)! },
  ...THREAD_MODES.map((mode) => ({ threads: 4, mode, io: IOS[0]! })),
];
