import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SendRegion } from "../../src/batch/send-windows.ts";
import { loadLibc, type Libc } from "../../src/lib/libc.ts";
import { ListenEngine } from "../../src/net/listen-engine.ts";
import { CONNECTION_COUNT, EngineFixture, MIB } from "../support/engine-fixture.ts";
import { Random } from "../support/random.ts";
import { RawClient } from "../support/raw-client.ts";

const folder = mkdtempSync(join(tmpdir(), "fkvs-engine-"));
afterAll(() => rmSync(folder, { recursive: true }));

class Fixture extends EngineFixture<ListenEngine> implements Disposable {
  constructor(libc: Libc | null = loadLibc()) {
    super((handlers) => new ListenEngine(handlers.windows, handlers, CONNECTION_COUNT, libc));
  }

  region(offset: number, length: number): SendRegion {
    return { area: this.area, offset, length, reference: 0, window: -1 };
  }

  [Symbol.dispose](): void {
    this.endAll();
  }
}

describe("ListenEngine receives", () => {
  test("what clients send, and ends the turn after all have been read", async () => {
    using fixture = new Fixture();
    const clients = [await fixture.connect(), await fixture.connect()];
    clients[0]!.send("from the first");
    clients[1]!.send("from the second");
    await fixture.until(
      () => fixture.handlers.textOf(1) === "from the second",
      "the second's bytes",
    );
    expect(fixture.handlers.textOf(0)).toBe("from the first");
    await fixture.until(() => fixture.handlers.turnCount > 0, "the end of the turn");
  });

  test("a chunk larger than a window piece by piece", async () => {
    using fixture = new Fixture();
    const client = await fixture.connect();
    const text = fixture.text(0, 300_000);
    client.send(text);
    await fixture.until(() => fixture.handlers.textOf(0).length === text.length, "all bytes");
    expect(fixture.handlers.textOf(0) === text).toBe(true);
  });

  test("holds what finds no room, and gives it in order when there is some", async () => {
    using fixture = new Fixture();
    const { handlers, engine } = fixture;
    const client = await fixture.connect();
    handlers.room.set(0, 10);
    client.send("0123456789 held ");
    await fixture.until(() => handlers.textOf(0).length === 10, "as much as there is room for");
    client.send("and more");
    await engine.quiet();
    expect(handlers.textOf(0)).toBe("0123456789");
    handlers.room.set(0, 3);
    engine.resumeReceiving(0);
    expect(handlers.textOf(0)).toBe("0123456789 he");
    handlers.room.delete(0);
    engine.resumeReceiving(0);
    await fixture.until(() => handlers.textOf(0).endsWith("more"), "the rest");
    expect(handlers.textOf(0)).toBe("0123456789 held and more");
  });

  test("reads no more from a client that it holds bytes of, but from the others", async () => {
    using fixture = new Fixture();
    const { handlers } = fixture;
    const [held, other] = [await fixture.connect(), await fixture.connect()];
    handlers.room.set(0, 0);
    held.send("x");
    await fixture.engine.quiet();
    other.send("not held");
    await fixture.until(() => handlers.textOf(1) === "not held", "the other's bytes");
    expect(handlers.textOf(0)).toBe("");
  });

  test("nothing from a refused connection, which is closed at once", async () => {
    using fixture = new Fixture();
    for (let i = 0; i < CONNECTION_COUNT; i++) await fixture.connect();
    const refused = await fixture.connect();
    refused.send("nobody reads this");
    await fixture.until(() => refused.hasEnded, "the close");
    expect(fixture.handlers.events.at(-1)).toBe("opened -1");
    expect(fixture.handlers.textOf(-1)).toBe("");
  });
});

describe("ListenEngine sees a client's end", () => {
  test("after all its bytes, and can still send", async () => {
    using fixture = new Fixture();
    const client = await fixture.connect();
    client.send("last words");
    client.finish();
    await fixture.untilEvent("ended 0");
    expect(fixture.handlers.textOf(0)).toBe("last words");
    expect(fixture.engine.send(0, fixture.area, 100, 50)).toBe(50);
    fixture.engine.finish(0);
    await fixture.until(() => client.hasEnded, "the server's end");
    expect(client.text === fixture.text(100, 150)).toBe(true);
    await fixture.untilEvent("closed 0");
  });

  test("not before the bytes that are held, when both come at once", async () => {
    using fixture = new Fixture();
    const { handlers, engine } = fixture;
    const client = await fixture.connect();
    handlers.room.set(0, 2);
    client.send("held");
    client.finish();
    await engine.quiet();
    expect(handlers.textOf(0)).toBe("he");
    expect(handlers.events).not.toContain("ended 0");
    handlers.room.delete(0);
    engine.resumeReceiving(0);
    await fixture.untilEvent("ended 0");
    expect(handlers.textOf(0)).toBe("held");
    await engine.quiet();
    expect(handlers.events.filter((event) => event === "ended 0")).toHaveLength(1);
  });

  test("not before the bytes that are held", async () => {
    using fixture = new Fixture();
    const { handlers, engine } = fixture;
    const client = await fixture.connect();
    handlers.room.set(0, 0);
    client.send("held");
    await engine.quiet();
    client.finish();
    await engine.quiet();
    expect(handlers.events).not.toContain("ended 0");
    handlers.room.delete(0);
    engine.resumeReceiving(0);
    await fixture.untilEvent("ended 0");
    expect(handlers.textOf(0)).toBe("held");
  });
});

