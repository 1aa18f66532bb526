// The listening sockets of the io_uring engine. One operation accepts every connection of a
// listener until it fails; out of descriptors or memory it would fail again at once, and rests
// until a tick.

import { rmSync } from "node:fs";
import { ERRNO, SystemCallError, errnoName } from "../uring/errno.ts";
import {
  AF_UNIX,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../uring/kernel-constants.ts";
import { NO_TIMEOUT, type Ring } from "../uring/ring.ts";
import { decodePort, encodeTcpAddress, encodeUnixAddress } from "../uring/socket-address.ts";
import type { Submissions } from "../uring/submissions.ts";
import type { UringLibc } from "../uring/uring-libc.ts";
import type { ListenAddress } from "./engine.ts";
import { identifySocket } from "./socket-identity.ts";
import { KIND, userDataOf } from "./uring-user-data.ts";

const BACKLOG = 511;
const ADDRESS_SIZE_MAX = 64;

interface Listening {
  descriptor: number;
  readonly isTcp: boolean;
  /** Of a unix socket, with what its file is recognised by. */
  readonly path: string | null;
  readonly identity: string | null;
}

export interface UringListeners {
  isListening: boolean;
  /** Accepts that have failed, for want of descriptors or memory. */
  failureCount: number;
  /** The address with the port that port 0 became; throws an Error with a code like Bun's. */
  listen(address: ListenAddress): ListenAddress;
  /** An accept has completed, with a descriptor or an error; `hasMore` = it goes on by itself. */
  accepted(index: number, result: number, hasMore: boolean): void;
  /** Lets accepts that rest try again. */
  acceptAgain(): void;
  stop(): void;
}

export function createUringListeners(
  libc: UringLibc,
  ring: Ring,
  submit: Submissions,
  open: (descriptor: number, isOverTcp: boolean) => void,
): UringListeners {
  const listenings: Listening[] = [];
  const resting: number[] = [];

  function listen(address: ListenAddress): ListenAddress {
    const { family, bytes } =
      address.kind === "tcp"
        ? encodeTcpAddress(address.host, address.port)
        : encodeUnixAddress(address.path);
    const descriptor = check("socket", libc.socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    try {
      check("setsockopt", libc.setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, 1));
      check("bind", libc.bind(descriptor, bytes));
      check("listen", libc.listen(descriptor, BACKLOG));
    } catch (error) {
      libc.close(descriptor);
      throw error;
    }
    const path = address.kind === "unix" ? address.path : null;
    const identity = path === null ? null : identifySocket(path);
    const index = listenings.push({ descriptor, isTcp: family !== AF_UNIX, path, identity }) - 1;
    armAccept(index);
    listeners.isListening = true;
    if (address.kind === "unix") return address;
    const name = new Uint8Array(ADDRESS_SIZE_MAX);
    const length = check("getsockname", libc.getsockname(descriptor, name));
    return { ...address, port: decodePort(name.subarray(0, length)) ?? address.port };
  }

  function armAccept(index: number): void {
    const { descriptor } = listenings[index]!;
    if (descriptor >= 0) submit.acceptAll(descriptor, userDataOf(KIND.ACCEPT, index), 0);
  }

  function acceptAgain(): void {
    if (resting.length === 0) return;
    for (const index of resting.splice(0)) armAccept(index);
  }

  function accepted(index: number, result: number, hasMore: boolean): void {
    if (result >= 0) open(result, listenings[index]!.isTcp);
    if (hasMore || !listeners.isListening) return;
    // Out of descriptors or memory, the kernel would fail again at once: wait for a tick.
    if (result < 0 && result !== -ERRNO.ECONNABORTED) {
      listeners.failureCount++;
      resting.push(index);
    } else {
      armAccept(index);
    }
  }

  function stop(): void {
    listeners.isListening = false;
    for (const [index, listening] of listenings.entries()) {
      if (listening.descriptor < 0) continue;
      const ignored = userDataOf(KIND.IGNORED, 0);
      submit.cancel(userDataOf(KIND.ACCEPT, index), 0, ignored, 0);
      ring.enter(0, NO_TIMEOUT);
      libc.close(listening.descriptor);
      listening.descriptor = -1;
      const { path, identity } = listening;
      if (path !== null && identifySocket(path) === identity) rmSync(path, { force: true });
    }
    resting.length = 0;
  }

  const listeners: UringListeners = {
    isListening: false,
    failureCount: 0,
    listen,
    accepted,
    acceptAgain,
    stop,
  };
  return listeners;
}

/** The result of a call, or an Error with its name, and the code that Bun's errors have. */
function check(call: string, result: number): number {
  if (result >= 0) return result;
  throw Object.assign(new SystemCallError(call, result), { code: errnoName(result) });
}
