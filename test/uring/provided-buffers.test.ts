import { describe, expect, test } from "bun:test";
import { ERRNO } from "../../src/uring/errno.ts";
import {
  IORING_CQE_F_BUFFER,
  IORING_CQE_F_MORE,
  IORING_RECV_MULTISHOT,
} from "../../src/uring/kernel-constants.ts";
import {
  bufferOf,
  createProvidedBuffers,
  type ProvidedBuffers,
} from "../../src/uring/provided-buffers.ts";
import { FakeKernel } from "./fake-kernel.ts";
import { makeSocketPair, sendText } from "./socket-stand.ts";
import { isSkipped, RingStand, skipReason, type Completion } from "./uring-fixture.ts";

const GROUP = 3;
const COUNT = 4;
const SIZE = 16;

class BufferStand extends RingStand {
  readonly buffers: ProvidedBuffers;
  readonly here: number;
  readonly there: number;

  constructor() {
    super();
    const options = { group: GROUP, count: COUNT, size: SIZE };
    this.buffers = createProvidedBuffers(this.libc, this.ring.registration, options);
    [this.here, this.there] = makeSocketPair();
  }

  receive(text: string): Completion {
    sendText(this.there, text);
    this.submissions.receiveProvided(this.here, GROUP, 0, 1, 0);
    return this.one();
  }

  text({ result, flags }: Completion): string {
    const begin = bufferOf(flags) * SIZE;
    return new TextDecoder().decode(this.buffers.bytes.subarray(begin, begin + result));
  }

  override [Symbol.dispose](): void {
    this.buffers.close();
    super[Symbol.dispose]();
    this.libc.close(this.here);
    this.libc.close(this.there);
  }
}

describe.skipIf(isSkipped)(`createProvidedBuffers${skipReason}`, () => {
  test("receives into a buffer that the completion names", () => {
    using stand = new BufferStand();
    const completion = stand.receive("hello");
    expect(completion.flags & IORING_CQE_F_BUFFER).toBe(IORING_CQE_F_BUFFER);
    expect([completion.result, stand.text(completion)]).toEqual([5, "hello"]);
    expect(stand.receive("x".repeat(SIZE * 2)).result).toBe(SIZE);
  });

  test("runs out with ENOBUFS, and goes on with buffers given back", () => {
    using stand = new BufferStand();
    const taken = new Set<number>();
    for (let i = 0; i < COUNT; i++) taken.add(bufferOf(stand.receive(`text ${i}`).flags));
    expect([...taken].sort()).toEqual([0, 1, 2, 3]);
    expect(stand.receive("too much")).toMatchObject({ result: -ERRNO.ENOBUFS });
    stand.buffers.give(2);
    stand.submissions.receiveProvided(stand.here, GROUP, 0, 1, 0);
    expect(stand.one().result).toBe(-ERRNO.ENOBUFS);
    stand.buffers.publish();
    stand.submissions.receiveProvided(stand.here, GROUP, 0, 1, 0);
    const last = stand.one();
    expect([bufferOf(last.flags), stand.text(last)]).toEqual([2, "too much"]);
  });

  test("goes round its ring and past the end of a 16-bit count", () => {
    using stand = new BufferStand();
    for (let i = 0; i < 2 ** 16 + 10; i++) {
      const completion = stand.receive(`${i}`);
      expect(stand.text(completion)).toBe(`${i}`);
      stand.buffers.give(bufferOf(completion.flags));
      stand.buffers.publish();
    }
  });

  test("serves one submission that receives many times", () => {
    using stand = new BufferStand();
    stand.submissions.receiveProvided(stand.here, GROUP, IORING_RECV_MULTISHOT, 1, 0);
    for (const text of ["one", "two", "three"]) {
      sendText(stand.there, text);
      const completion = stand.one();
      expect(completion.flags & IORING_CQE_F_MORE).toBe(IORING_CQE_F_MORE);
      expect(stand.text(completion)).toBe(text);
    }
  });

  test("gives its group back", () => {
    using stand = new BufferStand();
    stand.buffers.close();
    stand.buffers.close();
    expect(stand.receive("hello").result).toBe(-ERRNO.ENOBUFS);
    const options = { group: GROUP, count: COUNT, size: SIZE };
    createProvidedBuffers(stand.libc, stand.ring.registration, options).close();
  });
});

describe("createProvidedBuffers", () => {
  test.each([3, 2 ** 16])("refuses %d buffers", (count) => {
    using stand = new RingStand(undefined, new FakeKernel());
    expect(() =>
      createProvidedBuffers(stand.libc, stand.ring.registration, { group: 1, count, size: 1 }),
    ).toThrow(RangeError);
  });

  test("leaves no memory behind on a kernel without them", () => {
    const kernel = new FakeKernel();
    using stand = new RingStand(undefined, kernel);
    const before = kernel.mapped.size;
    expect(() =>
      createProvidedBuffers(kernel, stand.ring.registration, { group: 1, count: 4, size: 8 }),
    ).toThrow("registering a buffer ring with io_uring failed: EINVAL");
    expect(kernel.mapped.size).toBe(before);
  });
});
