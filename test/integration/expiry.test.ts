// Time passes: keys go unread, in bounded slices, while requests are answered.

import { expect, setDefaultTimeout, test } from "bun:test";
import { describeEngines } from "../support/describe-engines.ts";
import { TICK_MS } from "../../src/store/expiry-index.ts";
import { parseInfo, type TestServer } from "../support/test-server.ts";
import { ERROR, OK, reply, request, show, textIn } from "../support/v1-frames.ts";

setDefaultTimeout(30_000);

const MIB = 2 ** 20;
/** As many over the first engine; over the others it is the engine that is tried. */
const KEY_COUNTS = [1_000_000, 100_000];
const KEYS_PER_SEND = 10_000;
const PAGES_SLACK = 16;

async function fill(server: TestServer, count: number, seconds: number): Promise<void> {
  const client = await server.connect();
  for (let begin = 0; begin < count; begin += KEYS_PER_SEND) {
    const sets = Array.from({ length: KEYS_PER_SEND }, (_, i) =>
      request.setEx(`key ${begin + i}`, `value ${begin + i}`, seconds),
    );
    client.send(...sets);
    await client.replies(KEYS_PER_SEND);
  }
  client.close();
}

describeEngines("many keys with EX 1", (startServer, engineIndex) => {
  const keyCount = KEY_COUNTS[Math.min(engineIndex, 1)]!;

  test(`are gone from memory and INFO unread, ${keyCount}, while requests go on`, async () => {
    await using server = await startServer({ maxMemoryBytes: 256 * MIB });
    const { store } = server.thread;
    const emptyPages = store.pool.takenCount;
    const client = await server.connect();
    await fill(server, keyCount, 1);
    await client.ask(request.set("kept", "forever"));
    expect(store.keyCount).toBe(keyCount + 1);
    const fullPages = store.pool.takenCount;

    server.clock.now += 1000 + 2 * TICK_MS;
    let requestCount = 0;
    while (store.keyCount > 1) {
      const replies = await client.ask(request.ping("on"), request.get("kept"));
      expect(show(replies)).toEqual(show([reply.pong("on"), reply.value("forever")]));
      requestCount++;
    }
    expect(requestCount).toBeGreaterThan(keyCount / 50_000);
    const [text] = await client.ask(request.info());
    const info = parseInfo(textIn(text!));
    expect(info.get("keys")).toBe("1");
    expect(info.get("keys_with_deadline")).toBe("0");
    expect(info.get("expired")).toBe(`${keyCount}`);
    expect(Number(info.get("expiry_pairs"))).toBeLessThan(keyCount / 100);
    expect(store.pool.takenCount).toBeLessThan(fullPages / 4);
    expect(store.pool.takenCount - emptyPages).toBeGreaterThanOrEqual(-PAGES_SLACK);
  }, 60_000);
});

describeEngines("a key whose deadline has passed", (startServer) => {
  test("is missing for every command, from its very millisecond on", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const ask = async (...asked: Buffer[]) => show(await client.ask(...asked));
    await ask(request.setEx("k", "5", 10), request.set("l", "5"), request.expire("l", 10));
    server.clock.now += 9_999;
    expect(await ask(request.get("k"), request.ttl("k"), request.ttl("l"))).toEqual(
      show([reply.value("5"), reply.value(0), reply.value(0)]),
    );
    server.clock.now += 1;
    expect(
      await ask(
        request.get("k"),
        request.ttl("k"),
        request.expire("k", 100),
        request.persist("k"),
        request.get("k"),
        request.incr("k"),
        request.ttl("k"),
        request.expire("l", 100),
        request.del("l"),
        request.get("l"),
      ),
    ).toEqual(
      show([
        ERROR,
        reply.value(-2),
        ERROR,
        OK,
        ERROR,
        reply.value(1),
        reply.value(-1),
        ERROR,
        OK,
        ERROR,
      ]),
    );
  });

  test("may be set again, and then has the new deadline or none", async () => {
    await using server = await startServer();
    const client = await server.connect();
    await client.ask(request.setEx("a", "1", 1), request.setEx("b", "1", 1));
    server.clock.now += 1000;
    await client.ask(request.set("a", "2"), request.setEx("b", "2", 5));
    server.thread.tick();
    server.clock.now += 4999;
    expect(
      show(
        await client.ask(request.get("a"), request.ttl("a"), request.get("b"), request.ttl("b")),
      ),
    ).toEqual(show([reply.value("2"), reply.value(-1), reply.value("2"), reply.value(0)]));
  });

  test("is seen as the same by all requests of one turn", async () => {
    await using server = await startServer();
    const client = await server.connect();
    await client.ask(request.setEx("k", "v", 1));
    let reads = 0;
    const { clock } = server;
    const { now } = clock;
    clock.nowMs = () => {
      reads++;
      return now;
    };
    const before = server.thread.pipeline.turn.turnCount;
    await client.ask(...Array.from({ length: 500 }, () => request.get("k")));
    expect(reads).toBe(server.thread.pipeline.turn.turnCount - before);
  });
});
