import { describe, expect, test } from "bun:test";
import { ERRNO } from "../../src/uring/errno.ts";
import {
  IORING_FEAT_RW_ATTR,
  IORING_OP_NOP,
  IORING_OP_RECV,
  IORING_OP_SEND,
  IOSQE_FIXED_FILE,
  MSG_NOSIGNAL,
} from "../../src/uring/kernel-constants.ts";
import { NO_TIMEOUT } from "../../src/uring/ring.ts";
import { FakeKernel } from "./fake-kernel.ts";
import { createSubmissions } from "../../src/uring/submissions.ts";
import { makeSocketPair, receiveText } from "./socket-stand.ts";
import { isSkipped, RingStand, skipReason } from "./uring-fixture.ts";

const knowsFiles = !isSkipped && features() !== 0;

/** IORING_FEAT_RW_ATTR where the kernel has it. */
function features(): number {
  using stand = new RingStand();
  return stand.ring.features & IORING_FEAT_RW_ATTR;
}

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

describe.skipIf(isSkipped || !knowsFiles)(`Registration of files${skipReason}`, () => {
  test("puts them at places, by which operations name them, and lets go of them", () => {
    using stand = new RingStand();
    const { registration, features } = stand.ring;
    expect(registration.reserveFiles(3, features)).toBe(true);
    const submissions = createSubmissions(stand.ring, IOSQE_FIXED_FILE);
    const [here, there] = makeSocketPair();
    expect(registration.registerFile(2, here)).toBe(0);
    // Neither the descriptor nor another place.
    for (const place of [0, 1, here]) {
      submissions.send(place, 0, 0, MSG_NOSIGNAL, 1, 0);
      expect(stand.one().result).toBe(-ERRNO.EBADF);
    }
    const text = new TextEncoder().encode("hello");
    submissions.send(2, stand.libc.addressOf(text), text.length, MSG_NOSIGNAL, 1, 0);
    expect(stand.one().result).toBe(5);
    expect(receiveText(there)).toBe("hello");
    registration.unregisterFile(2);
    submissions.send(2, stand.libc.addressOf(text), text.length, MSG_NOSIGNAL, 1, 0);
    expect(stand.one().result).toBe(-ERRNO.EBADF);
    for (const descriptor of [here, there]) stand.libc.close(descriptor);
  });

  test("keeps none open that has given up its place, whatever else is under way", () => {
    using stand = new RingStand();
    const { registration, features } = stand.ring;
    registration.reserveFiles(2, features);
    const submissions = createSubmissions(stand.ring, IOSQE_FIXED_FILE);
    const pairs = [makeSocketPair(), makeSocketPair()];
    const bytes = new Uint8Array(new ArrayBuffer(8));
    for (const [place, [here]] of pairs.entries()) {
      expect(registration.registerFile(place, here)).toBe(0);
    }
    submissions.receive(0, stand.libc.addressOf(bytes), 8, 0, 1, 0);
    stand.ring.enter(0, NO_TIMEOUT);
    registration.unregisterFile(1);
    stand.libc.close(pairs[1]![0]);
    stand.submissions.receive(pairs[1]![1], stand.libc.addressOf(bytes), 8, 0, 2, 0);
    expect(stand.one()).toMatchObject({ low: 2, result: 0 });
    for (const descriptor of [...pairs[0]!, pairs[1]![1]]) stand.libc.close(descriptor);
  });

  test("refuses places that are not there, and what is no descriptor", () => {
    using stand = new RingStand();
    const { registration, features } = stand.ring;
    expect(registration.registerFile(0, 0)).toBe(-ERRNO.ENXIO);
    expect(registration.reserveFiles(2, features)).toBe(true);
    expect(registration.registerFile(2, 0)).toBe(-ERRNO.EINVAL);
    expect(registration.registerFile(1, 9999)).toBe(-ERRNO.EBADF);
    expect(() => registration.unregisterFile(2)).toThrow(": EINVAL");
  });

  test("has no places before kernel 6.14, nor more than descriptors are allowed", () => {
    using stand = new RingStand();
    const { registration, features } = stand.ring;
    expect(registration.reserveFiles(2, features & ~IORING_FEAT_RW_ATTR)).toBe(false);
    expect(registration.reserveFiles(2 ** 30, features)).toBe(false);
    expect(registration.reserveFiles(2, features)).toBe(true);
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
