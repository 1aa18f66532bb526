// What a client has to send and its socket has not taken yet.

import type { Socket } from "bun";

export class UnsentBytes {
  /** How many there are. */
  count = 0;
  readonly #pieces: Buffer[] = [];

  add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.count += bytes.length;
  }

  /** Writes until the socket takes no more. */
  writeTo(socket: Socket): void {
    while (this.#pieces.length > 0) {
      const bytes = this.#pieces[0]!;
      const written = socket.write(bytes, 0, bytes.length);
      if (written < 0) return;
      this.count -= written;
      if (written < bytes.length) {
        this.#pieces[0] = bytes.subarray(written);
        return;
      }
      this.#pieces.shift();
    }
  }
}
