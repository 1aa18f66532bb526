import { describe, expect, test } from "bun:test";
import { ERRNO, SystemCallError } from "../../src/uring/errno.ts";
import {
  IORING_FEAT_SINGLE_MMAP,
  IORING_OFF_CQ_RING,
  IORING_OFF_SQ_RING,
  IORING_OFF_SQES,
  IORING_SETUP_CLAMP,
  IORING_SETUP_CQSIZE,
} from "../../src/uring/kernel-constants.ts";
import { mapRingMemory, SETUP_CHOICES } from "../../src/uring/ring-memory.ts";
import { FakeKernel } from "./fake-kernel.ts";
import { countDescriptors, isSkipped, requireLibc, skipReason } from "./uring-fixture.ts";

const OPTIONS = { sqEntryCount: 4, cqEntryCount: 8 };
const ALWAYS = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;

describe("mapRingMemory", () => {
  test("asks for the best flags that the kernel knows", () => {
    for (const refusals of [0, 1, 2]) {
      const kernel = new FakeKernel();
      kernel.setupErrors = new Array<number>(refusals).fill(ERRNO.EINVAL);
      const memory = mapRingMemory(kernel, OPTIONS);
      const asked = SETUP_CHOICES.slice(0, refusals + 1).map((flags) => flags | ALWAYS);
      expect(kernel.setupFlags).toEqual(asked);
      expect(memory.setupFlags).toBe(asked.at(-1)!);
    }
  });

  test("gives up on a kernel that knows none, and at once on any other error", () => {
    const kernel = new FakeKernel();
    kernel.setupErrors = [ERRNO.EINVAL, ERRNO.EINVAL, ERRNO.EINVAL];
    expect(() => mapRingMemory(kernel, OPTIONS)).toThrow("io_uring_setup failed: EINVAL");
    kernel.setupErrors = [ERRNO.ENOMEM];
    expect(() => mapRingMemory(kernel, OPTIONS)).toThrow("io_uring_setup failed: ENOMEM");
    expect([kernel.setupFlags.length, kernel.mapOffsets]).toEqual([4, []]);
  });

  test("maps both rings at once where it can", () => {
    const kernel = new FakeKernel();
    const memory = mapRingMemory(kernel, OPTIONS);
    expect(kernel.mapOffsets).toEqual([IORING_OFF_SQ_RING, IORING_OFF_SQES]);
    expect(memory.cq).toBe(memory.sq);
  });

  test("maps them apart where it must", () => {
    const kernel = new FakeKernel();
    kernel.features &= ~IORING_FEAT_SINGLE_MMAP;
    const memory = mapRingMemory(kernel, OPTIONS);
    expect(kernel.mapOffsets).toEqual([IORING_OFF_SQ_RING, IORING_OFF_CQ_RING, IORING_OFF_SQES]);
    expect(memory.cq.buffer).not.toBe(memory.sq.buffer);
    memory.unmap();
    expect([kernel.mapped.size, kernel.closed]).toEqual([0, [memory.descriptor]]);
  });

  test.each([0, 1, 2])("leaves nothing open when mapping %d fails", (mapCountMax) => {
    const kernel = new FakeKernel();
    kernel.features &= ~IORING_FEAT_SINGLE_MMAP;
    kernel.mapCountMax = mapCountMax;
    expect(() => mapRingMemory(kernel, OPTIONS)).toThrow(
      new SystemCallError("mmap of the ring", ERRNO.ENOMEM),
    );
    expect([kernel.mapped.size, kernel.closed]).toEqual([0, [100]]);
  });
});

describe.skipIf(isSkipped)(`mapRingMemory of this kernel${skipReason}`, () => {
  test("rounds sizes up and clamps them", () => {
    const libc = requireLibc();
    const small = mapRingMemory(libc, { sqEntryCount: 5, cqEntryCount: 9 });
    expect([small.sqEntryCount, small.cqEntryCount]).toEqual([8, 16]);
    small.unmap();
    const large = mapRingMemory(libc, { sqEntryCount: 1 << 20, cqEntryCount: 1 << 21 });
    expect([large.sqEntryCount, large.cqEntryCount]).toEqual([1 << 15, 1 << 16]);
    large.unmap();
  });

  test("leaves no descriptor behind", () => {
    const libc = requireLibc();
    const before = countDescriptors();
    for (let i = 0; i < 50; i++) mapRingMemory(libc, OPTIONS).unmap();
    expect(countDescriptors()).toBe(before);
  });
});
