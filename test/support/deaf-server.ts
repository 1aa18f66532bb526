// Listens and never accepts: its queue has room for one connection, and the kernel leaves the
// others without an answer.

import { AF_INET, SOCK_CLOEXEC, SOCK_STREAM } from "../../src/uring/kernel-constants.ts";
import { decodePort, encodeTcpAddress } from "../../src/uring/socket-address.ts";
import { loadUringLibc } from "../../src/uring/uring-libc.ts";

const ADDRESS_SIZE = 16;

export class DeafServer implements Disposable {
  readonly port: number;
  readonly #libc = loadUringLibc()!;
  readonly #descriptor: number;

  constructor() {
    this.#descriptor = this.#libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    this.#libc.bind(this.#descriptor, encodeTcpAddress("127.0.0.1", 0).bytes);
    if (this.#libc.listen(this.#descriptor, 0) < 0)
      throw new Error("the deaf server cannot listen");
    const address = new Uint8Array(new ArrayBuffer(ADDRESS_SIZE));
    this.#libc.getsockname(this.#descriptor, address);
    this.port = decodePort(address)!;
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#descriptor);
  }
}
