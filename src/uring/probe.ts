// Whether io_uring can serve here, and if not, why, in one sentence for the log. Asked by trying: a
// small ring is made, asked for its operations, and a NOP is sent round it, because a filter may
// forbid any of the three system calls.

import { readFileSync } from "node:fs";
import { ERRNO, errnoName, SystemCallError } from "./errno.ts";
import {
  CQE_RES_WORD,
  CQE_USER_DATA_LOW_WORD,
  IORING_FEAT_FAST_POLL,
  IORING_FEAT_NODROP,
  IORING_FEAT_SUBMIT_STABLE,
  IORING_OP_ACCEPT,
  IORING_OP_ASYNC_CANCEL,
  IORING_OP_NOP,
  IORING_OP_READ,
  IORING_OP_RECV,
  IORING_OP_SEND,
  IORING_OP_SENDMSG,
  IORING_OP_SOCKET,
  IORING_OP_TIMEOUT,
} from "./kernel-constants.ts";
import { createRing, NO_TIMEOUT, type Ring } from "./ring.ts";
import type { RingOptions } from "./ring-memory.ts";
import { createSubmissions } from "./submissions.ts";
import type { UringLibc } from "./uring-libc.ts";

export type UringProbe =
  { readonly usable: true } | { readonly usable: false; readonly reason: string };

/** What an engine cannot do without. Multishot accept came with the last of them. */
const REQUIRED_OPCODES = {
  IORING_OP_NOP,
  IORING_OP_SENDMSG,
  IORING_OP_TIMEOUT,
  IORING_OP_ACCEPT,
  IORING_OP_ASYNC_CANCEL,
  IORING_OP_READ,
  IORING_OP_SEND,
  IORING_OP_RECV,
  IORING_OP_SOCKET,
};

/** Without them completions get lost, memory must stay longer, or each socket takes a thread. */
const REQUIRED_FEATURES = {
  IORING_FEAT_NODROP,
  IORING_FEAT_SUBMIT_STABLE,
  IORING_FEAT_FAST_POLL,
};

const PROBE_RING: RingOptions = { sqEntryCount: 4, cqEntryCount: 8 };
const PROBE_USER_DATA = 42;
const SETTING_PATH = "/proc/sys/kernel/io_uring_disabled";
const RELEASE_PATH = "/proc/sys/kernel/osrelease";

/** The first line of a file of /proc, null if it cannot be read. */
export type ReadSetting = (path: string) => string | null;

export function probeUring(libc: UringLibc | null, readSetting = readFirstLine): UringProbe {
  if (libc === null) {
    return refuse("io_uring needs 64-bit Linux with glibc and bun:ffi");
  }
  let ring: Ring;
  try {
    ring = createRing(libc, PROBE_RING);
  } catch (error) {
    return refuse(explain(error, readSetting));
  }
  try {
    return inspect(ring, readSetting);
  } catch (error) {
    return refuse(explain(error, readSetting));
  } finally {
    ring.close();
  }
}

function inspect(ring: Ring, readSetting: ReadSetting): UringProbe {
  const opcodes = ring.registration.probeOpcodes();
  if (opcodes === null) return refuse(tooOld("it cannot tell its operations", readSetting));
  const missing = [
    ...Object.entries(REQUIRED_OPCODES)
      .filter(([, opcode]) => opcodes[opcode] === 0)
      .map(([name]) => name),
    ...Object.entries(REQUIRED_FEATURES)
      .filter(([, feature]) => (ring.features & feature) === 0)
      .map(([name]) => name),
  ];
  if (missing.length > 0) return refuse(tooOld(`it lacks ${missing.join(", ")}`, readSetting));
  if (!sendsNopRound(ring)) return refuse("io_uring does not complete a NOP as it should");
  return { usable: true };
}

function sendsNopRound(ring: Ring): boolean {
  createSubmissions(ring).nop(PROBE_USER_DATA, 0);
  ring.enter(1, NO_TIMEOUT);
  const cqe = ring.nextCqe();
  if (cqe < 0) return false;
  const userData = ring.cqes[cqe + CQE_USER_DATA_LOW_WORD];
  return userData === PROBE_USER_DATA && ring.cqes[cqe + CQE_RES_WORD] === 0;
}

function explain(error: unknown, readSetting: ReadSetting): string {
  if (!(error instanceof SystemCallError)) throw error;
  const { call, errno } = error;
  const what = `${call} answers ${errnoName(errno)}`;
  switch (errno) {
    case ERRNO.ENOSYS:
      return tooOld(`${what}, or a seccomp filter hides it`, readSetting);
    case ERRNO.EINVAL:
      return tooOld(what, readSetting);
    case ERRNO.EPERM:
    case ERRNO.EACCES:
      return explainForbidden(what, readSetting);
    case ERRNO.ENOMEM:
      return (
        `there is no memory for io_uring: ${what}; ` +
        "the limit of locked memory (ulimit -l) may be too low"
      );
    case ERRNO.EMFILE:
    case ERRNO.ENFILE:
      return `there is no descriptor left for io_uring: ${what}`;
    default:
      return `io_uring does not work: ${what}`;
  }
}

function explainForbidden(what: string, readSetting: ReadSetting): string {
  switch (readSetting(SETTING_PATH)) {
    case "1":
      return (
        "io_uring is kept for privileged processes and the group kernel.io_uring_group: " +
        "kernel.io_uring_disabled is 1"
      );
    case "2":
      return "io_uring is switched off: kernel.io_uring_disabled is 2";
    default:
      return `io_uring is forbidden, probably by a container's seccomp filter: ${what}`;
  }
}

function tooOld(what: string, readSetting: ReadSetting): string {
  const release = readSetting(RELEASE_PATH) ?? "of unknown release";
  return `the kernel (${release}) is too old for io_uring here, which takes 5.19: ${what}`;
}

function refuse(reason: string): UringProbe {
  return { usable: false, reason };
}

function readFirstLine(path: string): string | null {
  try {
    return readFileSync(path, "utf8").split("\n", 1)[0]!.trim();
  } catch {
    return null;
  }
}
