// Addresses of sockets as the kernel takes them:
//
//   offset  0        2        4          8                24         28
//   IPv4    family   port     address    zeroes to 16
//   IPv6    family   port     flow       address          scope
//   unix    family   path, up to 107 bytes and a zero; an abstract name begins with a zero instead
//
// The family is in the machine's order, ports and IP addresses in the network's. Hosts are IP
// addresses here; a name has to be resolved before.

import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SOCKADDR_FAMILY_OFFSET,
  SOCKADDR_IN6_ADDR_OFFSET,
  SOCKADDR_IN6_SIZE,
  SOCKADDR_IN_ADDR_OFFSET,
  SOCKADDR_IN_SIZE,
  SOCKADDR_PORT_OFFSET,
  SOCKADDR_UN_PATH_OFFSET,
  SOCKADDR_UN_SIZE,
} from "./kernel-constants.ts";

/** sun_path without its final zero. */
export const UNIX_PATH_LENGTH_MAX = SOCKADDR_UN_SIZE - SOCKADDR_UN_PATH_OFFSET - 1;

const IPV4_PART_COUNT = 4;
const IPV6_PART_COUNT = 8;

export class SocketAddressError extends Error {
  override readonly name = "SocketAddressError";
}

export interface SocketAddress {
  /** AF_INET, AF_INET6 or AF_UNIX. */
  readonly family: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Throws SocketAddressError when the host is no IP address, or the port no port. */
export function encodeTcpAddress(host: string, port: number): SocketAddress {
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) {
    throw new SocketAddressError(`${port} is no port`);
  }
  const ipv4 = parseIpv4(host);
  if (ipv4 !== null) {
    const bytes = begin(AF_INET, SOCKADDR_IN_SIZE, port);
    bytes.set(ipv4, SOCKADDR_IN_ADDR_OFFSET);
    return { family: AF_INET, bytes };
  }
  const ipv6 = parseIpv6(host);
  if (ipv6 !== null) {
    const bytes = begin(AF_INET6, SOCKADDR_IN6_SIZE, port);
    bytes.set(ipv6, SOCKADDR_IN6_ADDR_OFFSET);
    return { family: AF_INET6, bytes };
  }
  throw new SocketAddressError(`${host} is no IP address`);
}

/** Throws SocketAddressError when the path is empty or too long. */
export function encodeUnixAddress(path: string): SocketAddress {
  const encoded = new TextEncoder().encode(path);
  if (encoded.length === 0) throw new SocketAddressError("the path of a unix socket is empty");
  if (encoded.length > UNIX_PATH_LENGTH_MAX) {
    throw new SocketAddressError(
      `the path of a unix socket has at most ${UNIX_PATH_LENGTH_MAX} bytes, not ${encoded.length}`,
    );
  }
  const isAbstract = encoded[0] === 0;
  if (encoded.includes(0, 1)) {
    throw new SocketAddressError("the path of a unix socket contains a zero");
  }
  // Of an abstract name every byte counts, so it has no final zero.
  const length = SOCKADDR_UN_PATH_OFFSET + encoded.length + (isAbstract ? 0 : 1);
  const bytes = new Uint8Array(new ArrayBuffer(length));
  new DataView(bytes.buffer).setUint16(SOCKADDR_FAMILY_OFFSET, AF_UNIX, true);
  bytes.set(encoded, SOCKADDR_UN_PATH_OFFSET);
  return { family: AF_UNIX, bytes };
}

/** The port in what getsockname wrote; null if it is no TCP address. */
export function decodePort(bytes: Uint8Array): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < SOCKADDR_IN_SIZE) return null;
  const family = view.getUint16(SOCKADDR_FAMILY_OFFSET, true);
  return family === AF_INET || family === AF_INET6 ? view.getUint16(SOCKADDR_PORT_OFFSET) : null;
}

/** What getsockname or getpeername wrote, as `1.2.3.4:5`, `[::1]:5` or a path. */
export function describeAddress(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = view.byteLength < 2 ? AF_UNIX : view.getUint16(SOCKADDR_FAMILY_OFFSET, true);
  if (family === AF_INET) {
    const parts = bytes.subarray(SOCKADDR_IN_ADDR_OFFSET, SOCKADDR_IN_ADDR_OFFSET + 4);
    return `${parts.join(".")}:${view.getUint16(SOCKADDR_PORT_OFFSET)}`;
  }
  if (family === AF_INET6) {
    const groups = Array.from({ length: IPV6_PART_COUNT }, (_, i) =>
      view.getUint16(SOCKADDR_IN6_ADDR_OFFSET + 2 * i).toString(16),
    );
    // A URL's host has the canonical short form.
    const { hostname } = new URL(`http://[${groups.join(":")}]`);
    return `${hostname}:${view.getUint16(SOCKADDR_PORT_OFFSET)}`;
  }
  const path = bytes.subarray(SOCKADDR_UN_PATH_OFFSET);
  const end = path.indexOf(0);
  return Buffer.from(end < 0 ? path : path.subarray(0, end)).toString();
}

function begin(family: number, size: number, port: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(new ArrayBuffer(size));
  const view = new DataView(bytes.buffer);
  view.setUint16(SOCKADDR_FAMILY_OFFSET, family, true);
  view.setUint16(SOCKADDR_PORT_OFFSET, port);
  return bytes;
}

function parseIpv4(host: string): number[] | null {
  const parts = host.split(".");
  if (parts.length !== IPV4_PART_COUNT) return null;
  // A leading zero means octal to some, so it is refused.
  const isByte = (part: string): boolean => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255;
  return parts.every(isByte) ? parts.map(Number) : null;
}

function parseIpv6(host: string): number[] | null {
  const halves = host.split("::");
  if (halves.length > 2) return null;
  // An IPv4 address may stand for the last two groups.
  const groups = halves.map((half, i) => parseGroups(half, i === halves.length - 1));
  const [left, right] = halves.length === 2 ? groups : [groups[0], []];
  if (left === null || left === undefined || right === null || right === undefined) return null;
  const missing = IPV6_PART_COUNT - left.length - right.length;
  // "::" stands for one group at least.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const all = [...left, ...new Array<number>(missing).fill(0), ...right];
  return all.flatMap((group) => [group >> 8, group & 0xff]);
}

/** "1:2" or "1:127.0.0.1", as groups of 16 bits. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    const ipv4 = mayEndInIpv4 && i === parts.length - 1 ? parseIpv4(part) : null;
    if (ipv4 !== null) groups.push((ipv4[0]! << 8) | ipv4[1]!, (ipv4[2]! << 8) | ipv4[3]!);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}
