// The listening sockets of the io_uring engine. One operation accepts every connection of a
// listener until it fails; out of descriptors or memory it would fail again at once, and rests
// until a tick.
//
// Where several engines share an address, each has a TCP socket of its own (SO_REUSEPORT), and the
// kernel spreads connections over them. The first binds without that flag, so that it is refused
// where anybody listens, another server of the same user too, and sets it afterwards.
//
// A unix socket has no such flag: all engines accept from the one socket, and each connection takes
// an operation of its own. The kernel wakes who has waited longest for it; the operation that
// accepts many would stay in front and get them all. Who has accepted one rests for a moment, or it
// would, being awake, have the next before the one that was woken for it.

import { rmSync } from "node:fs";
import { ERRNO, SystemCallError, errnoName } from "../uring/errno.ts";
import {
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
  TIMESPEC_NANOSECONDS_WORD,
  TIMESPEC_WORDS,
} from "../uring/kernel-constants.ts";
import { NO_TIMEOUT, type Ring } from "../uring/ring.ts";
import { decodePort, encodeTcpAddress, encodeUnixAddress } from "../uring/socket-address.ts";
import type { Submissions } from "../uring/submissions.ts";
import { allocateWords, type UringLibc } from "../uring/uring-libc.ts";
import type { ListenAddress } from "./engine.ts";
import { identifySocket } from "./socket-identity.ts";
import { KIND, userDataOf } from "./uring-user-data.ts";

const BACKLOG = 511;
const ADDRESS_SIZE_MAX = 64;
/** Longer than another thread takes to wake up. */
const REST_NS = 500_000;

type TcpAddress = ListenAddress & { readonly kind: "tcp" };
type UnixAddress = ListenAddress & { readonly kind: "unix" };

interface Listening {
  descriptor: number;
  readonly isTcp: boolean;
  /** Other engines accept from the same socket. */
  readonly isCommon: boolean;
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
  const restTime = allocateWords(TIMESPEC_WORDS);
  restTime[TIMESPEC_NANOSECONDS_WORD] = REST_NS;

  function listen(address: ListenAddress): ListenAddress {
    if (address.kind === "unix") return listenUnix(address);
    const descriptor = listenTcp(address);
    begin({ descriptor, isTcp: true, isCommon: false, path: null, identity: null });
    const name = new Uint8Array(ADDRESS_SIZE_MAX);
    const length = check("getsockname", libc.getsockname(descriptor, name));
    return { ...address, port: decodePort(name.subarray(0, length)) ?? address.port };
  }

  function listenTcp({ host, port, sharing }: TcpAddress): number {
    const { family, bytes } = encodeTcpAddress(host, port);
    return openSocket(family, (descriptor) => {
      const setFlag = (name: number): void => {
        check("setsockopt", libc.setsockopt(descriptor, SOL_SOCKET, name, 1));
      };
      setFlag(SO_REUSEADDR);
      if (sharing === "further") setFlag(SO_REUSEPORT);
      check("bind", libc.bind(descriptor, bytes));
      if (sharing === "first") setFlag(SO_REUSEPORT);
      check("listen", libc.listen(descriptor, BACKLOG));
    });
  }

  function listenUnix(address: UnixAddress): ListenAddress {
    const { path, sharing } = address;
    const isCommon = sharing !== undefined;
    if (sharing === "further") {
      // A number of its own, so that each engine closes what it has.
      const descriptor = check("dup", libc.duplicate(address.descriptor ?? -1));
      begin({ descriptor, isTcp: false, isCommon, path: null, identity: null });
      return address;
    }
    const { family, bytes } = encodeUnixAddress(path);
    const descriptor = openSocket(family, (socket) => {
      check("bind", libc.bind(socket, bytes));
      check("listen", libc.listen(socket, BACKLOG));
    });
    begin({ descriptor, isTcp: false, isCommon, path, identity: identifySocket(path) });
    return isCommon ? { ...address, descriptor } : address;
  }

  /** A socket that is closed again when `prepare` fails. */
  function openSocket(family: number, prepare: (descriptor: number) => void): number {
    const descriptor = check("socket", libc.socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    try {
      prepare(descriptor);
    } catch (error) {
      libc.close(descriptor);
      throw error;
    }
    return descriptor;
  }

  function begin(listening: Listening): void {
    armAccept(listenings.push(listening) - 1);
    listeners.isListening = true;
  }

  function armAccept(index: number): void {
    const { descriptor, isCommon } = listenings[index]!;
    if (descriptor < 0) return;
    const accept = isCommon ? submit.acceptOne : submit.acceptAll;
    accept(descriptor, userDataOf(KIND.ACCEPT, index), 0);
  }

  function acceptAgain(): void {
    if (resting.length === 0) return;
    for (const index of resting.splice(0)) armAccept(index);
  }

  function accepted(index: number, result: number, hasMore: boolean): void {
    if (result >= 0) open(result, listenings[index]!.isTcp);
    if (hasMore || !listeners.isListening) return;
    if (result >= 0 && listenings[index]!.isCommon) {
      resting.push(index);
      submit.timeout(libc.addressOf(restTime), userDataOf(KIND.ACCEPT_AGAIN, 0), 0);
      return;
    }
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
