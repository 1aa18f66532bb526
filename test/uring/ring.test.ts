// The ring on the real kernel. What that answers only now and then is in ring-refusals.test.ts.

import { describe, expect, test } from "bun:test";
import { ERRNO, SystemCallError } from "../../src/uring/errno.ts";
import {
  IORING_FEAT_EXT_ARG,
  IORING_FEAT_SINGLE_MMAP,
  IORING_SETUP_COOP_TASKRUN,
  PARAMS_FEATURES_WORD,
  SQE_OPCODE_WORD,
} from "../../src/uring/kernel-constants.ts";
import { SETUP_CHOICES } from "../../src/uring/ring-memory.ts";
import { NO_CQE, NO_TIMEOUT } from "../../src/uring/ring.ts";
import type { UringLibc } from "../../src/uring/uring-libc.ts";
import {
  countDescriptors,
  isSkipped,
  requireLibc,
  RingStand,
  skipReason,
} from "./uring-fixture.ts";

const SMALL = { sqEntryCount: 4, cqEntryCount: 8 };
const NO_SUCH_OPCODE = 0xff;

/** The kernel as if it lacked a feature; what it does instead it does as well. */
function withoutFeature(feature: number): UringLibc {
  const libc = requireLibc();
  return {
    ...libc,
    ioUringSetup(entryCount, params) {
      const result = libc.ioUringSetup(entryCount, params);
      params[PARAMS_FEATURES_WORD]! &= ~feature;
      return result;
    },
  };
}

function sendNops(stand: RingStand, count: number): void {
  const { submissions, ring } = stand;
  for (let i = 0; i < count;) {
    const begin = i;
    for (; i < count && ring.room() > 0; i++) submissions.nop(i, ~i);
    ring.enter(i - begin, NO_TIMEOUT);
    const expected = Array.from({ length: i - begin }, (_, k) => [begin + k, ~(begin + k), 0]);
    expect(stand.reap().map(({ low, high, result }) => [low, high, result])).toEqual(expected);
  }
}

/** Waits until the limit: a signal, the collector's for one, ends a wait early without an error. */
function waitInVain({ ring }: RingStand, minComplete: number, timeoutMs: number): number {
  for (let tries = 1; ; tries++) {
    const result = ring.enter(minComplete, timeoutMs);
    const isInterrupted = result === 0 || result === -ERRNO.EINTR;
    if (!isInterrupted || tries === 100) return result;
  }
}

