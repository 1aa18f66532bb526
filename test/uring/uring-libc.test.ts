import { describe, expect, test } from "bun:test";
import { ERRNO } from "../../src/uring/errno.ts";
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  PARAMS_WORDS,
  PROT_READ,
  PROT_WRITE,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../src/uring/kernel-constants.ts";
import { decodePort, encodeTcpAddress, encodeUnixAddress } from "../../src/uring/socket-address.ts";
import { allocateWords, loadUringLibc, type UringLibc } from "../../src/uring/uring-libc.ts";

const loaded = loadUringLibc();
const NO_DESCRIPTOR = -1;

describe("allocateWords", () => {
  test("gives words whose address does not move when their buffer is asked for", () => {
    const words = allocateWords(3);
    expect([...words]).toEqual([0, 0, 0]);
    if (loaded === null) return;
    const address = loaded.addressOf(words);
    expect(words.buffer.byteLength).toBe(12);
    expect(loaded.addressOf(words)).toBe(address);
  });
});

describe.skipIf(loaded === null)("loadUringLibc", () => {
  const libc = loaded as UringLibc;

  test("answers minus the error number, whatever the call", () => {
    const address = encodeTcpAddress("127.0.0.1", 0).bytes;
    expect([
      libc.close(NO_DESCRIPTOR),
      libc.bind(NO_DESCRIPTOR, address),
      libc.connect(NO_DESCRIPTOR, address),
      libc.listen(NO_DESCRIPTOR, 1),
      libc.setsockopt(NO_DESCRIPTOR, SOL_SOCKET, SO_REUSEADDR, 1),
      libc.getsockname(NO_DESCRIPTOR, address),
      libc.eventfdWrite(NO_DESCRIPTOR, 1),
      libc.ioUringEnter(NO_DESCRIPTOR, 0, 0, 0, 0, 0),
    ]).toEqual(new Array<number>(8).fill(-ERRNO.EBADF));
    expect(libc.ioUringRegister(NO_DESCRIPTOR, 0, 0, 0)).toBeLessThan(0);
    expect(libc.ioUringSetup(0, allocateWords(PARAMS_WORDS))).toBeLessThan(0);
    expect(libc.mmap(0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)).toBe(-ERRNO.EINVAL);
    expect(libc.munmap(1, 4096)).toBe(-ERRNO.EINVAL);
    expect(libc.socket(NO_DESCRIPTOR, SOCK_STREAM, 0)).toBe(-ERRNO.EAFNOSUPPORT);
    expect(libc.eventfd(0, NO_DESCRIPTOR)).toBe(-ERRNO.EINVAL);
  });

  test("keeps telling the error after many calls", () => {
    for (let i = 0; i < 20_000; i++) {
      if (libc.close(NO_DESCRIPTOR) !== -ERRNO.EBADF) throw new Error(`wrong at call ${i}`);
    }
  });

  test("maps memory that reads as it was written", () => {
    const length = 8192;
    const address = libc.mmap(length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(address % 4096).toBe(0);
    const bytes = new Uint8Array(libc.bufferAt(address, length));
    expect(bytes).toHaveLength(length);
    expect(libc.addressOf(bytes)).toBe(address);
    expect(libc.addressOf(bytes.subarray(100))).toBe(address + 100);
    bytes.fill(7);
    expect(bytes[length - 1]).toBe(7);
    expect(libc.munmap(address, length)).toBe(0);
  });

  test.each(["127.0.0.1", "::1"])("listens on %s and tells the port", (host) => {
    const { family, bytes } = encodeTcpAddress(host, 0);
    const listener = libc.socket(family, SOCK_STREAM, 0);
    try {
      expect(libc.setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, 1)).toBe(0);
      if (libc.bind(listener, bytes) === -ERRNO.EADDRNOTAVAIL) return; // No IPv6 here.
      expect(libc.listen(listener, 16)).toBe(0);
      const name = new Uint8Array(128);
      expect(libc.getsockname(listener, name)).toBe(bytes.length);
      expect(decodePort(name)).toBeGreaterThan(0);
    } finally {
      libc.close(listener);
    }
  });

  test("tells which address is taken", () => {
    const { family, bytes } = encodeUnixAddress(`\0fkvs-uring-${process.pid}`);
    const [one, other] = [libc.socket(family, SOCK_STREAM, 0), libc.socket(family, SOCK_STREAM, 0)];
    expect(libc.bind(one, bytes)).toBe(0);
    expect(libc.bind(other, bytes)).toBe(-ERRNO.EADDRINUSE);
    expect([libc.close(one), libc.close(other)]).toEqual([0, 0]);
  });

  test("makes an eventfd", () => {
    const descriptor = libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    expect(libc.eventfdWrite(descriptor, 3)).toBe(0);
    expect(libc.close(descriptor)).toBe(0);
  });
});
