// Sends several stretches of memory with one system call: sendmsg(2) on a socket's descriptor. The
// structures are those of 64-bit Linux:
//
//   struct msghdr (56 bytes)                        struct iovec (16 bytes)
//   0  name *   16 iovec *    32 control *          0  base *
//   8  namelen  24 iovlen     40 controllen         8  length
//                             48 flags

import type { SendRegion } from "../batch/send-windows.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { MSG_DONTWAIT, MSG_NOSIGNAL, type Libc } from "../lib/libc.ts";

/** IOV_MAX of Linux: more in one call is an error. */
export const IOVEC_COUNT_MAX = 1024;

const MSGHDR_SIZE = 56;
const MSGHDR_IOVEC = 16;
const MSGHDR_IOVEC_COUNT = 24;
const IOVEC_SIZE = 16;

export class VectoredSender {
  readonly #libc: Libc;
  readonly #header = new Uint8Array(MSGHDR_SIZE);
  readonly #headerView = new DataView(this.#header.buffer);
  readonly #vectors = new Uint8Array(IOVEC_COUNT_MAX * IOVEC_SIZE);
  readonly #vectorsView = new DataView(this.#vectors.buffer);
  readonly #addresses = new WeakMap<ByteArea, number>();

  constructor(libc: Libc) {
    this.#libc = libc;
    const vectors = BigInt(libc.addressOf(this.#vectors));
    this.#headerView.setBigUint64(MSGHDR_IOVEC, vectors, true);
  }

  /** Bytes the socket took of the first IOVEC_COUNT_MAX regions, or minus the error number. */
  send(descriptor: number, regions: readonly SendRegion[]): number {
    const count = Math.min(regions.length, IOVEC_COUNT_MAX);
    for (let i = 0; i < count; i++) {
      const { area, offset, length } = regions[i]!;
      const address = this.#addressOf(area) + offset;
      this.#vectorsView.setBigUint64(i * IOVEC_SIZE, BigInt(address), true);
      this.#vectorsView.setBigUint64(i * IOVEC_SIZE + 8, BigInt(length), true);
    }
    this.#headerView.setBigUint64(MSGHDR_IOVEC_COUNT, BigInt(count), true);
    return this.#libc.sendmsg(descriptor, this.#header, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  /** Areas live as long as the server, so their addresses are asked for once. */
  #addressOf(area: ByteArea): number {
    let address = this.#addresses.get(area);
    if (address === undefined) {
      address = this.#libc.addressOf(area.bytes);
      this.#addresses.set(area, address);
    }
    return address;
  }
}
