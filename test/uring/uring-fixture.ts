// What the tests on the real kernel share: whether they can run at all, rings that are closed when
// the test ends, and completions as plain objects.

import { readdirSync } from "node:fs";
import { ERRNO } from "../../src/uring/errno.ts";
import { CQE_FLAGS_WORD, CQE_RES_WORD } from "../../src/uring/kernel-constants.ts";
import { probeUring } from "../../src/uring/probe.ts";
import type { RingOptions } from "../../src/uring/ring-memory.ts";
import { createRing, type Ring } from "../../src/uring/ring.ts";
import { createSubmissions, type Submissions } from "../../src/uring/submissions.ts";
import { loadUringLibc, type UringLibc } from "../../src/uring/uring-libc.ts";

const WAIT_MAX_MS = 20_000;

const probe = probeUring(loadUringLibc());

export const isSkipped = !probe.usable;
/** Behind the names of skipped tests, so that the report says why. */
export const skipReason = probe.usable ? "" : ` (skipped: ${probe.reason})`;

/** In tests that run only where the probe has found it. */
export function requireLibc(): UringLibc {
  const libc = loadUringLibc();
  if (libc === null) throw new Error("this test should have been skipped");
  return libc;
}

export class RingStand implements Disposable {
  readonly libc: UringLibc;
  readonly ring: Ring;
  readonly submissions: Submissions;

  constructor(options: RingOptions = { sqEntryCount: 8, cqEntryCount: 16 }, libc = requireLibc()) {
    this.libc = libc;
    this.ring = createRing(libc, options);
    this.submissions = createSubmissions(this.ring);
  }

  /** The completions that the last enter found. */
  reap(): Completion[] {
    return reapRing(this.ring);
  }

  /** Submits, waits for one completion and takes it. */
  one(): Completion {
    this.#wait();
    const completions = this.reap();
    if (completions.length !== 1) throw new Error(`${completions.length} completions, not one`);
    return completions[0]!;
  }

  /** Waits until there have been that many. */
  collect(count: number): Completion[] {
    const completions: Completion[] = [];
    while (completions.length < count) {
      this.#wait();
      completions.push(...this.reap());
    }
    return completions;
  }

  [Symbol.dispose](): void {
    this.ring.close();
  }

  /** A thread that waits in the kernel forever could not even fail. */
  #wait(): void {
    const result = this.ring.enter(1, WAIT_MAX_MS);
    if (result === -ERRNO.ETIME) throw new Error("nothing completes");
  }
}

export interface Completion {
  readonly low: number;
  readonly high: number;
  readonly result: number;
  readonly flags: number;
}

export function reapRing({ cqes, nextCqe }: Ring): Completion[] {
  const completions: Completion[] = [];
  for (let cqe = nextCqe(); cqe >= 0; cqe = nextCqe()) {
    completions.push({
      low: cqes[cqe]!,
      high: cqes[cqe + 1]!,
      result: cqes[cqe + CQE_RES_WORD]!,
      flags: cqes[cqe + CQE_FLAGS_WORD]!,
    });
  }
  return completions;
}

export function countDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
