import { describe, expect, test } from "bun:test";
import type { SendRegion } from "../../src/batch/send-windows.ts";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { EAGAIN, loadLibc, type Libc } from "../../src/lib/libc.ts";
import { IOVEC_COUNT_MAX, VectoredSender } from "../../src/net/vectored-sender.ts";
import { waitUntil } from "../support/wait-until.ts";

const EBADF = 9;
const MSG_DONTWAIT_AND_NOSIGNAL = 0x4040;

function region(area: ByteArea, offset: number, length: number): SendRegion {
  return { area, offset, length, reference: 0, window: -1 };
}

/** Reads the structures of one call, as the kernel would. */
class TestLibc implements Libc {
  readonly calls: { descriptor: number; flags: number; vectors: [number, number][] }[] = [];
  addressCount = 0;
  result = 0;
  readonly #views: Uint8Array[] = [];

  sendmsg(descriptor: number, message: Uint8Array, flags: number): number {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    const table = this.#views[Number(view.getBigUint64(16, true)) / 1e6 - 1]!;
    const count = Number(view.getBigUint64(24, true));
    const rows = new DataView(table.buffer, table.byteOffset, table.byteLength);
    const vectors = Array.from({ length: count }, (_, i): [number, number] => [
      Number(rows.getBigUint64(i * 16, true)),
      Number(rows.getBigUint64(i * 16 + 8, true)),
    ]);
    this.calls.push({ descriptor, flags, vectors });
    return this.result;
  }

  madvise(): boolean {
    return false;
  }

  threadCpuMs(): number {
    return 0;
  }

  flock(): number {
    return 0;
  }

  /** A million apart, so that an address tells its view. */
  addressOf(bytes: Uint8Array): number {
    this.addressCount++;
    this.#views.push(bytes);
    return this.#views.length * 1e6;
  }
}

describe("VectoredSender", () => {
  test("lays out one vector a region, addresses of any area", () => {
    const libc = new TestLibc();
    const sender = new VectoredSender(libc);
    const [one, other] = [new ByteArea(new ArrayBuffer(10)), new ByteArea(new ArrayBuffer(10))];
    libc.result = 12;
    expect(sender.send(42, [region(one, 3, 4), region(other, 0, 5), region(one, 7, 3)])).toBe(12);
    expect(libc.calls).toEqual([
      {
        descriptor: 42,
        flags: MSG_DONTWAIT_AND_NOSIGNAL,
        vectors: [
          [2e6 + 3, 4],
          [3e6, 5],
          [2e6 + 7, 3],
        ],
      },
    ]);
  });

  test("asks for the address of an area once", () => {
    const libc = new TestLibc();
    const sender = new VectoredSender(libc);
    const area = new ByteArea(new ArrayBuffer(10));
    const before = libc.addressCount;
    for (let i = 0; i < 5; i++) sender.send(1, [region(area, i, 1)]);
    expect(libc.addressCount - before).toBe(1);
  });

  test("offers no more regions than a call may have", () => {
    const libc = new TestLibc();
    const sender = new VectoredSender(libc);
    const area = new ByteArea(new ArrayBuffer(10));
    const regions = Array.from({ length: IOVEC_COUNT_MAX + 5 }, () => region(area, 0, 1));
    sender.send(1, regions);
    expect(libc.calls[0]!.vectors).toHaveLength(IOVEC_COUNT_MAX);
  });

  const libc = loadLibc();

  test.skipIf(libc === null)("sends through a real descriptor, until it is full", async () => {
    let received = 0;
    let accepted: { fd: number } | null = null;
    using listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => void (accepted = socket as unknown as { fd: number }),
        data() {},
      },
    });
    const client = await Bun.connect({
      hostname: "127.0.0.1",
      port: listener.port,
      socket: { data: (_socket, chunk) => void (received += chunk.length) },
    });
    await waitUntil(
      () => accepted !== null,
      () => "the connection",
    );
    const sender = new VectoredSender(libc!);
    const area = new ByteArea(new SharedArrayBuffer(2 ** 20));
    const regions = [region(area, 0, 500_000), region(area, 100, 500_000)];
    let sent = 0;
    let result = 0;
    // The client shares this thread and reads nothing meanwhile.
    while ((result = sender.send(accepted!.fd, regions)) > 0) sent += result;
    expect(result).toBe(-EAGAIN);
    expect(sent).toBeGreaterThan(0);
    await waitUntil(
      () => received === sent,
      () => `${sent} bytes, got ${received}`,
    );
    client.end();
  });

  test.skipIf(libc === null)("answers minus the error number", () => {
    const sender = new VectoredSender(libc!);
    const area = new ByteArea(new ArrayBuffer(10));
    expect(sender.send(-1, [region(area, 0, 1)])).toBe(-EBADF);
  });
});
