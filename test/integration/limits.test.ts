// What is largest, and what is one more.

import { expect, setDefaultTimeout, test } from "bun:test";
import { describeEngines } from "../support/describe-engines.ts";
import { DROP } from "../../src/server/connection-table.ts";
import { expectHealthy } from "../support/expect-healthy.ts";
import { type TestServer } from "../support/test-server.ts";
import { ERROR, OK, frame, reply, request, show, sized } from "../support/v1-frames.ts";

setDefaultTimeout(30_000);

const MIB = 2 ** 20;
const FRAME_LENGTH_MAX = 65534;
/** Of a SET: all but the opcode and two lengths. */
const KEY_AND_VALUE_LENGTH_MAX = FRAME_LENGTH_MAX - 5;
const KEY_ALONE_LENGTH_MAX = FRAME_LENGTH_MAX - 3;
const KEYS_LENGTH_MAX = 65500;
const INT64_MAX = "9223372036854775807";
const INT64_MIN = "-9223372036854775808";

async function expectTooLong(server: TestServer, asked: Buffer): Promise<void> {
  expect(asked.readUInt16BE(0)).toBe(FRAME_LENGTH_MAX + 1);
  const before = server.thread.connections.droppedCounts[DROP.PROTOCOL]!;
  const client = await server.connect();
  client.send(request.ping("before"), asked);
  expect(show(await client.replies(1))).toEqual(show(reply.pong("before")));
  await client.ended();
  expect(client.replyCount).toBe(0);
  client.close();
  await expectHealthy(server);
  expect(server.thread.connections.droppedCounts[DROP.PROTOCOL]).toBe(before + 1);
}

describeEngines("keys and values of any length that a frame can hold", (startServer) => {
  const splits = [0, 1, 255, 256, 4096, 16384, 32767, 32768, 49144, 49145, 49146, 65528, 65529];

  test.each(splits)(
    "are stored and read whole: a key of %d bytes, the rest value",
    async (length) => {
      await using server = await startServer();
      const client = await server.connect();
      const key = "k".repeat(length);
      const value = "v".repeat(KEY_AND_VALUE_LENGTH_MAX - length);
      const asked = [
        request.set(key, value),
        request.get(key),
        request.set(key, ""),
        request.get(key),
      ];
      expect(asked[0]!.readUInt16BE(0)).toBe(FRAME_LENGTH_MAX);
      const replies = await client.ask(...asked, request.del(key), request.get(key));
      const stored = reply.value(value);
      const empty = reply.value("");
      expect(show(replies)).toEqual(show([stored, stored, empty, empty, OK, ERROR]));
      client.close();
      await expectHealthy(server);
    },
  );

  test.each([0, 1, 65529, 65530])(
    "end the connection one byte later: %d bytes of key",
    async (length) => {
      await using server = await startServer();
      const value = "v".repeat(KEY_AND_VALUE_LENGTH_MAX + 1 - length);
      await expectTooLong(server, request.set("k".repeat(length), value));
      expect(server.thread.store.keyCount).toBe(0);
    },
  );

  test("include a key that fills a frame alone", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const longest = "k".repeat(KEY_ALONE_LENGTH_MAX);
    const storable = "k".repeat(KEY_ALONE_LENGTH_MAX - 2);
    const replies = await client.ask(
      request.get(longest),
      request.incr(longest),
      request.get(longest),
      request.decr(longest),
      request.ttl(longest),
      request.persist(longest),
      request.del(longest),
      request.get(longest),
      request.incrBy("k".repeat(KEY_AND_VALUE_LENGTH_MAX - 1), 7),
      request.set(storable, ""),
    );
    expect(show(replies)).toEqual(
      show([
        ERROR,
        reply.value(1),
        reply.value(1),
        reply.value(0),
        reply.value(-1),
        OK,
        OK,
        ERROR,
        reply.value(7),
        reply.value(""),
      ]),
    );
    client.close();
    await expectTooLong(server, request.get(`${longest}k`));
    await expectTooLong(server, request.del(`${longest}k`));
    await expectTooLong(server, request.ping(`${longest}k`));
  });

  test("leave room for an expiry when there is one", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const value = "v".repeat(KEY_AND_VALUE_LENGTH_MAX - 2 - 3 - 3);
    const asked = request.setEx("key", value, "100");
    expect(asked.readUInt16BE(0)).toBe(FRAME_LENGTH_MAX);
    const replies = await client.ask(asked, request.get("key"), request.ttl("key"));
    expect(show(replies)).toEqual(show([reply.value(value), reply.value(value), reply.value(100)]));
    client.close();
    await expectTooLong(server, request.setEx("key", `${value}v`, "100"));
  });

  test("keep every byte, whatever it is", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const replies = await client.ask(
      request.set(all, all),
      request.get(all),
      request.get(all.toReversed()),
    );
    expect(show(replies)).toEqual(show([reply.value(all), reply.value(all), ERROR]));
  });
});