describe.skipIf(isSkipped)(`createRing${skipReason}`, () => {
  test.each(SETUP_CHOICES.slice())("does NOPs in order far beyond its size (flags %d)", (flags) => {
    using stand = new RingStand({ ...SMALL, setupChoices: [flags] });
    expect(stand.ring.setupFlags & flags).toBe(flags);
    sendNops(stand, 2 ** 16 + 1000);
  });

  test("works with two mappings", () => {
    using stand = new RingStand(SMALL, withoutFeature(IORING_FEAT_SINGLE_MMAP));
    sendNops(stand, 1000);
  });

  test("hands out zeroed submissions, also after use", () => {
    using stand = new RingStand(SMALL);
    const { sqes, takeSqe, enter } = stand.ring;
    for (let i = 0; i < 20; i++) {
      const sqe = takeSqe();
      expect(sqes.slice(sqe, sqe + 16)).toEqual(new Int32Array(16));
      sqes.fill(-1, sqe, sqe + 16);
      enter(0, NO_TIMEOUT);
      stand.reap();
    }
  });

  test("enters by itself when the submission queue is full", () => {
    using stand = new RingStand(SMALL);
    for (let i = 0; i < 7; i++) stand.submissions.nop(i, 0);
    expect(stand.ring.room()).toBe(1);
    stand.ring.enter(7, NO_TIMEOUT);
    expect(stand.ring.room()).toBe(4);
    expect(stand.reap().map(({ low }) => low)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("loses nothing when completions overflow", () => {
    using stand = new RingStand({ sqEntryCount: 2, cqEntryCount: 2 });
    const count = 500;
    for (let i = 0; i < count; i++) stand.submissions.nop(i, 0);
    stand.ring.enter(0, NO_TIMEOUT);
    expect(stand.ring.hasOverflow()).toBe(true);
    const seen = stand.collect(count).map(({ low }) => low);
    expect(seen).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(stand.ring.hasOverflow()).toBe(false);
    expect([stand.ring.overflowCount(), stand.ring.droppedCount()]).toEqual([0, 0]);
  });

  test.each(SETUP_CHOICES.slice())(
    "goes on after a submission that is refused (flags %d)",
    (flags) => {
      using stand = new RingStand({ ...SMALL, setupChoices: [flags] });
      stand.submissions.nop(1, 0);
      const refused = stand.submissions.nop(2, 0);
      stand.ring.sqes[refused + SQE_OPCODE_WORD] = NO_SUCH_OPCODE;
      stand.submissions.nop(3, 0);
      expect(stand.ring.enter(3, NO_TIMEOUT)).toBe(3);
      expect(stand.reap().map(({ low, result }) => [low, result])).toEqual([
        [1, 0],
        [2, -ERRNO.EINVAL],
        [3, 0],
      ]);
    },
  );

  test.each([
    ["of the enter", 0],
    ["among the operations", IORING_FEAT_EXT_ARG],
  ])("stops waiting with ETIME at a limit %s", (_, missing) => {
    using stand = new RingStand(SMALL, withoutFeature(missing));
    expect(waitInVain(stand, 1, 1)).toBe(-ERRNO.ETIME);
    expect(stand.reap()).toEqual([]);
    expect(waitInVain(stand, 2, 0.25)).toBe(-ERRNO.ETIME);
    expect(stand.ring.nextCqe()).toBe(NO_CQE);
    stand.submissions.nop(5, 0);
    expect(stand.ring.enter(1, 60_000)).toBe(1);
    expect(stand.reap().map(({ low }) => low)).toEqual([5]);
    sendNops(stand, 100);
  });

  test("tells without a system call what can be read", () => {
    using stand = new RingStand(SMALL);
    expect(stand.ring.refresh()).toBe(0);
    stand.submissions.nop(1, 0);
    stand.submissions.nop(2, 0);
    expect(stand.ring.refresh()).toBe(0);
    stand.ring.enter(2, NO_TIMEOUT);
    expect(stand.ring.refresh()).toBe(2);
    expect(stand.ring.nextCqe()).not.toBe(NO_CQE);
    expect(stand.ring.refresh()).toBe(1);
    expect(stand.reap().map(({ low }) => low)).toEqual([2]);
  });

  test("keeps submissions together for which room was made", () => {
    using stand = new RingStand(SMALL);
    stand.submissions.nop(1, 0);
    expect(stand.ring.makeRoom(3)).toBe(true);
    expect(stand.ring.room()).toBe(3);
    expect(stand.ring.makeRoom(4)).toBe(true);
    expect(stand.ring.room()).toBe(4);
    expect(() => stand.ring.makeRoom(5)).toThrow("more submissions than the queue has entries");
  });

  test("throws what is no way to go on", () => {
    const libc = requireLibc();
    expect(() => new RingStand({ sqEntryCount: 0, cqEntryCount: 8 })).toThrow(
      new SystemCallError("io_uring_setup", ERRNO.EINVAL),
    );
    const faulty = { ...libc, ioUringEnter: () => -ERRNO.EBADR };
    using stand = new RingStand(SMALL, faulty);
    expect(() => stand.ring.enter(1, NO_TIMEOUT)).toThrow("io_uring_enter failed: EBADR");
  });

  test("leaves no descriptor and nothing usable behind", () => {
    const before = countDescriptors();
    for (let i = 0; i < 100; i++) {
      using stand = new RingStand({ ...SMALL, setupChoices: [IORING_SETUP_COOP_TASKRUN, 0] });
      stand.submissions.nop(1, 0);
      stand.one();
    }
    const stand = new RingStand(SMALL);
    stand.submissions.nop(1, 0);
    stand.ring.enter(1, NO_TIMEOUT);
    stand.ring.close();
    stand.ring.close();
    expect(countDescriptors()).toBe(before);
    expect([stand.ring.nextCqe(), stand.ring.refresh(), stand.ring.room()]).toEqual([NO_CQE, 0, 0]);
    expect([
      stand.ring.hasOverflow(),
      stand.ring.droppedCount(),
      stand.ring.overflowCount(),
    ]).toEqual([false, 0, 0]);
    expect(() => stand.ring.takeSqe()).toThrow("the ring is closed");
    expect(() => stand.ring.enter(0, NO_TIMEOUT)).toThrow("the ring is closed");
  });
});
