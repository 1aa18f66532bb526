// The io_uring engine alone; what it does for whole servers is in test/integration, over both.

import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { UNDER_WAY, type SendRegion } from "../../src/batch/send-windows.ts";
import type { Engine } from "../../src/net/engine.ts";
import { createUringEngine } from "../../src/net/uring-engine.ts";
import { probeUring } from "../../src/uring/probe.ts";
import { ERRNO } from "../../src/uring/errno.ts";
import {
  IORING_REGISTER_FILES2,
  IORING_REGISTER_FILES_UPDATE,
} from "../../src/uring/kernel-constants.ts";
import { loadUringLibc, type UringLibc } from "../../src/uring/uring-libc.ts";
import { CONNECTION_COUNT, EngineFixture, MIB } from "../support/engine-fixture.ts";
import { Random } from "../support/random.ts";
import { RawClient } from "../support/raw-client.ts";
import { waitUntil } from "../support/wait-until.ts";

const libc = loadUringLibc();
const probe = probeUring(libc);

/** More than a process with 64 descriptors can have. */
const CLIENTS_AT_LIMIT = 80;

/** The lines of a stream, one after the other. */
function readLines(stream: ReadableStream<Uint8Array>): { next(): Promise<string> } {
  const reader = stream.getReader();
  let text = "";
  return {
    async next() {
      while (!text.includes("\n")) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`the process has ended: ${text}`);
        text += Buffer.from(value).toString();
      }
      const line = text.slice(0, text.indexOf("\n"));
      text = text.slice(line.length + 1);
      return line;
    },
  };
}

class Fixture extends EngineFixture<Engine> implements AsyncDisposable {
  constructor(uringLibc: UringLibc) {
    super((handlers) => createUringEngine(uringLibc, handlers.windows, handlers, CONNECTION_COUNT));
  }