describeEngines("the expiry of a SET", (startServer) => {
  const cases: readonly (readonly [string, string, Buffer])[] = [
    ["31 characters", `${"0".repeat(28)}100`, reply.value("v")],
    ["32 characters", `${"0".repeat(29)}100`, ERROR],
    ["no characters", "", ERROR],
    ["a plus sign", "+100", reply.value("v")],
    ["a minus sign", "-0", ERROR],
  ];

  test.each(cases)("of %s", async (_name, seconds, expected) => {
    await using server = await startServer();
    const client = await server.connect();
    const replies = await client.ask(request.setEx("k", "v", seconds), request.ttl("k"));
    const ttl = expected === ERROR ? -2 : 100;
    expect(show(replies)).toEqual(show([expected, reply.value(ttl)]));
  });

  test("that a frame cuts short leaves the key as it was", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const cutShort = frame(0x01, sized("k"), sized("new"), "\0\u0003", "10");
    const replies = await client.ask(request.set("k", "old"), cutShort, request.get("k"));
    expect(show(replies)).toEqual(show([reply.value("old"), ERROR, reply.value("old")]));
  });
});

describeEngines("KEYS", (startServer) => {
  const linesLength = (keys: readonly string[]) =>
    keys.reduce((sum, key, i) => sum + `${i + 1}) ${key}\n`.length, 0);
  const few = ["a".repeat(30_000), "b".repeat(30_000)];

  test("lists up to 65500 bytes of lines, and is an error with one more", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const last = "c".repeat(KEYS_LENGTH_MAX - linesLength([...few, ""]));
    expect(linesLength([...few, last])).toBe(KEYS_LENGTH_MAX);
    const sets = [...few, last].map((key) => request.set(key, ""));
    const full = (await client.ask(...sets, request.keys())).at(-1)!;
    expect(full.length).toBe(5 + KEYS_LENGTH_MAX - 1);
    const listed = full.toString("latin1", 5).split("\n");
    expect(listed.map((line) => line.slice(0, 3))).toEqual(["1) ", "2) ", "3) "]);
    expect(new Set(listed.map((line) => line.slice(3)))).toEqual(new Set([...few, last]));

    const replies = await client.ask(
      request.del(last),
      request.set(`${last}c`, ""),
      request.keys(),
      request.del(`${last}c`),
      request.keys(),
    );
    expect(show(replies[2]!)).toEqual(show(ERROR));
    expect(replies[4]!.length).toBe(5 + linesLength(few) - 1);
  });

  test("counts the digits of its numbers", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const keys = Array.from({ length: 1200 }, (_, i) => `${i}`.padStart(47, "k"));
    await client.ask(...keys.map((key) => request.set(key, "")));
    const pad = "p".repeat(KEYS_LENGTH_MAX - linesLength([...keys, ""]));
    expect(linesLength([...keys, pad])).toBe(KEYS_LENGTH_MAX);
    const [, full] = await client.ask(request.set(pad, ""), request.keys());
    const lines = full!.toString("latin1", 5).split("\n");
    expect(lines.map((line) => Number.parseInt(line))).toEqual(
      Array.from({ length: 1201 }, (_, i) => i + 1),
    );
    const replies = await client.ask(request.del(pad), request.set(`${pad}p`, ""), request.keys());
    expect(show(replies[2]!)).toEqual(show(ERROR));
  });

  test("is empty for no keys, and leaves expired ones out", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const before = await client.ask(request.keys(), request.setEx("gone", "v", 1), request.keys());
    expect(show(before)).toEqual(show([reply.keys(""), reply.value("v"), reply.keys("1) gone")]));
    server.clock.now += 1000;
    expect(show(await client.ask(request.keys()))).toEqual(show(reply.keys("")));
  });
});

