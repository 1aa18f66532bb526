// The ring on a kernel that takes less than it is asked to, or nothing for now.

import { describe, expect, test } from "bun:test";
import { ERRNO, SystemCallError } from "../../src/uring/errno.ts";
import {
  IORING_ENTER_EXT_ARG,
  IORING_ENTER_GETEVENTS,
  IORING_FEAT_EXT_ARG,
} from "../../src/uring/kernel-constants.ts";
import { NO_TIMEOUT } from "../../src/uring/ring.ts";
import { FakeKernel } from "./fake-kernel.ts";
import { RingStand } from "./uring-fixture.ts";

const SMALL = { sqEntryCount: 4, cqEntryCount: 8 };

function standOn(kernel: FakeKernel): RingStand {
  return new RingStand(SMALL, kernel);
}

function queue(stand: RingStand, ...userData: number[]): void {
  for (const low of userData) stand.submissions.nop(low, 0);
}

function lows(stand: RingStand): number[] {
  return stand.reap().map(({ low }) => low);
}

describe("createRing", () => {
  test("submits and waits in one call", () => {
    const kernel = new FakeKernel();
    const stand = standOn(kernel);
    queue(stand, 1, 2);
    expect(stand.ring.enter(2, NO_TIMEOUT)).toBe(2);
    expect(kernel.enters).toEqual([
      {
        descriptor: 100,
        submitCount: 2,
        minComplete: 2,
        flags: IORING_ENTER_GETEVENTS,
        argumentSize: 0,
      },
    ]);
    expect(lows(stand)).toEqual([1, 2]);
  });

  test("submits the rest of what was taken in part", () => {
    const kernel = new FakeKernel();
    const stand = standOn(kernel);
    kernel.script = [{ takeMax: 1 }, { takeMax: 2 }];
    queue(stand, 1, 2, 3, 4);
    expect(stand.ring.enter(4, NO_TIMEOUT)).toBe(4);
    expect(kernel.enters.map(({ submitCount }) => submitCount)).toEqual([4, 3, 1]);
    expect(lows(stand)).toEqual([1, 2, 3, 4]);
  });

  test("answers what was taken when the rest is refused for now, and submits it next time", () => {
    const kernel = new FakeKernel();
    const stand = standOn(kernel);
    kernel.script = [{ takeMax: 3 }, { error: ERRNO.EAGAIN }];
    queue(stand, 1, 2, 3, 4);
    expect(stand.ring.enter(4, NO_TIMEOUT)).toBe(3);
    expect(lows(stand)).toEqual([1, 2, 3]);
    expect(stand.ring.enter(1, NO_TIMEOUT)).toBe(1);
    expect(lows(stand)).toEqual([4]);
  });

  test("does not spin on a kernel that takes nothing", () => {
    const kernel = new FakeKernel();
    const stand = standOn(kernel);
    kernel.script = [{ takeMax: 0 }];
    queue(stand, 1);
    expect(stand.ring.enter(1, NO_TIMEOUT)).toBe(0);
    expect(kernel.enters).toHaveLength(1);
    expect(stand.ring.enter(1, NO_TIMEOUT)).toBe(1);
  });

  test.each([ERRNO.EINTR, ERRNO.EBUSY, ERRNO.EAGAIN, ERRNO.ETIME])(
    "keeps its submissions when enter answers minus %d",
    (error) => {
      const kernel = new FakeKernel();
      const stand = standOn(kernel);
      kernel.script = [{ error }];
      queue(stand, 1, 2);
      expect(stand.ring.enter(1, NO_TIMEOUT)).toBe(-error);
      expect([kernel.taken, lows(stand)]).toEqual([[], []]);
      expect(stand.ring.enter(2, NO_TIMEOUT)).toBe(2);
      expect(lows(stand)).toEqual([1, 2]);
    },
  );

  test("throws any other error", () => {
    const kernel = new FakeKernel();
    const stand = standOn(kernel);
    kernel.script = [{ error: ERRNO.EEXIST }];
    expect(() => stand.ring.enter(0, NO_TIMEOUT)).toThrow("io_uring_enter failed: EEXIST");
  });

  test("makes room past an interruption", () => {
    const kernel = new FakeKernel();
    const stand = standOn(kernel);
    kernel.script = [{ error: ERRNO.EINTR }, { takeMax: 1 }, { error: ERRNO.EAGAIN }];
    queue(stand, 1, 2, 3, 4, 5);
    expect(kernel.taken).toEqual([1]);
    stand.ring.enter(1, NO_TIMEOUT);
    expect(lows(stand)).toEqual([1, 2, 3, 4, 5]);
  });

  test("says when there is no room to be had, and loses nothing by it", () => {
    const kernel = new FakeKernel();
    const stand = standOn(kernel);
    queue(stand, 1, 2, 3, 4);
    kernel.script = new Array<{ error: number }>(32).fill({ error: ERRNO.EBUSY });
    expect(stand.ring.makeRoom(1)).toBe(false);
    expect(() => stand.ring.takeSqe()).toThrow(
      new SystemCallError("io_uring_enter for room", ERRNO.EBUSY),
    );
    expect(stand.ring.makeRoom(1)).toBe(true);
    expect(kernel.taken).toEqual([1, 2, 3, 4]);
  });

  test("gives back what has been read when it makes room", () => {
    const kernel = new FakeKernel();
    const stand = standOn(kernel);
    for (let i = 0; i < 12; i++) queue(stand, i);
    stand.ring.enter(8, NO_TIMEOUT);
    expect(stand.ring.hasOverflow()).toBe(true);
    const { nextCqe, cqes } = stand.ring;
    for (let i = 0; i < 4; i++) expect(cqes[nextCqe()]).toBe(i);
    queue(stand, 12, 13, 14, 15, 16);
    // The entries read have been filled again; the round ends where it would have.
    expect(lows(stand)).toEqual([4, 5, 6, 7]);
    expect(stand.collect(9).map(({ low }) => low)).toEqual([8, 9, 10, 11, 12, 13, 14, 15, 16]);
  });

  test.each([0x7fffffff - 5, -6, 2 ** 31 - 1])("counts across a wrap, from %d", (firstCount) => {
    const kernel = new FakeKernel();
    kernel.firstCount = firstCount;
    const stand = standOn(kernel);
    const expected = Array.from({ length: 40 }, (_, i) => i);
    for (const i of expected) queue(stand, i);
    stand.ring.enter(1, NO_TIMEOUT);
    expect(stand.collect(40 - 8).length).toBeGreaterThanOrEqual(32);
    expect(kernel.taken).toEqual(expected);
  });

  test("passes a limit of the wait along, and none where nothing is waited for", () => {
    const kernel = new FakeKernel();
    const stand = standOn(kernel);
    stand.ring.enter(1, 5);
    stand.ring.enter(0, 5);
    expect(kernel.enters.map(({ flags, argumentSize }) => [flags, argumentSize])).toEqual([
      [IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, 24],
      [IORING_ENTER_GETEVENTS, 0],
    ]);
  });

  test("submits a timeout where the wait has no limit, and keeps it to itself", () => {
    const kernel = new FakeKernel();
    kernel.features &= ~IORING_FEAT_EXT_ARG;
    const stand = standOn(kernel);
    expect(stand.ring.enter(1, 5)).toBe(-ERRNO.ETIME);
    expect(lows(stand)).toEqual([]);
    queue(stand, 1, 2);
    expect(stand.ring.enter(1, 5)).toBe(2);
    expect(lows(stand)).toEqual([1, 2]);
    expect(kernel.taken).toEqual([-1, 1, 2, -1]);
    kernel.script = new Array<{ error: number }>(16).fill({ error: ERRNO.EBUSY });
    queue(stand, 1, 2, 3, 4);
    expect(stand.ring.enter(1, 5)).toBe(-ERRNO.EBUSY);
  });

  test("counts its own timeouts neither as reserved nor as others'", () => {
    const kernel = new FakeKernel();
    kernel.features &= ~IORING_FEAT_EXT_ARG;
    const stand = standOn(kernel);
    stand.submissions.nop(-1, 0);
    stand.submissions.nop(0, -1);
    stand.ring.enter(2, NO_TIMEOUT);
    expect(stand.reap().map(({ low, high }) => [low, high])).toEqual([
      [-1, 0],
      [0, -1],
    ]);
  });
});
