// Random interleavings of queueing, entering and reading against the plainest model of a ring: a
// list of what was queued, which comes back in order.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { NO_TIMEOUT } from "../../src/uring/ring.ts";
import { FakeKernel, type EnterScript } from "./fake-kernel.ts";
import { ERRNO } from "../../src/uring/errno.ts";
import { isSkipped, RingStand, skipReason } from "./uring-fixture.ts";

const RUNS = 300;
/** So small that both queues are full all the time. */
const SMALLEST = { sqEntryCount: 4, cqEntryCount: 4 };

type Step =
  | { readonly kind: "queue"; readonly count: number }
  | { readonly kind: "enter" }
  | { readonly kind: "read"; readonly count: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("queue" as const), count: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ kind: fc.constant("enter" as const) }),
  fc.record({ kind: fc.constant("read" as const), count: fc.integer({ min: 1, max: 12 }) }),
);

const script: fc.Arbitrary<EnterScript[]> = fc.array(
  fc.oneof(
    fc.record({ takeMax: fc.integer({ min: 0, max: 5 }) }),
    fc.record({ error: fc.constantFrom(ERRNO.EINTR, ERRNO.EAGAIN, ERRNO.EBUSY) }),
  ),
  { maxLength: 12 },
);

/** Takes the steps, then drains; whatever was queued must have come back once, in order. */
function play(stand: RingStand, steps: readonly Step[]): void {
  const { ring, submissions } = stand;
  const { cqes, nextCqe } = ring;
  let queuedCount = 0;
  let readCount = 0;

  function readOne(): boolean {
    const cqe = nextCqe();
    if (cqe < 0) return false;
    expect([cqes[cqe], cqes[cqe + 1], cqes[cqe + 2]]).toEqual([readCount, ~readCount, 0]);
    readCount++;
    return true;
  }

  for (const current of steps) {
    if (current.kind === "enter") ring.enter(0, NO_TIMEOUT);
    for (let i = 0; current.kind === "read" && i < current.count; i++) readOne();
    for (let i = 0; current.kind === "queue" && i < current.count; i++) {
      submissions.nop(queuedCount, ~queuedCount);
      queuedCount++;
    }
    expect(readCount).toBeLessThanOrEqual(queuedCount);
  }
  for (let round = 0; readCount < queuedCount; round++) {
    expect(round).toBeLessThan(1000);
    ring.enter(0, NO_TIMEOUT);
    while (readOne());
  }
  ring.enter(0, NO_TIMEOUT);
  expect(readOne()).toBe(false);
}

describe("a ring of NOPs", () => {
  test.skipIf(isSkipped)(`is a queue${skipReason}`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        using stand = new RingStand(SMALLEST);
        play(stand, steps);
      }),
      { numRuns: RUNS },
    );
  });

  test("is a queue on a kernel that refuses now and then, counting across a wrap", () => {
    const firstCount = fc.constantFrom(0, 2 ** 31 - 3, -3);
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        script,
        firstCount,
        (steps, answers, first) => {
          const kernel = new FakeKernel();
          kernel.firstCount = first;
          kernel.script = [...answers];
          using stand = new RingStand(SMALLEST, kernel);
          play(stand, steps);
        },
      ),
      { numRuns: RUNS },
    );
  });
});
