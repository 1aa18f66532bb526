import { describe, expect, test } from "bun:test";
import { ERRNO } from "../../src/uring/errno.ts";
import {
  IORING_FEAT_EXT_ARG,
  IORING_FEAT_FAST_POLL,
  IORING_OP_RECV,
  IORING_OP_SENDMSG,
  IORING_OP_SOCKET,
} from "../../src/uring/kernel-constants.ts";
import { probeUring, type ReadSetting } from "../../src/uring/probe.ts";
import { loadUringLibc } from "../../src/uring/uring-libc.ts";
import { FakeKernel } from "./fake-kernel.ts";
import { countDescriptors, isSkipped, skipReason } from "./uring-fixture.ts";

const UP_TO_5_19 = Array.from({ length: IORING_OP_SOCKET + 1 }, (_, opcode) => opcode);
const TOO_OLD = "the kernel (5.4.0) is too old for io_uring here, which takes 5.19: ";

function settings(disabled: string | null): ReadSetting {
  return (path) => (path.endsWith("io_uring_disabled") ? disabled : "5.4.0");
}

function reasonOf(kernel: FakeKernel | null, disabled: string | null = "0"): string {
  const probe = probeUring(kernel, settings(disabled));
  if (probe.usable) throw new Error("it is usable");
  return probe.reason;
}

function refusing(errno: number): FakeKernel {
  const kernel = new FakeKernel();
  kernel.setupErrors = [errno, errno, errno];
  return kernel;
}

describe("probeUring", () => {
  test("finds what it needs, and leaves nothing open", () => {
    const kernel = new FakeKernel();
    kernel.opcodes = UP_TO_5_19;
    expect(probeUring(kernel)).toEqual({ usable: true });
    expect([kernel.mapped.size, kernel.closed]).toEqual([0, [100]]);
  });

  test("does without what is not needed", () => {
    const kernel = new FakeKernel();
    kernel.features &= ~IORING_FEAT_EXT_ARG;
    kernel.opcodes = UP_TO_5_19;
    kernel.setupErrors = [ERRNO.EINVAL, ERRNO.EINVAL];
    expect(probeUring(kernel)).toEqual({ usable: true });
  });

  test("needs the C library", () => {
    expect(reasonOf(null)).toBe("io_uring needs 64-bit Linux with glibc and bun:ffi");
  });

  test.each([
    [ERRNO.ENOSYS, `${TOO_OLD}io_uring_setup answers ENOSYS, or a seccomp filter hides it`],
    [ERRNO.EINVAL, `${TOO_OLD}io_uring_setup answers EINVAL`],
    [
      ERRNO.ENOMEM,
      "there is no memory for io_uring: io_uring_setup answers ENOMEM; " +
        "the limit of locked memory (ulimit -l) may be too low",
    ],
    [ERRNO.EMFILE, "there is no descriptor left for io_uring: io_uring_setup answers EMFILE"],
    [ERRNO.EIO, "io_uring does not work: io_uring_setup answers EIO"],
  ])("explains errno %d", (errno, reason) => {
    expect(reasonOf(refusing(errno))).toBe(reason);
  });

  test.each([
    [
      "1",
      "io_uring is kept for privileged processes and the group kernel.io_uring_group: " +
        "kernel.io_uring_disabled is 1",
    ],
    ["2", "io_uring is switched off: kernel.io_uring_disabled is 2"],
    [
      "0",
      "io_uring is forbidden, probably by a container's seccomp filter: " +
        "io_uring_setup answers EPERM",
    ],
    [
      null,
      "io_uring is forbidden, probably by a container's seccomp filter: " +
        "io_uring_setup answers EPERM",
    ],
  ])("explains EPERM when kernel.io_uring_disabled is %p", (disabled, reason) => {
    expect(reasonOf(refusing(ERRNO.EPERM), disabled)).toBe(reason);
  });

  test("says which operations and features are missing", () => {
    const kernel = new FakeKernel();
    const missing = [IORING_OP_SENDMSG, IORING_OP_RECV];
    kernel.opcodes = UP_TO_5_19.filter((opcode) => !missing.includes(opcode));
    kernel.features &= ~IORING_FEAT_FAST_POLL;
    expect(reasonOf(kernel)).toBe(
      `${TOO_OLD}it lacks IORING_OP_SENDMSG, IORING_OP_RECV, IORING_FEAT_FAST_POLL`,
    );
    expect([kernel.mapped.size, kernel.closed]).toEqual([0, [100]]);
    expect(reasonOf(new FakeKernel())).toBe(`${TOO_OLD}it cannot tell its operations`);
  });

  test("notices when only entering is forbidden", () => {
    const kernel = new FakeKernel();
    kernel.opcodes = UP_TO_5_19;
    kernel.script = [{ error: ERRNO.EPERM }];
    expect(reasonOf(kernel)).toStartWith("io_uring is forbidden, probably by a container's");
    kernel.script = [{ takeMax: 0 }];
    expect(reasonOf(kernel)).toBe("io_uring does not complete a NOP as it should");
  });

  test("notices when only registering is forbidden", () => {
    const kernel = new FakeKernel();
    kernel.opcodes = UP_TO_5_19;
    kernel.registerError = ERRNO.EPERM;
    expect(reasonOf(kernel)).toBe(
      "io_uring is forbidden, probably by a container's seccomp filter: " +
        "io_uring_register answers EPERM",
    );
    kernel.registerError = ERRNO.ENOSYS;
    expect(reasonOf(kernel)).toEndWith(
      "io_uring_register answers ENOSYS, or a seccomp filter hides it",
    );
    expect([kernel.mapped.size, kernel.closed]).toEqual([0, [100, 100]]);
  });

  test("says nothing of errors in the program", () => {
    const kernel = new FakeKernel();
    kernel.ioUringSetup = () => {
      throw new TypeError("broken");
    };
    expect(() => probeUring(kernel)).toThrow("broken");
  });

  test.skipIf(isSkipped)(`leaves nothing open on this kernel${skipReason}`, () => {
    const before = countDescriptors();
    for (let i = 0; i < 20; i++) expect(probeUring(loadUringLibc()).usable).toBe(true);
    expect(countDescriptors()).toBe(before);
  });
});
