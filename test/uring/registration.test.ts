import { describe, expect, test } from "bun:test";
import { ERRNO } from "../../src/uring/errno.ts";
import { IORING_OP_NOP, IORING_OP_RECV, IORING_OP_SEND } from "../../src/uring/kernel-constants.ts";
import { NO_TIMEOUT } from "../../src/uring/ring.ts";
import { FakeKernel } from "./fake-kernel.ts";
import { makeSocketPair } from "./socket-stand.ts";
import { isSkipped, RingStand, skipReason } from "./uring-fixture.ts";

describe.skipIf(isSkipped)(`Registration${skipReason}`, () => {
  test("tells the operations of the kernel", () => {
    using stand = new RingStand();
    const opcodes = stand.ring.registration.probeOpcodes()!;
    expect(opcodes).toHaveLength(256);
    const known = [IORING_OP_NOP, IORING_OP_RECV, IORING_OP_SEND, 255].map((i) => opcodes[i]);
    expect(known).toEqual([1, 1, 1, 0]);
  });

  test("registers the ring itself, and lets go of it", () => {
    using stand = new RingStand();
    expect(stand.ring.isRegistered).toBe(true);
    const place = stand.ring.registration.registerRing();
    expect(place).toBeGreaterThanOrEqual(0);
    stand.ring.registration.unregisterRing(place);
    expect(() => stand.ring.registration.unregisterRing(999)).toThrow(": EINVAL");
  });

  test("runs out of places for rings, and rings work without", () => {
    const stands = Array.from({ length: 20 }, () => new RingStand());
    const without = stands.find(({ ring }) => !ring.isRegistered);
    expect(without).toBeDefined();
    without!.submissions.nop(4, 0);
    expect(without!.one().low).toBe(4);
    for (const stand of stands) stand.ring.close();
    using again = new RingStand();
    expect(again.ring.isRegistered).toBe(true);
  });

  test("cancels all that is under way, and waits for it", () => {
    using stand = new RingStand();
    const [here, there] = makeSocketPair();
    const bytes = new Uint8Array(new ArrayBuffer(8));
    expect(stand.ring.registration.cancelAll()).toBe(true);
    stand.submissions.receive(here, stand.libc.addressOf(bytes), 8, 0, 1, 0);
    stand.submissions.receive(there, stand.libc.addressOf(bytes), 8, 0, 2, 0);
    stand.ring.enter(0, NO_TIMEOUT);
    expect(stand.ring.registration.cancelAll()).toBe(true);
    stand.ring.enter(2, NO_TIMEOUT);
    const results = stand.reap().map(({ result }) => result);
    expect(results).toEqual([-ERRNO.ECANCELED, -ERRNO.ECANCELED]);
    for (const descriptor of [here, there]) stand.libc.close(descriptor);
  });
});

describe("Registration", () => {
  test("does without what an old kernel does not know", () => {
    using stand = new RingStand(undefined, new FakeKernel());
    const { registration } = stand.ring;
    expect(registration.probeOpcodes()).toBeNull();
    expect(registration.registerRing()).toBe(-1);
    expect(registration.cancelAll()).toBe(false);
  });

  test("reads what a kernel knows", () => {
    const kernel = new FakeKernel();
    kernel.opcodes = [2, 5];
    using stand = new RingStand(undefined, kernel);
    const known = [...stand.ring.registration.probeOpcodes()!].flatMap((is, i) => (is ? [i] : []));
    expect(known).toEqual([2, 5]);
  });
});