describe("ListenEngine ends a connection", () => {
  test("with finish: the client reads everything, ends, and only then it closes", async () => {
    using fixture = new Fixture();
    const client = await fixture.connect();
    fixture.engine.send(0, fixture.area, 0, 1000);
    fixture.engine.finish(0);
    await fixture.until(() => client.hasEnded, "the server's end");
    expect(client.text === fixture.text(0, 1000)).toBe(true);
    expect(fixture.handlers.events).not.toContain("closed 0");
    client.close();
    await fixture.untilEvent("closed 0");
  });

  test("with close: what the kernel has still arrives", async () => {
    using fixture = new Fixture();
    const client = await fixture.connect();
    fixture.engine.send(0, fixture.area, 0, 1000);
    fixture.engine.close(0);
    expect(fixture.handlers.events).toContain("closed 0");
    await fixture.until(() => client.hasEnded, "the server's end");
    expect(client.text).toHaveLength(1000);
  });

  test("with destroy: at once, and its number can be used again", async () => {
    using fixture = new Fixture();
    const client = await fixture.connect();
    fixture.engine.destroy(0);
    expect(fixture.handlers.events).toEqual(["opened 0", "closed 0"]);
    await fixture.until(() => client.isClosed, "the reset");
    const next = await fixture.connect();
    expect(fixture.handlers.events.at(-1)).toBe("opened 0");
    next.send("anew");
    await fixture.until(() => fixture.handlers.textOf(0) === "anew", "the next one's bytes");
  });

  test("once, whatever is asked of it afterwards", async () => {
    using fixture = new Fixture();
    await fixture.connect();
    const { engine, handlers } = fixture;
    engine.destroy(0);
    engine.destroy(0);
    engine.close(0);
    engine.finish(0);
    engine.resumeReceiving(0);
    expect(engine.send(0, fixture.area, 0, 10)).toBe(-1);
    expect(engine.sendRegions(0, [fixture.region(0, 10)])).toBe(-1);
    expect(handlers.events).toEqual(["opened 0", "closed 0"]);
  });

  test("that the client has reset", async () => {
    using fixture = new Fixture();
    const client = await fixture.connect();
    client.close();
    await fixture.untilEvent("ended 0");
    fixture.engine.send(0, fixture.area, 0, 1000);
    await fixture.untilEvent("closed 0");
  });
});

/** A client that is reset while its bytes are held, and whose end a write meets before Bun does. */
async function connectAndReset(fixture: Fixture): Promise<void> {
  const client = await fixture.connect();
  fixture.handlers.room.set(0, 0);
  const turnCount = fixture.handlers.turnCount;
  client.send("held");
  await fixture.until(() => fixture.handlers.turnCount > turnCount, "the bytes that are held");
  client.reset();
}

describe("ListenEngine says at each write that a connection has failed", () => {
  test("whose bytes are held, and which it has therefore paused", async () => {
    using fixture = new Fixture();
    await connectAndReset(fixture);
    const { engine, area } = fixture;
    expect(engine.send(0, area, 0, 100)).toBe(-1);
    expect(engine.send(0, area, 0, 100)).toBe(-1);
    expect(engine.sendRegions(0, [fixture.region(0, 100)])).toBe(-1);
    await engine.quiet();
    expect(engine.send(0, area, 0, 100)).toBe(-1);
    engine.destroy(0);
    await fixture.untilEvent("closed 0");
  });

  test.each([
    ["one call", loadLibc()],
    ["a call each", null],
  ])("of several regions in %s", async (_, libc) => {
    using fixture = new Fixture(libc);
    await connectAndReset(fixture);
    const { engine, area } = fixture;
    const regions = [fixture.region(0, 100), fixture.region(200, 100)];
    expect(engine.sendRegions(0, regions)).toBe(-1);
    expect(engine.sendRegions(0, regions)).toBe(-1);
    expect(engine.send(0, area, 0, 100)).toBe(-1);
    engine.destroy(0);
    await fixture.untilEvent("closed 0");
  });
});

