// The sockets of a load thread over io_uring: one system call submits the next batches of all
// connections that were answered, and brings the next replies. The same jobs as
// load-connections.ts, which says how they fit together.
//
//   connection c   | carried from before |   received next   |     a region of one buffer
//                  c × size              + held
//
// A reply that does not fit its region moves to a larger one of its own.
//
// The thread waits in the ring for a millisecond at most and returns to the event loop every other,
// where the main thread's messages and the loops' timers are.

import { lookup } from "node:dns/promises";
import { ERRNO, errnoName } from "../src/uring/errno.ts";
import {
  CQE_RES_WORD,
  CQE_USER_DATA_HIGH_WORD,
  CQE_USER_DATA_LOW_WORD,
  IPPROTO_TCP,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
} from "../src/uring/kernel-constants.ts";
import { NO_CQE, createRing } from "../src/uring/ring.ts";
import {
  encodeTcpAddress,
  encodeUnixAddress,
  type SocketAddress,
} from "../src/uring/socket-address.ts";
import { createSubmissions } from "../src/uring/submissions.ts";
import type { UringLibc } from "../src/uring/uring-libc.ts";
import {
  NOT_UNDERSTOOD,
  REPLY_SIZE_MAX,
  REPLY_TOO_LARGE,
  createBatchReplies,
} from "./batch-replies.ts";
import type { Codec } from "./codec.ts";
import { explainRefusal, type LoadConnections, type LoopEvents } from "./load-connections.ts";
import type { LoadPlan, Target } from "./plan.ts";
import type { Workload } from "./workload.ts";

const RECEIVE_SIZE_MIN = 64 * 1024;
/** What a reply has besides its value, in any protocol. */
const REPLY_EXTRA_SIZE = 1024;
const ENTRIES_PER_CONNECTION = 2;
const WAIT_MS = 1;
/** The event loop is given its turn after so long. */
const SLICE_MS = 2;
const SEND_BIT = 2 ** 30;
const LOOPBACKS = ["127.0.0.1", "::1"];
/** SO_SNDTIMEO bounds connect(2) as well; its value is a struct timeval. */
const SO_SNDTIMEO = 21;

