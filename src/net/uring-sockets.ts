// The connections of the io_uring engine: what of each is under way in the kernel, and the
// operations that move its bytes.
//
// A connection has one receive and one write under way at most. Its number, and so its windows, go
// to another connection only when both have completed: `LEAVING` until then. The generation in the
// user data of an operation is a check of that, not a necessity.
//
// Where the kernel has places for files, a socket's is its connection's number. It holds the socket
// open, so it is given up before the descriptor is closed.
//
// Closures over constants: see src/command/fast-commands.ts.

import type { ReceiveWindows } from "../batch/receive-windows.ts";
import { UNDER_WAY, type SendRegion } from "../batch/send-windows.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { ERRNO } from "../uring/errno.ts";
import {
  IPPROTO_TCP,
  MSG_NOSIGNAL,
  SHUT_WR,
  SOCKADDR_UN_SIZE,
  SO_LINGER,
  SOL_SOCKET,
  TCP_NODELAY,
} from "../uring/kernel-constants.ts";
import { createMessageTable } from "../uring/message-table.ts";
import { NO_TIMEOUT, type Ring } from "../uring/ring.ts";
import type { Submissions } from "../uring/submissions.ts";
import { describeAddress } from "../uring/socket-address.ts";
import type { UringLibc } from "../uring/uring-libc.ts";
import type { ConnectionAddresses, EngineHandlers } from "./engine.ts";
import { loadUnacknowledgedBytes } from "./unacknowledged-bytes.ts";
import { KIND, userDataOf } from "./uring-user-data.ts";

/** States of a connection, as bits. */
const RECEIVING = 1;
const SENDING = 2;
/** There was no room to receive into. */
const HELD = 4;
const HAS_ENDED = 8;
/** Close as soon as the peer ends. */
const FINISHING = 16;
/** Goes as soon as nothing of it is under way. */
const LEAVING = 32;

const MESSAGE_COUNT = 64;
const VECTORS_PER_MESSAGE = 64;
const REFUSED = -1;
/** Trying first and polling only then was measured 3 to 10 % faster: docs/PERFORMANCE.md. */
const NOT_POLL_FIRST = 0;

export interface UringSocketParts {
  /** Sockets have places among the ring's files: the numbers of their connections. */
  readonly hasFiles: boolean;
  readonly libc: UringLibc;
  readonly ring: Ring;
  readonly submit: Submissions;
  readonly windows: ReceiveWindows;
  readonly handlers: EngineHandlers;
  readonly connectionCount: number;
  /** Has the next enter not wait: something was queued that will complete soon. */
  readonly requestTurn: () => void;
}

export interface UringSockets {
  /** Connections whose socket is not closed yet. */
  connectedCount: number;
  /** Pieces received, ever. */
  receivedCount: number;
  addressesOf(connection: number): ConnectionAddresses;
  unacknowledgedBytes(connection: number): number;
  /** Takes a socket that was accepted. */
  open(descriptor: number, isOverTcp: boolean): void;
  /** Receives again where something was received; before each enter. */
  rearm(): void;
  /** All that was queued is submitted. */
  submitted(): void;
  /** A receive or a write has completed. */
  complete(kind: number, connection: number, generation: number, result: number): void;
  resumeReceiving(connection: number): void;
  send(connection: number, area: ByteArea, offset: number, length: number): number;
  sendRegions(connection: number, regions: readonly SendRegion[]): number;
  finish(connection: number): void;
  close(connection: number): void;
  destroy(connection: number): void;
}