describe.each([
  ["with the vectored write", loadLibc()],
  ["without it", null],
] as const)("ListenEngine sends %s", (_name, libc) => {
  test("regions in their order, all the bytes and nothing else", async () => {
    using fixture = new Fixture(libc);
    const client = await fixture.connect();
    const random = new Random(2);
    const regions: SendRegion[] = [];
    let expected = "";
    for (let i = 0; i < 200; i++) {
      const offset = random.below(MIB);
      const length = random.pick([0, 1, 5, 700, 3000]);
      regions.push(fixture.region(offset, length));
      expected += fixture.text(offset, offset + length);
    }
    expect(fixture.engine.sendRegions(0, regions)).toBe(expected.length);
    await fixture.until(() => client.text.length >= expected.length, "all bytes");
    expect(client.text === expected).toBe(true);
  });

  test("more regions than fit one call", async () => {
    using fixture = new Fixture(libc);
    const client = await fixture.connect();
    const count = 2500;
    const regions = Array.from({ length: count }, (_, i) => fixture.region(i * 7, 7));
    const sent = fixture.engine.sendRegions(0, regions);
    expect(sent).toBe(7 * count);
    await fixture.until(() => client.text.length === sent, "all bytes");
    expect(client.text === fixture.text(0, 7 * count)).toBe(true);
  });

  test("as much as the socket takes, and the rest when it has drained", async () => {
    using fixture = new Fixture(libc);
    const { engine, handlers } = fixture;
    const client = await fixture.connect();
    client.pause();
    const total = 24 * MIB;
    const chunk = 3 * MIB;
    let expected = 0;
    let isFull = false;
    const write = (): void => {
      while (expected < total) {
        const offset = expected % chunk;
        const length = Math.min(chunk - offset, total - expected);
        const half = length >> 1;
        const regions = [
          fixture.region(offset, half),
          fixture.region(offset + half, length - half),
        ];
        const sent = engine.sendRegions(0, regions);
        expect(sent).toBeGreaterThanOrEqual(0);
        expected += sent;
        if (sent < length) {
          isFull = true;
          return;
        }
      }
    };
    write();
    expect(isFull).toBe(true);
    // Full is full: nothing is taken before the drain, however little it is.
    expect(engine.send(0, fixture.area, 0, 1)).toBe(0);
    expect(engine.sendRegions(0, [fixture.region(0, 1)])).toBe(0);
    handlers.writable = write;
    client.resume();
    await fixture.until(() => client.text.length === total, "all bytes");
    const period = fixture.text(0, chunk);
    for (let offset = 0; offset < total; offset += chunk) {
      expect(client.text.slice(offset, offset + chunk) === period).toBe(true);
    }
  });
});

describe.skipIf(process.platform !== "linux")("ListenEngine tells", () => {
  test("what a client has not acknowledged, until it has read all", async () => {
    using fixture = new Fixture();
    const { engine } = fixture;
    const client = await fixture.connect();
    expect(engine.unacknowledgedBytes(0)).toBe(0);
    client.pause();
    engine.send(0, fixture.area, 0, 4 * MIB);
    await fixture.until(() => engine.unacknowledgedBytes(0) > 0, "a full socket");
    client.resume();
    await fixture.until(() => engine.unacknowledgedBytes(0) === 0, "an empty one");
    client.reset();
    await fixture.untilEvent("closed 0");
    expect(engine.unacknowledgedBytes(0)).toBe(0);
  });
});

describe("ListenEngine listens", () => {
  test("until it stops, and keeps the connections it has", async () => {
    using fixture = new Fixture();
    const client = await fixture.connect();
    fixture.engine.stopListening();
    await expect(RawClient.connect(fixture.port)).rejects.toThrow();
    client.send("still here");
    await fixture.until(() => fixture.handlers.textOf(0) === "still here", "bytes");
  });

  test("refuses a port that is taken", () => {
    using fixture = new Fixture();
    using second = new Fixture();
    const address = { kind: "tcp", host: "127.0.0.1", port: fixture.port } as const;
    expect(() => second.engine.listen(address)).toThrow(
      expect.objectContaining({ code: "EADDRINUSE" }),
    );
  });

  test("removes its unix socket when it stops, but not one that has taken the place", async () => {
    const [own, taken] = [join(folder, "own.sock"), join(folder, "taken.sock")];
    using fixture = new Fixture();
    fixture.engine.listen({ kind: "unix", path: own });
    fixture.engine.listen({ kind: "unix", path: taken });
    renameSync(taken, `${taken}.moved`);
    const { promise, resolve } = Promise.withResolvers<void>();
    const other = createServer().listen(taken, resolve);
    await promise;
    fixture.engine.stopListening();
    expect(existsSync(own)).toBe(false);
    expect(existsSync(taken)).toBe(true);
    other.close();
  });
});

describe("ListenEngine's turns", () => {
  test("can be asked for, once at a time", async () => {
    using fixture = new Fixture();
    const { handlers, engine } = fixture;
    for (let i = 0; i < 5; i++) engine.requestTurn();
    await fixture.until(() => handlers.turnCount > 0, "the turn");
    await engine.quiet();
    expect(handlers.turnCount).toBe(1);
  });

  test("can be asked for at the end of one", async () => {
    using fixture = new Fixture();
    const { handlers, engine } = fixture;
    handlers.onTurn = () => {
      if (handlers.turnCount < 10) engine.requestTurn();
    };
    engine.requestTurn();
    await fixture.until(() => handlers.turnCount === 10, "ten turns");
  });
});