describeEngines("integers at the edges of 64 bits", (startServer) => {
  test("are exact, and an overflow changes nothing", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const replies = await client.ask(
      request.set("n", "9223372036854775806"),
      request.incr("n"),
      request.incr("n"),
      request.get("n"),
      request.incrBy("n", INT64_MIN),
      request.decrBy("n", INT64_MAX),
      request.decr("n"),
      request.get("n"),
      request.decrBy("absent", INT64_MIN),
      request.get("absent"),
      request.decrBy("minus", INT64_MAX),
      request.decr("minus"),
      request.decr("minus"),
      request.incrBy("m", "9007199254740993"),
      request.incr("m"),
    );
    expect(show(replies)).toEqual(
      show([
        reply.value("9223372036854775806"),
        reply.value(INT64_MAX),
        ERROR,
        reply.value(INT64_MAX),
        reply.value(-1),
        reply.value(INT64_MIN),
        ERROR,
        reply.value(INT64_MIN),
        ERROR,
        ERROR,
        reply.value(`-${INT64_MAX}`),
        reply.value(INT64_MIN),
        ERROR,
        reply.value("9007199254740993"),
        reply.value("9007199254740994"),
      ]),
    );
  });
});

describeEngines("a full memory", (startServer) => {
  test("refuses what needs more, serves the rest, and takes more after deletes", async () => {
    await using server = await startServer({ maxMemoryBytes: 16 * MIB });
    const client = await server.connect();
    const value = "v".repeat(1000);
    const stored = show(reply.value(value))[0]!;
    const refused = show(ERROR)[0]!;
    await client.ask(request.set("counter", "5"));
    let count = 0;
    for (let isFull = false; !isFull;) {
      const sets = Array.from({ length: 500 }, (_, i) => request.set(`key ${count + i}`, value));
      const answers = show(await client.ask(...sets));
      expect(new Set(answers).isSubsetOf(new Set([stored, refused]))).toBe(true);
      isFull = answers.includes(refused);
      count += 500;
    }
    expect(count).toBeGreaterThan(10_000);
    expect(count).toBeLessThan(20_000);
    const { keyCount } = server.thread.store;

    const replies = await client.ask(
      request.set("one more", value),
      request.get("one more"),
      request.get("key 0"),
      request.set("key 0", "w".repeat(1000)),
      request.incr("counter"),
      request.ttl("key 1"),
      request.ping("on"),
    );
    expect(show(replies)).toEqual([
      refused,
      refused,
      stored,
      ...show([reply.value("w".repeat(1000)), reply.value(6), reply.value(-1), reply.pong("on")]),
    ]);
    expect(server.thread.store.keyCount).toBe(keyCount);
    expect(server.thread.info()).toMatch(/^refused_memory_full:[1-9]/m);

    const dels = Array.from({ length: 2000 }, (_, i) => request.del(`key ${i}`));
    expect(new Set(show(await client.ask(...dels)))).toEqual(new Set(show(OK)));
    const again = Array.from({ length: 1500 }, (_, i) => request.set(`again ${i}`, value));
    expect(new Set(show(await client.ask(...again)))).toEqual(new Set([stored]));
    client.close();
    await expectHealthy(server);
  });

  test("leaves the old value of a key that cannot grow, and its deadline", async () => {
    await using server = await startServer({ maxMemoryBytes: 16 * MIB });
    const client = await server.connect();
    await client.ask(request.setEx("key", "old", 1000));
    const value = "v".repeat(30_000);
    let answers: string[] = [];
    for (let i = 0; !answers.includes(show(ERROR)[0]!); i++) {
      answers = show(await client.ask(request.set(`fill ${i}`, value)));
    }
    const replies = await client.ask(
      request.set("key", "w".repeat(60_000)),
      request.get("key"),
      request.ttl("key"),
      request.setEx("key", "w".repeat(60_000), 5),
      request.get("key"),
      request.ttl("key"),
    );
    const kept = [ERROR, reply.value("old"), reply.value(1000)];
    expect(show(replies)).toEqual(show([...kept, ...kept]));
  });
});