export function createUringSockets(parts: UringSocketParts): UringSockets {
  const { hasFiles, libc, ring, submit, windows, handlers, connectionCount, requestTurn } = parts;
  const messages = createMessageTable(libc, MESSAGE_COUNT, VECTORS_PER_MESSAGE);
  let messagesQueued = 0;
  const { ends } = windows;
  const windowsAddress = libc.addressOf(windows.area.bytes);
  /** Weakly: replies too long for a window bring memory of their own. */
  const addresses = new WeakMap<ByteArea, number>();
  const descriptors = new Int32Array(connectionCount).fill(-1);
  /** What operations name the socket by. */
  const files = hasFiles ? new Int32Array(connectionCount).map((_, i) => i) : descriptors;
  const generations = new Int32Array(connectionCount);
  const states = new Uint8Array(connectionCount);
  /** Connections that may have to receive again, once the turn is over. */
  const rearming = new Int32Array(2 * connectionCount + 1);
  let rearmingCount = 0;
  const addressBytes = new Uint8Array(new ArrayBuffer(SOCKADDR_UN_SIZE));
  const lingerReset = Int32Array.of(1, 0);
  const unacknowledgedBytesOf = loadUnacknowledgedBytes();

  function open(descriptor: number, isOverTcp: boolean): void {
    const connection = handlers.opened();
    if (connection === REFUSED) {
      libc.close(descriptor);
      return;
    }
    if (isOverTcp) libc.setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    descriptors[connection] = descriptor;
    states[connection] = 0;
    sockets.connectedCount++;
    // If that fails, so does the first receive, and the connection goes.
    if (hasFiles) ring.registration.registerFile(connection, descriptor);
    rearmLater(connection);
  }

  function complete(kind: number, connection: number, generation: number, result: number): void {
    if (generation !== generations[connection]) return;
    if (kind === KIND.RECEIVE) received(connection, result);
    else sent(connection, result);
  }

  function rearmLater(connection: number): void {
    rearming[rearmingCount++] = connection;
    if (rearmingCount === rearming.length) rearm();
  }

  function rearm(): void {
    const count = rearmingCount;
    rearmingCount = 0;
    for (let i = 0; i < count; i++) armReceive(rearming[i]!);
  }

  function armReceive(connection: number): void {
    if ((states[connection]! & (RECEIVING | LEAVING | HAS_ENDED)) !== 0) return;
    if (descriptors[connection]! < 0) return;
    const room = handlers.roomFor(connection);
    if (room === 0) {
      states[connection]! |= HELD;
      return;
    }
    states[connection] = (states[connection]! | RECEIVING) & ~HELD;
    submit.receive(
      files[connection]!,
      windowsAddress + ends[connection]!,
      room,
      NOT_POLL_FIRST,
      userDataOf(KIND.RECEIVE, connection),
      generations[connection]!,
    );
  }

  function received(connection: number, result: number): void {
    const state = states[connection]! & ~RECEIVING;
    states[connection] = state;
    if ((state & LEAVING) !== 0) {
      goIfDone(connection);
    } else if (result > 0) {
      sockets.receivedCount++;
      rearming[rearmingCount++] = connection;
      handlers.received(connection, result);
    } else if (result === 0) {
      states[connection] = state | HAS_ENDED;
      if ((state & FINISHING) !== 0) beginLeaving(connection);
      else handlers.ended(connection);
    } else if (result === -ERRNO.EINTR || result === -ERRNO.EAGAIN) {
      rearmLater(connection);
    } else {
      beginLeaving(connection);
    }
  }

  function resumeReceiving(connection: number): void {
    if ((states[connection]! & HELD) !== 0) rearmLater(connection);
  }

  function send(connection: number, area: ByteArea, offset: number, length: number): number {
    if (descriptors[connection]! < 0) return -1;
    if ((states[connection]! & LEAVING) !== 0) return 0;
    states[connection]! |= SENDING;
    submit.send(
      files[connection]!,
      addressOf(area) + offset,
      length,
      MSG_NOSIGNAL,
      userDataOf(KIND.SEND, connection),
      generations[connection]!,
    );
    return UNDER_WAY;
  }

  function sendRegions(connection: number, regions: readonly SendRegion[]): number {
    if (descriptors[connection]! < 0) return -1;
    if ((states[connection]! & LEAVING) !== 0) return 0;
    // The kernel copies a message when it is submitted; until then it may not be written again.
    if (messagesQueued === MESSAGE_COUNT) {
      ring.enter(0, NO_TIMEOUT);
      if (ring.room() !== ring.sqEntryCount) {
        // To take nothing would not do: nobody says later that there is room.
        const { area, offset, length } = regions[0]!;
        return send(connection, area, offset, length);
      }
      messagesQueued = 0;
    }
    const message = messagesQueued++;
    messages.clear(message);
    for (const { area, offset, length } of regions) {
      if (!messages.append(message, addressOf(area) + offset, length)) break;
    }
    states[connection]! |= SENDING;
    submit.sendMessage(
      files[connection]!,
      messages.addressOf(message),
      MSG_NOSIGNAL,
      userDataOf(KIND.SEND, connection),
      generations[connection]!,
    );
    return UNDER_WAY;
  }

  function sent(connection: number, result: number): void {
    states[connection]! &= ~SENDING;
    if ((states[connection]! & LEAVING) !== 0) {
      goIfDone(connection);
      return;
    }
    const isAgain = result === -ERRNO.EINTR || result === -ERRNO.EAGAIN;
    handlers.sent(connection, isAgain ? 0 : Math.max(-1, result));
  }

  function addressOf(area: ByteArea): number {
    let address = addresses.get(area);
    if (address === undefined) {
      address = libc.addressOf(area.bytes);
      addresses.set(area, address);
    }
    return address;
  }

  function addressesOf(connection: number): ConnectionAddresses {
    const descriptor = descriptors[connection]!;
    const localLength = libc.getsockname(descriptor, addressBytes);
    const local = describeAddress(addressBytes.subarray(0, Math.max(0, localLength)));
    const peerLength = libc.getpeername(descriptor, addressBytes);
    const peer = describeAddress(addressBytes.subarray(0, Math.max(0, peerLength)));
    // A Unix socket has one name, and no port.
    return local.startsWith("/") ? { peer: `${local}:0`, local: `${local}:0` } : { peer, local };
  }

  function finish(connection: number): void {
    if (descriptors[connection]! < 0) return;
    states[connection]! |= FINISHING;
    if ((states[connection]! & HAS_ENDED) !== 0) {
      beginLeaving(connection);
      return;
    }
    // All replies are sent by now. Not as an operation of the ring: a thread of the kernel would
    // look the descriptor up later, when it may be another connection's.
    libc.shutdown(descriptors[connection]!, SHUT_WR);
    rearmLater(connection);
  }

  function beginLeaving(connection: number): void {
    if (descriptors[connection]! < 0 || (states[connection]! & LEAVING) !== 0) return;
    states[connection]! |= LEAVING;
    if ((states[connection]! & (RECEIVING | SENDING)) === 0) {
      go(connection);
      return;
    }
    submit.cancelDescriptor(descriptors[connection]!, userDataOf(KIND.IGNORED, 0), 0);
    requestTurn();
  }

  function destroy(connection: number): void {
    const descriptor = descriptors[connection]!;
    if (descriptor < 0) return;
    libc.setsockopt(descriptor, SOL_SOCKET, SO_LINGER, lingerReset);
    beginLeaving(connection);
  }

  function goIfDone(connection: number): void {
    if ((states[connection]! & (RECEIVING | SENDING)) === 0) go(connection);
  }

  function go(connection: number): void {
    // A queued cancellation names the descriptor: it must not meet the next socket's.
    ring.enter(0, NO_TIMEOUT);
    if (hasFiles) ring.registration.unregisterFile(connection);
    libc.close(descriptors[connection]!);
    descriptors[connection] = -1;
    generations[connection] = (generations[connection]! + 1) | 0;
    sockets.connectedCount--;
    handlers.closed(connection);
  }

  const sockets: UringSockets = {
    addressesOf,
    unacknowledgedBytes: (connection) => unacknowledgedBytesOf(descriptors[connection]!),
    connectedCount: 0,
    receivedCount: 0,
    open,
    rearm,
    submitted: () => {
      messagesQueued = 0;
    },
    complete,
    resumeReceiving,
    send,
    sendRegions,
    finish,
    close: beginLeaving,
    destroy,
  };
  return sockets;
}