  /** What became of the writes so far, in order. */
  sentLengths(): number[] {
    const events = this.handlers.events.filter((event) => event.startsWith("sent 0 "));
    return events.map((event) => Number(event.slice("sent 0 ".length)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.endAll();
    const gone = (): boolean => {
      const count = (kind: string) =>
        this.handlers.events.filter((event) => event.startsWith(kind) && !event.endsWith("-1"));
      return count("opened").length === count("closed").length;
    };
    await this.until(gone, "the end of all connections");
  }
}

/** What kernels before 6.14 do, and processes that may have few descriptors. */
const withoutFiles: UringLibc | null = libc && {
  ...libc,
  ioUringRegister: (...call) =>
    call[1] === IORING_REGISTER_FILES2 ? -ERRNO.EMFILE : libc.ioUringRegister(...call),
};

describe.skipIf(!probe.usable).each([
  ["with registered sockets", libc],
  ["with descriptors", withoutFiles],
])("the io_uring engine, %s", (_, base) => {
  const make = (overrides: Partial<UringLibc> = {}): Fixture =>
    new Fixture({ ...base!, ...overrides });

  test("receives what clients send, also more than a window", async () => {
    await using fixture = make();
    const clients = [await fixture.connect(), await fixture.connect()];
    const text = fixture.text(0, 300_000);
    clients[0]!.send(text);
    clients[1]!.send("from the second");
    await fixture.until(() => fixture.handlers.textOf(0).length === text.length, "all bytes");
    expect(fixture.handlers.textOf(0) === text).toBe(true);
    await fixture.until(() => fixture.handlers.textOf(1) !== "", "the second's bytes");
    expect(fixture.handlers.textOf(1)).toBe("from the second");
  });

  test("reads nothing while there is no room, and all of it in order afterwards", async () => {
    await using fixture = make();
    const { handlers, engine } = fixture;
    const client = await fixture.connect();
    handlers.room.set(0, 10);
    // The window that is being received into has its room already.
    await engine.quiet();
    client.send("first");
    await fixture.until(() => handlers.textOf(0) === "first", "the first bytes");
    client.send("01234 and what finds no room");
    await engine.quiet();
    expect(handlers.textOf(0)).toBe("first01234");
    handlers.room.delete(0);
    engine.resumeReceiving(0);
    await fixture.until(() => handlers.textOf(0).endsWith("no room"), "the rest");
    expect(handlers.textOf(0)).toBe("first01234 and what finds no room");
  });

  test("closes a refused connection at once", async () => {
    await using fixture = make();
    for (let i = 0; i < CONNECTION_COUNT; i++) await fixture.connect();
    const refused = await fixture.connect();
    await fixture.until(() => refused.hasEnded, "the close");
    expect(fixture.handlers.events.at(-1)).toBe("opened -1");
  });

  test("tells what became of a write", async () => {
    await using fixture = make();
    const client = await fixture.connect();
    expect(fixture.engine.send(0, fixture.area, 100, 5000)).toBe(UNDER_WAY);
    await fixture.untilEvent("sent 0 5000");
    await fixture.until(() => client.text.length === 5000, "the bytes");
    expect(client.text === fixture.text(100, 5100)).toBe(true);
  });

  test("sends short when the client does not read, and goes on when it does", async () => {
    await using fixture = make();
    const client = await fixture.connect();
    client.pause();
    const total = 4 * MIB;
    let position = 0;
    const sendRest = (): number => fixture.engine.send(0, fixture.area, position, total - position);
    expect(sendRest()).toBe(UNDER_WAY);
    let known = 0;
    while (position < total) {
      await fixture.until(() => fixture.sentLengths().length > known, "the next completion");
      position += fixture.sentLengths()[known++]!;
      client.resume();
      if (position < total) sendRest();
    }
    expect(known).toBeGreaterThan(1);
    await fixture.until(() => client.text.length === total, "all bytes");
    expect(client.text === fixture.text(0, total)).toBe(true);
  });

  test("sends although its messages are used up and the kernel takes none now", async () => {
    let isOutOfMemory = false;
    const ioUringEnter: UringLibc["ioUringEnter"] = (...call) =>
      isOutOfMemory ? -ERRNO.EAGAIN : libc!.ioUringEnter(...call);
    await using fixture = make({ ioUringEnter });
    const { engine, area } = fixture;
    const [first, second] = [await fixture.connect(), await fixture.connect()];
    const regionAt = (offset: number) => [
      { area, offset, length: 1, reference: 0, window: -1 },
      { area, offset: offset + 1, length: 1, reference: 0, window: -1 },
    ];
    isOutOfMemory = true;
    for (let i = 0; i < 64; i++) engine.sendRegions(0, regionAt(2 * i));
    expect(engine.sendRegions(1, regionAt(128))).toBe(UNDER_WAY);
    isOutOfMemory = false;
    await fixture.until(() => first!.text.length === 128, "the first's bytes");
    await fixture.until(() => second!.text.length > 0, "the second's");
    expect(first!.text).toBe(fixture.text(0, 128));
    expect(second!.text).toBe(fixture.text(128, 129));
    await fixture.untilEvent("sent 1 1");
  });

  test("tells what a client has not acknowledged, until it has read all", async () => {
    await using fixture = make();
    const { engine } = fixture;
    const client = await fixture.connect();
    expect(engine.unacknowledgedBytes(0)).toBe(0);
    client.pause();
    const total = 4 * MIB;
    engine.send(0, fixture.area, 0, total);
    await fixture.until(() => engine.unacknowledgedBytes(0) > 0, "a full socket");
    client.resume();
    await fixture.until(() => engine.unacknowledgedBytes(0) === 0, "an empty one");
    expect(client.text.length).toBeGreaterThan(0);
    client.reset();
    await fixture.untilEvent("closed 0");
    expect(engine.unacknowledgedBytes(0)).toBe(0);
  });

  test("sends regions in their order, as many as fit one message", async () => {
    await using fixture = make();
    const client = await fixture.connect();
    const random = new Random(2);
    const regions: SendRegion[] = Array.from({ length: 200 }, () => ({
      area: fixture.area,
      offset: random.below(MIB),
      length: random.pick([0, 1, 5, 700]),
      reference: 0,
      window: -1,
    }));
    const texts = regions.map(({ offset, length }) => fixture.text(offset, offset + length));
    expect(fixture.engine.sendRegions(0, regions)).toBe(UNDER_WAY);
    await fixture.until(() => fixture.sentLengths().length === 1, "the completion");
    const expected = texts.slice(0, 64).join("");
    expect(fixture.sentLengths()).toEqual([expected.length]);
    await fixture.until(() => client.text.length === expected.length, "the bytes");
    expect(client.text === expected).toBe(true);
  });

  test("sees a client's end after all its bytes, and can still send", async () => {
    await using fixture = make();
    const client = await fixture.connect();
    client.send("last words");
    client.finish();
    await fixture.untilEvent("ended 0");
    expect(fixture.handlers.textOf(0)).toBe("last words");
    fixture.engine.send(0, fixture.area, 0, 50);
    await fixture.untilEvent("sent 0 50");
    fixture.engine.finish(0);
    await fixture.untilEvent("closed 0");
    await fixture.until(() => client.hasEnded, "the server's end");
    expect(client.text === fixture.text(0, 50)).toBe(true);
  });

  test("finishes: the client reads everything, ends, and only then it closes", async () => {
    await using fixture = make();
    const client = await fixture.connect();
    fixture.engine.send(0, fixture.area, 0, 1000);
    await fixture.untilEvent("sent 0 1000");
    fixture.engine.finish(0);
    await fixture.until(() => client.hasEnded, "the server's end");
    expect(client.text).toHaveLength(1000);
    expect(fixture.handlers.events).not.toContain("closed 0");
    client.close();
    await fixture.untilEvent("closed 0");
  });

  test("gives a number away only when nothing of it is under way", async () => {
    await using fixture = make();
    const { engine, handlers } = fixture;
    const client = await fixture.connect();
    client.pause();
    // More than the socket takes: the write stays under way, as the receive does.
    engine.send(0, fixture.area, 0, 4 * MIB);
    await engine.quiet();
    engine.destroy(0);
    await fixture.untilEvent("closed 0");
    await fixture.until(() => client.isClosed, "the reset");
    const next = await fixture.connect();
    expect(handlers.events.at(-1)).toBe("opened 0");
    next.send("anew");
    await fixture.until(() => handlers.textOf(0) === "anew", "the next one's bytes");
    expect(handlers.events.filter((event) => event === "closed 0")).toHaveLength(1);
  });

  test("ends a connection once, whatever is asked of it afterwards", async () => {
    await using fixture = make();
    await fixture.connect();
    const { engine, handlers } = fixture;
    engine.destroy(0);
    engine.destroy(0);
    engine.close(0);
    await fixture.untilEvent("closed 0");
    engine.finish(0);
    engine.resumeReceiving(0);
    expect(engine.send(0, fixture.area, 0, 10)).toBe(-1);
    expect(engine.sendRegions(0, [])).toBe(-1);
    await engine.quiet();
    expect(handlers.events).toEqual(["opened 0", "closed 0"]);
  });

  test("sees a client that resets the connection", async () => {
    await using fixture = make();
    const client = await fixture.connect();
    client.close();
    await fixture.untilEvent("ended 0");
    fixture.engine.send(0, fixture.area, 0, 1000);
    await fixture.until(
      () => fixture.handlers.events.some((event) => /^(sent 0|closed 0)/.test(event)),
      "what became of the write",
    );
  });

  test("says that an address is in use, with the code that Bun's errors have", async () => {
    await using fixture = make();
    const again = () =>
      fixture.engine.listen({ kind: "tcp", host: "127.0.0.1", port: fixture.port });
    expect(again).toThrow("bind failed: EADDRINUSE");
    try {
      again();
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("EADDRINUSE");
    }
  });

  test("waits at the descriptor limit, counts it, and goes on afterwards", async () => {
    const script = join(import.meta.dir, "../support/accept-limit.ts");
    const command = `ulimit -n 64 && exec "$0" "$1" ${CLIENTS_AT_LIMIT}`;
    await using child = Bun.spawn(["bash", "-c", command, process.execPath, script], {
      stdout: "pipe",
    });
    const lines = readLines(child.stdout);
    const port = Number(await lines.next());
    const clients: RawClient[] = [];
    for (let i = 0; i < CLIENTS_AT_LIMIT; i++) clients.push(await RawClient.connect(port));
    expect(await lines.next()).toBe("full");
    for (const client of clients.slice(0, CLIENTS_AT_LIMIT / 2)) client.finish();
    expect(await lines.next()).toBe("all");
    expect(await child.exited).toBe(0);
    for (const client of clients) client.close();
  });

  test("leaves no descriptor behind", async () => {
    const count = (): number => readdirSync("/proc/self/fd").length;
    {
      await using warm = make();
      await warm.connect();
    }
    const before = count();
    for (let round = 0; round < 5; round++) {
      await using fixture = make();
      const client = await fixture.connect();
      client.close();
      await fixture.untilEvent("ended 0");
    }
    await waitUntil(
      () => count() <= before,
      () => "the descriptors' end",
    );
  });

  test("keeps its doorbell open when it has run, because others may ring to the end", async () => {
    const count = (): number => readdirSync("/proc/self/fd").length;
    const before = count();
    let doorbell = -1;
    {
      await using fixture = make();
      const loop = fixture.engine.loop!;
      doorbell = loop.doorbell;
      loop.run(1, loop.leave, () => {});
    }
    // The ring's descriptor goes, the doorbell's stays.
    await waitUntil(
      () => count() <= before + 1,
      () => "the ring's end",
    );
    expect(libc!.eventfdWrite(doorbell, 1)).toBe(0);
    libc!.close(doorbell);
  });
});

describe.skipIf(!probe.usable)("the io_uring engine, with registered sockets", () => {
  test("closes a socket that finds no place, and serves the others", async () => {
    let hasMemory = false;
    const ioUringRegister: UringLibc["ioUringRegister"] = (...call) => {
      const isRefused = call[1] === IORING_REGISTER_FILES_UPDATE && !hasMemory;
      if (!isRefused) return libc!.ioUringRegister(...call);
      hasMemory = true;
      return -ERRNO.ENOMEM;
    };
    await using fixture = new Fixture({ ...libc!, ioUringRegister });
    const refused = await fixture.connect();
    await fixture.until(() => refused.hasEnded, "the close");
    expect(fixture.handlers.events).toEqual(["opened 0", "closed 0"]);
    const client = await fixture.connect();
    client.send("hello");
    await fixture.until(() => fixture.handlers.textOf(0) === "hello", "the bytes");
  });

  test("names each by its place, whatever its descriptor is", async () => {
    await using fixture = new Fixture(libc!);
    const clients = [await fixture.connect(), await fixture.connect()];
    await fixture.untilEvent("opened 1");
    // The place is free, and the descriptor is the next socket's.
    clients[0]!.close();
    await fixture.untilEvent("ended 0");
    fixture.engine.close(0);
    await fixture.untilEvent("closed 0");
    const next = await fixture.connect();
    for (const [i, client] of [next, clients[1]!].entries()) {
      client.send(`from ${i}`);
      await fixture.until(() => fixture.handlers.textOf(i).endsWith(`from ${i}`), "the bytes");
      expect(fixture.engine.send(i, fixture.area, i, 10)).toBe(UNDER_WAY);
      await fixture.until(() => client.text === fixture.text(i, i + 10), "the reply");
    }
  });
});
