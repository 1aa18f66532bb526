import { describe, expect, test } from "bun:test";
import { isIPv6 } from "node:net";
import fc from "fast-check";
import { AF_INET, AF_INET6, AF_UNIX } from "../../src/uring/kernel-constants.ts";
import {
  decodePort,
  encodeTcpAddress,
  encodeUnixAddress,
  SocketAddressError,
  UNIX_PATH_LENGTH_MAX,
} from "../../src/uring/socket-address.ts";

describe("encodeTcpAddress", () => {
  test("lays out an IPv4 address", () => {
    const { family, bytes } = encodeTcpAddress("127.0.0.1", 0x1234);
    expect(family).toBe(AF_INET);
    expect([...bytes]).toEqual([2, 0, 0x12, 0x34, 127, 0, 0, 1, ...new Array<number>(8).fill(0)]);
  });

  test("lays out an IPv6 address", () => {
    const { family, bytes } = encodeTcpAddress("2001:db8::a:ff", 443);
    expect(family).toBe(AF_INET6);
    expect(bytes.toHex()).toBe(`0a0001bb00000000${"20010db80000000000000000000a00ff"}00000000`);
  });

  test.each([
    ["0.0.0.0", "00000000"],
    ["255.1.20.3", "ff011403"],
    ["::", "00000000000000000000000000000000"],
    ["::1", "00000000000000000000000000000001"],
    ["1::", "00010000000000000000000000000000"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
    ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
    ["::ffff:127.0.0.1", "00000000000000000000ffff7f000001"],
    ["FE80::ABCD", "fe80000000000000000000000000abcd"],
  ])("encodes %s", (host, hex) => {
    const { family, bytes } = encodeTcpAddress(host, 1);
    const address = family === AF_INET ? bytes.subarray(4, 8) : bytes.subarray(8, 24);
    expect(address.toHex()).toBe(hex);
  });

  test.each([
    "localhost",
    "",
    "127.0.0",
    "127.0.0.256",
    "127.0.0.01",
    "1.2.3.4.5",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4::5:6:7:8",
    "12345::",
    "g::",
    "::127.0.0.1:1",
    "fe80::1%eth0",
  ])("refuses %j", (host) => {
    expect(() => encodeTcpAddress(host, 1)).toThrow(
      new SocketAddressError(`${host} is no IP address`),
    );
  });

  test.each([-1, 65536, 1.5, Number.NaN])("refuses port %d", (port) => {
    expect(() => encodeTcpAddress("::1", port)).toThrow(SocketAddressError);
  });

  test("takes exactly the IPv6 addresses that the runtime takes", () => {
    const text = fc
      .array(fc.constantFrom(":", "::", "0", "1", "ffff", "12345", "1.2.3.4", "x"), {
        maxLength: 12,
      })
      .map((parts) => parts.join(""));
    const encodes = (host: string): boolean => {
      try {
        return encodeTcpAddress(host, 0).family === AF_INET6;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(fc.oneof(text, fc.ipV6()), (host) => {
        expect([host, encodes(host)]).toEqual([host, isIPv6(host)]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("encodeUnixAddress", () => {
  test("lays out a path with its final zero", () => {
    const { family, bytes } = encodeUnixAddress("/é");
    expect(family).toBe(AF_UNIX);
    expect([...bytes]).toEqual([1, 0, 0x2f, 0xc3, 0xa9, 0]);
  });

  test("lays out an abstract name without one", () => {
    expect([...encodeUnixAddress("\0ab").bytes]).toEqual([1, 0, 0, 0x61, 0x62]);
  });

  test("takes 107 bytes and no more", () => {
    expect(UNIX_PATH_LENGTH_MAX).toBe(107);
    expect(encodeUnixAddress("a".repeat(107)).bytes).toHaveLength(110);
    expect(() => encodeUnixAddress("a".repeat(108))).toThrow(
      new SocketAddressError("the path of a unix socket has at most 107 bytes, not 108"),
    );
    expect(() => encodeUnixAddress("é".repeat(54))).toThrow(SocketAddressError);
  });

  test.each(["", "a\0b", "a\0"])("refuses %j", (path) => {
    expect(() => encodeUnixAddress(path)).toThrow(SocketAddressError);
  });
});

describe("decodePort", () => {
  test("reads the port of either family", () => {
    expect(decodePort(encodeTcpAddress("127.0.0.1", 65535).bytes)).toBe(65535);
    expect(decodePort(encodeTcpAddress("::1", 4711).bytes)).toBe(4711);
  });

  test("finds none in anything else", () => {
    expect(decodePort(encodeUnixAddress("/tmp/a-long-enough-path").bytes)).toBeNull();
    expect(decodePort(new Uint8Array([2, 0, 1, 1]))).toBeNull();
  });
});
