import { describe, expect, test } from "bun:test";
import { ERRNO } from "../../src/uring/errno.ts";
import {
  EFD_CLOEXEC,
  IORING_CQE_F_MORE,
  IORING_RECVSEND_POLL_FIRST,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_WAITALL,
  SO_SNDBUF,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../src/uring/kernel-constants.ts";
import { createMessageTable } from "../../src/uring/message-table.ts";
import { NO_TIMEOUT } from "../../src/uring/ring.ts";
import { encodeTcpAddress } from "../../src/uring/socket-address.ts";
import { allocateWords } from "../../src/uring/uring-libc.ts";
import {
  connectSocket,
  endSending,
  makeSocketPair,
  receiveText,
  sendText,
} from "./socket-stand.ts";
import { isSkipped, RingStand, skipReason } from "./uring-fixture.ts";

/** A ring, two connected sockets and memory to send from and receive into. */
class SocketPairStand extends RingStand {
  readonly bytes = new Uint8Array(new ArrayBuffer(1 << 20));
  readonly address: number;
  readonly here: number;
  readonly there: number;

  constructor() {
    super();
    this.address = this.libc.addressOf(this.bytes);
    [this.here, this.there] = makeSocketPair();
  }

  text(length: number, offset = 0): string {
    return new TextDecoder().decode(this.bytes.subarray(offset, offset + length));
  }

  write(text: string): number {
    return new TextEncoder().encodeInto(text, this.bytes).written;
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.libc.close(this.here);
    this.libc.close(this.there);
  }
}

/** Reads as much as is asked for, running the ring in between. */
function drain(stand: SocketPairStand, length: number): string {
  let text = "";
  while (text.length < length) {
    text += receiveText(stand.there);
    stand.ring.enter(0, NO_TIMEOUT);
  }
  return text;
}

describe.skipIf(isSkipped)(`createSubmissions${skipReason}`, () => {
  test.each([0, IORING_RECVSEND_POLL_FIRST])("receives at an address (ioprio %d)", (ioprio) => {
    using stand = new SocketPairStand();
    stand.submissions.receive(stand.here, stand.address + 100, 50, ioprio, 11, -12);
    stand.ring.enter(0, NO_TIMEOUT);
    expect(stand.reap()).toEqual([]);
    sendText(stand.there, "hello");
    expect(stand.one()).toEqual({ low: 11, high: -12, result: 5, flags: expect.any(Number) });
    expect(stand.text(7, 99)).toBe("\0hello\0");
  });

  test("receives no more than asked for", () => {
    using stand = new SocketPairStand();
    sendText(stand.there, "hello");
    stand.submissions.receive(stand.here, stand.address, 2, 0, 1, 0);
    expect([stand.one().result, stand.text(3)]).toEqual([2, "he\0"]);
  });

  test("receives nothing from a peer that has ended", () => {
    using stand = new SocketPairStand();
    stand.submissions.receive(stand.here, stand.address, 10, 0, 1, 0);
    endSending(stand.there);
    expect(stand.one().result).toBe(0);
  });

  test("fails on descriptors that are not open or no sockets", () => {
    using stand = new SocketPairStand();
    stand.submissions.receive(-1, stand.address, 10, 0, 1, 0);
    expect(stand.one().result).toBe(-ERRNO.EBADF);
    stand.submissions.receive(stand.ring.descriptor, stand.address, 10, 0, 1, 0);
    expect(stand.one().result).toBe(-ERRNO.ENOTSOCK);
  });

  test("sends from an address, and EPIPE without a signal to a peer that is gone", () => {
    using stand = new SocketPairStand();
    stand.submissions.send(stand.here, stand.address, stand.write("reply"), MSG_NOSIGNAL, 1, 2);
    expect(stand.one()).toMatchObject({ low: 1, high: 2, result: 5 });
    expect(receiveText(stand.there)).toBe("reply");
    expect(endSending(stand.here)).toBe(0);
    stand.submissions.send(stand.here, stand.address, 5, MSG_NOSIGNAL, 1, 2);
    expect(stand.one().result).toBe(-ERRNO.EPIPE);
  });

  test("sends a part to a socket that is nearly full, EAGAIN to one that is", () => {
    using stand = new SocketPairStand();
    stand.libc.setsockopt(stand.here, SOL_SOCKET, SO_SNDBUF, 16384);
    const { length } = stand.bytes;
    const flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    stand.submissions.send(stand.here, stand.address, length, flags, 1, 0);
    const sent = stand.one().result;
    expect(sent).toBeWithin(1, length);
    stand.submissions.send(stand.here, stand.address, length, flags, 1, 0);
    expect(stand.one().result).toBe(-ERRNO.EAGAIN);
    expect(drain(stand, sent)).toHaveLength(sent);
  });

  test("sends everything once there is room with MSG_WAITALL", () => {
    using stand = new SocketPairStand();
    stand.libc.setsockopt(stand.here, SOL_SOCKET, SO_SNDBUF, 16384);
    const length = stand.bytes.fill(0x61).length;
    const flags = MSG_NOSIGNAL | MSG_WAITALL;
    stand.submissions.send(stand.here, stand.address, length, flags, 1, 0);
    stand.ring.enter(0, NO_TIMEOUT);
    expect(stand.reap()).toEqual([]);
    expect(drain(stand, length)).toBe("a".repeat(length));
    expect(stand.one().result).toBe(length);
  });

  test("sends a message of several vectors, which may change once it is submitted", () => {
    using stand = new SocketPairStand();
    const table = createMessageTable(stand.libc, 2, 3);
    stand.write("onetwothree");
    table.append(1, stand.address + 6, 5);
    table.append(1, stand.address, 3);
    table.append(1, stand.address + 3, 3);
    stand.submissions.sendMessage(stand.here, table.addressOf(1), MSG_NOSIGNAL, 1, 0);
    stand.ring.enter(0, NO_TIMEOUT);
    table.clear(1);
    expect(stand.one().result).toBe(11);
    expect(receiveText(stand.there)).toBe("threeonetwo");
  });

  test("accepts every connection with one submission", () => {
    using stand = new RingStand();
    const { libc, submissions } = stand;
    const { family, bytes } = encodeTcpAddress("127.0.0.1", 0);
    const listener = libc.socket(family, SOCK_STREAM, 0);
    expect([libc.bind(listener, bytes), libc.listen(listener, 16)]).toEqual([0, 0]);
    libc.getsockname(listener, bytes);
    submissions.acceptAll(listener, 5, 6);
    const clients = [1, 2, 3].map(() => libc.socket(family, SOCK_STREAM, 0));
    for (const client of clients) expect(connectSocket(client, bytes)).toBe(0);
    const accepted = stand.collect(3);
    for (const { low, high, result, flags } of accepted) {
      expect([low, high, flags & IORING_CQE_F_MORE]).toEqual([5, 6, IORING_CQE_F_MORE]);
      expect(result).toBeGreaterThan(2);
    }
    expect(new Set(accepted.map(({ result }) => result)).size).toBe(3);
    submissions.cancel(5, 6, 7, 0);
    expect(stand.collect(2).map(({ low, result, flags }) => [low, result, flags])).toEqual(
      expect.arrayContaining([
        [5, -ERRNO.ECANCELED, 0],
        [7, 0, 0],
      ]),
    );
    const sockets = [listener, ...clients, ...accepted.map(({ result }) => result)];
    for (const socket of sockets) libc.close(socket);
  });

  test("tells when a connection was reset", () => {
    using stand = new RingStand();
    const { libc, submissions } = stand;
    const { family, bytes } = encodeTcpAddress("127.0.0.1", 0);
    const listener = libc.socket(family, SOCK_STREAM, 0);
    libc.bind(listener, bytes);
    libc.listen(listener, 16);
    libc.getsockname(listener, bytes);
    const client = libc.socket(family, SOCK_STREAM, 0);
    submissions.acceptAll(listener, 1, 0);
    connectSocket(client, bytes);
    const accepted = stand.one().result;
    const memory = allocateWords(4);
    submissions.receive(accepted, libc.addressOf(memory), 16, 0, 2, 0);
    // A peer that closes with bytes unread resets.
    submissions.send(accepted, libc.addressOf(memory), 16, MSG_NOSIGNAL, 3, 0);
    expect(stand.one()).toMatchObject({ low: 3, result: 16 });
    libc.close(client);
    expect(stand.one()).toMatchObject({ low: 2, result: -ERRNO.ECONNRESET });
    for (const descriptor of [accepted, listener]) libc.close(descriptor);
  });

  test("cancels by user data and by descriptor", () => {
    using stand = new SocketPairStand();
    const { submissions, here, there, address } = stand;
    const results = (count: number) =>
      new Map(stand.collect(count).map(({ low, result }) => [low, result]));
    submissions.receive(here, address, 1, 0, 1, 9);
    submissions.receive(here, address, 1, 0, 2, 9);
    submissions.receive(there, address, 1, 0, 3, 9);
    submissions.receive(there, address, 1, 0, 4, 9);
    submissions.cancel(2, 9, 20, 0);
    expect(results(2)).toEqual(
      new Map([
        [2, -ERRNO.ECANCELED],
        [20, 0],
      ]),
    );
    submissions.cancel(2, 9, 20, 0);
    expect(results(1)).toEqual(new Map([[20, -ERRNO.ENOENT]]));
    submissions.cancelDescriptor(there, 20, 0);
    expect(results(3)).toEqual(
      new Map([
        [3, -ERRNO.ECANCELED],
        [4, -ERRNO.ECANCELED],
        [20, 2],
      ]),
    );
    submissions.cancelDescriptor(here, 20, 0);
    expect(results(2)).toEqual(
      new Map([
        [1, -ERRNO.ECANCELED],
        [20, 1],
      ]),
    );
  });

  test("times out", () => {
    using stand = new RingStand();
    const timespec = allocateWords(4);
    timespec[2] = 1000;
    stand.submissions.timeout(stand.libc.addressOf(timespec), 1, 0);
    expect(stand.one().result).toBe(-ERRNO.ETIME);
  });

  test("is woken by another thread through an eventfd", async () => {
    using stand = new RingStand();
    const { libc, submissions } = stand;
    const doorbell = libc.eventfd(0, EFD_CLOEXEC);
    const count = allocateWords(2);
    const worker = new Worker(new URL("doorbell-worker.ts", import.meta.url));
    await new Promise((resolve) => worker.addEventListener("message", resolve, { once: true }));
    const isWaiting = new Int32Array(new SharedArrayBuffer(4));
    worker.postMessage({ doorbell, isWaiting });
    submissions.read(doorbell, libc.addressOf(count), 8, 1, 0);
    stand.ring.enter(0, NO_TIMEOUT);
    expect(stand.reap()).toEqual([]);
    Atomics.store(isWaiting, 0, 1);
    Atomics.notify(isWaiting, 0);
    expect(stand.one()).toMatchObject({ low: 1, result: 8 });
    expect([...count]).toEqual([7, 0]);
    libc.close(doorbell);
    worker.terminate();
  });
});