export function createRingConnections(
  plan: LoadPlan,
  codec: Codec,
  workload: Workload,
  events: LoopEvents,
  libc: UringLibc,
): LoadConnections {
  const { connectionCount } = plan;
  const replies = createBatchReplies(plan, codec, workload);
  const entryCount = ENTRIES_PER_CONNECTION * connectionCount + 8;
  const ring = createRing(libc, { sqEntryCount: entryCount, cqEntryCount: 2 * entryCount });
  const { cqes } = ring;
  const submit = createSubmissions(ring);
  const size = Math.max(RECEIVE_SIZE_MIN, plan.valueSize + REPLY_EXTRA_SIZE);
  const buffers = Buffer.alloc(connectionCount * size);
  const regions = Array.from({ length: connectionCount }, (_, i) =>
    buffers.subarray(i * size, (i + 1) * size),
  );
  const buffersAddress = libc.addressOf(buffers);
  const addresses = Float64Array.from(regions, (_, i) => buffersAddress + i * size);
  const requestsAddress = libc.addressOf(workload.area.bytes);
  const descriptors = new Int32Array(connectionCount).fill(-1);
  const held = new Int32Array(connectionCount);
  const unsentBegins = new Int32Array(connectionCount);
  const unsentEnds = new Int32Array(connectionCount);
  /** Of the batch; what completes of an earlier one is of no interest. */
  const serials = new Int32Array(connectionCount);
  const isOpenLoop = plan.ratePerSecond > 0;
  let isClosing = false;
  let isTurning = false;

  function send(connection: number, count: number, isCounted: boolean): void {
    unsentBegins[connection] = workload.beginOf(connection);
    unsentEnds[connection] = workload.fill(connection, count);
    serials[connection] = (serials[connection]! + 1) | 0;
    replies.begin(connection, count, isCounted);
    queueSend(connection);
  }

  function queueSend(connection: number): void {
    const begin = unsentBegins[connection]!;
    submit.send(
      descriptors[connection]!,
      requestsAddress + begin,
      unsentEnds[connection]! - begin,
      MSG_NOSIGNAL,
      SEND_BIT | connection,
      serials[connection]!,
    );
  }

  function queueReceive(connection: number): void {
    submit.receive(
      descriptors[connection]!,
      addresses[connection]! + held[connection]!,
      regions[connection]!.length - held[connection]!,
      0,
      connection,
      0,
    );
  }

  function sent(connection: number, serial: number, result: number): void {
    if (serial !== serials[connection]) return;
    if (result < 0 && result !== -ERRNO.EINTR && result !== -ERRNO.EAGAIN) {
      fail(`the connection failed: ${errnoName(result)}`);
      return;
    }
    unsentBegins[connection]! += Math.max(0, result);
    if (unsentBegins[connection]! < unsentEnds[connection]!) queueSend(connection);
  }

  function received(connection: number, result: number): void {
    if (result <= 0) {
      const isLost = result === 0 || result === -ERRNO.ECONNRESET;
      fail(
        isLost ? "the server closed the connection" : `the connection failed: ${errnoName(result)}`,
      );
      return;
    }
    const end = held[connection]! + result;
    const region = regions[connection]!;
    const at = replies.read(connection, region, end);
    if (at === NOT_UNDERSTOOD) {
      fail(replies.failure);
      return;
    }
    if (at > 0 && at < end) region.copyWithin(0, at, end);
    held[connection] = end - at;
    if (end - at === region.length && !grow(connection)) return;
    queueReceive(connection);
    if (replies.end(connection)) events.answered(connection);
  }

  /** Makes room behind a full region, while nothing is received into it; false if there is none. */
  function grow(connection: number): boolean {
    const region = regions[connection]!;
    if (region.length >= REPLY_SIZE_MAX) {
      fail(REPLY_TOO_LARGE);
      return false;
    }
    const larger = Buffer.alloc(2 * region.length);
    region.copy(larger);
    regions[connection] = larger;
    addresses[connection] = libc.addressOf(larger);
    return true;
  }

  /** False when nothing came. */
  function turn(waitCount: number): boolean {
    ring.enter(waitCount, WAIT_MS);
    for (let hasCome = false; ; hasCome = true) {
      const cqe = ring.nextCqe();
      if (cqe === NO_CQE || isClosing) return hasCome;
      const low = cqes[cqe + CQE_USER_DATA_LOW_WORD]!;
      const result = cqes[cqe + CQE_RES_WORD]!;
      if ((low & SEND_BIT) === 0) received(low, result);
      else sent(low & ~SEND_BIT, cqes[cqe + CQE_USER_DATA_HIGH_WORD]!, result);
    }
  }

  function pump(): void {
    isTurning = true;
    if (isOpenLoop) {
      // The schedule's own turns run on the event loop.
      if (!isClosing) turn(0);
    } else {
      const untilMs = performance.now() + SLICE_MS;
      while (!isClosing && turn(1) && performance.now() < untilMs);
    }
    isTurning = false;
    if (isClosing) release();
    else setImmediate(pump);
  }

  function fail(reason: string): void {
    if (isClosing) return;
    isClosing = true;
    events.failed(reason);
  }

  async function open(): Promise<void> {
    const addresses = await listAddresses(plan.target);
    for (let connection = 0; connection < connectionCount; connection++) {
      connect(connection, addresses);
      queueReceive(connection);
    }
    setImmediate(pump);
  }

  /** To the first of the addresses that answers. */
  function connect(connection: number, candidates: readonly SocketAddress[]): void {
    const refusals: number[] = [];
    for (const address of candidates) {
      let result = -ERRNO.EINTR;
      // The runtime's own signals interrupt; what was begun is given up and begun anew.
      while (result === -ERRNO.EINTR) result = tryConnect(connection, address);
      if (result >= 0) return;
      refusals.push(result);
    }
    release();
    // What connect(2) answers at its time limit, over TCP and over a Unix socket.
    const isLate = refusals[0] === -ERRNO.EINPROGRESS || refusals[0] === -ERRNO.EAGAIN;
    const reason = isLate ? `no answer in ${plan.timeoutMs} ms` : { code: errnoName(refusals[0]!) };
    throw new Error(explainRefusal(plan.target, reason));
  }

  /** 0 or a negated errno. */
  function tryConnect(connection: number, { family, bytes }: SocketAddress): number {
    const descriptor = libc.socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return descriptor;
    const seconds = Math.floor(plan.timeoutMs / 1000);
    const limit = Int32Array.of(seconds, 0, (plan.timeoutMs - seconds * 1000) * 1000, 0);
    libc.setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, limit);
    const result = libc.connect(descriptor, bytes);
    if (result < 0) {
      libc.close(descriptor);
      return result;
    }
    descriptors[connection] = descriptor;
    if (plan.target.kind === "tcp") libc.setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    return 0;
  }

  function close(): void {
    isClosing = true;
    if (!isTurning) release();
  }

  /** Not in the middle of a turn, which reads the ring's memory. */
  function release(): void {
    isClosing = true;
    ring.close();
    for (let connection = 0; connection < connectionCount; connection++) {
      if (descriptors[connection]! >= 0) libc.close(descriptors[connection]!);
      descriptors[connection] = -1;
    }
  }

  return {
    outcomeCounts: replies.outcomeCounts,
    replyCount: () => replies.replyCount,
    pendingCount: replies.pendingCount,
    open,
    send,
    close,
  };
}

async function listAddresses(target: Target): Promise<SocketAddress[]> {
  if (target.kind === "unix") return [encodeUnixAddress(target.path)];
  const hosts = (await lookup(target.host, { all: true })).map(({ address }) => address);
  // Not every system's table of hosts has both.
  if (target.host === "localhost") hosts.push(...LOOPBACKS);
  return [...new Set(hosts)].map((host) => encodeTcpAddress(host, target.port));
}
