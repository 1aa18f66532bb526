// Input that no client should send, through real sockets: frames in pieces, lengths that lie,
// lengths that are never allowed. Random bytes are in test/fuzz/.

import { expect, setDefaultTimeout, test } from "bun:test";
import { describeEngines } from "../support/describe-engines.ts";
import { DROP } from "../../src/server/connection-table.ts";
import { expectHealthy } from "../support/expect-healthy.ts";
import { expectReplies } from "../support/expect-replies.ts";
import { ModelServer } from "../support/model-server.ts";
import { type TestServer } from "../support/test-server.ts";
import {
  ERROR,
  OK,
  TOO_LONG,
  frame,
  reply,
  request,
  show,
  sized,
  u16,
} from "../support/v1-frames.ts";

setDefaultTimeout(30_000);

/** One valid request of each command, with what an empty server answers in this order. */
const CONVERSATION: readonly (readonly [string, Buffer, Buffer])[] = [
  ["SET", request.set("n", "41"), reply.value("41")],
  ["SET EX", request.setEx("e", "value", 100), reply.value("value")],
  ["GET", request.get("e"), reply.value("value")],
  ["INCR", request.incr("n"), reply.value(42)],
  ["INCRBY", request.incrBy("n", -2), reply.value(40)],
  ["PING", request.ping("payload"), reply.pong("payload")],
  ["DECR", request.decr("n"), reply.value(39)],
  ["DECRBY", request.decrBy("n", 9), reply.value(30)],
  ["EXPIRE", request.expire("n", 50), OK],
  ["TTL", request.ttl("n"), reply.value(50)],
  ["PERSIST", request.persist("n"), OK],
  ["DEL", request.del("e"), OK],
  ["KEYS", request.keys(), reply.keys("1) n")],
  ["INFO", request.info(), reply.info("")],
];
const REQUESTS = CONVERSATION.map(([, asked]) => asked);
const REPLIES = CONVERSATION.map(([, , answer]) => answer);

/** Sends pieces, each in a segment of its own as far as the system allows. */
async function sendPieces(server: TestServer, pieces: readonly Buffer[], replyCount: number) {
  const client = await server.connect();
  for (const piece of pieces) {
    const before = server.thread.pipeline.turn.receiveCount;
    client.send(piece);
    while (server.thread.pipeline.turn.receiveCount === before) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
  const replies = await client.replies(replyCount);
  client.close();
  return replies;
}

describeEngines("a frame in pieces", (startServer) => {
  test("is answered as a whole one, wherever it is cut", async () => {
    for (const [name, asked] of CONVERSATION) {
      for (let at = 1; at < asked.length; at++) {
        await using server = await startServer({ maxMemoryBytes: 16 * 2 ** 20 });
        const model = new ModelServer(server.clock.now);
        const setUp = [request.setEx("n", "7", 9), request.set("e", "x")];
        const expected = [...setUp, asked, request.ping("behind")].map((one) => model.execute(one));
        const pieces = [
          Buffer.concat([...setUp, asked.subarray(0, at)]),
          Buffer.concat([asked.subarray(at), request.ping("behind")]),
        ];
        const replies = await sendPieces(server, pieces, 4);
        expectReplies(replies, expected, `${name} cut at ${at}`);
      }
    }
  });

  test("may come byte by byte, with all others", async () => {
    await using server = await startServer();
    const bytes = [...Buffer.concat(REQUESTS)].map((byte) => Buffer.from([byte]));
    expectReplies(await sendPieces(server, bytes, REPLIES.length), REPLIES, "byte by byte");
    await expectHealthy(server);
  });

  test("is dropped when the client goes in the middle of it, and changes nothing", async () => {
    await using server = await startServer();
    for (const asked of REQUESTS) {
      for (let length = 1; length < asked.length; length++) {
        const client = await server.connect();
        client.send(asked.subarray(0, length));
        client.finish();
        await client.ended();
        expect(client.replyCount).toBe(0);
        client.close();
      }
    }
    expect(server.thread.store.keyCount).toBe(0);
    await expectHealthy(server);
  });
});

const LIES: readonly (readonly [string, Buffer, Buffer])[] = [
  ["length 0", frame(), ERROR],
  ["an unknown command", frame(0x10, sized("key")), ERROR],
  ["DURABILITY where nothing is kept", request.durability("always"), ERROR],
  ["DURABLE where nothing is kept", request.durable("none", request.get("key")), ERROR],
  ["the command byte 0", frame(0x00), ERROR],
  ["the command byte 255", frame(0xff, "anything"), ERROR],
  ["GET with nothing behind it", frame(0x02), ERROR],
  ["GET with half a key length", frame(0x02, "\0"), ERROR],
  ["GET whose key is one byte short", frame(0x02, u16(4), "abc"), ERROR],
  ["GET whose key length is 65535", frame(0x02, u16(65535), "abc"), ERROR],
  ["GET with bytes behind its key", frame(0x02, sized("absent"), "more"), ERROR],
  ["DEL whose key is one byte short", frame(0x09, u16(4), "abc"), ERROR],
  ["DEL with bytes behind its key", frame(0x09, sized("absent"), "more"), OK],
  ["INCR whose key is one byte short", frame(0x03, u16(4), "abc"), ERROR],
  ["DECR whose key is one byte short", frame(0x06, u16(4), "abc"), ERROR],
  ["TTL whose key is one byte short", frame(0x0b, u16(4), "abc"), ERROR],
  ["PERSIST whose key is one byte short", frame(0x0c, u16(4), "abc"), ERROR],
  ["SET without a value", frame(0x01, sized("key")), ERROR],
  ["SET with half a value length", frame(0x01, sized("key"), "\0"), ERROR],
  ["SET whose value is one byte short", frame(0x01, sized("key"), u16(6), "value"), ERROR],
  ["SET whose key eats the value", frame(0x01, u16(10), "key", sized("value")), ERROR],
  ["SET with one byte behind its value", frame(0x01, sized("key"), sized("v"), "x"), ERROR],
  ["SET with an empty expiry", frame(0x01, sized("key"), sized("v"), sized("")), ERROR],
  [
    "SET whose expiry is one byte short",
    frame(0x01, sized("key"), sized("v"), u16(3), "10"),
    ERROR,
  ],
  ["INCRBY without an amount", frame(0x04, sized("key")), ERROR],
  ["INCRBY whose amount is one byte short", frame(0x04, sized("key"), u16(2), "1"), ERROR],
  ["DECRBY whose amount is one byte short", frame(0x08, sized("key"), u16(2), "1"), ERROR],
  ["EXPIRE whose seconds are one byte short", frame(0x0a, sized("key"), u16(2), "1"), ERROR],
  ["PING with nothing behind it", frame(0x05), ERROR],
  ["PING whose payload is one byte short", frame(0x05, u16(4), "abc"), ERROR],
  ["PING with bytes behind its payload", frame(0x05, u16(2), "abc"), reply.pong("ab")],
  ["KEYS with a byte behind it", frame(0x0d, "x"), ERROR],
];

describeEngines("a frame that lies about what is in it", (startServer) => {
  test.each(LIES)("%s", async (_name, asked, expected) => {
    await using server = await startServer();
    const client = await server.connect();
    const replies = await client.ask(request.ping("before"), asked, request.ping("after"));
    expect(show(replies)).toEqual(show([reply.pong("before"), expected, reply.pong("after")]));
    expect(server.thread.store.keyCount).toBe(0);
    client.close();
    await expectHealthy(server);
  });

  test("does not see what an earlier frame left in the window", async () => {
    await using server = await startServer();
    const client = await server.connect();
    await client.ask(request.set("key", "value"));
    // Were the inner length believed, the key would be found behind the frame's end.
    const replies = await client.ask(frame(0x02, u16(3)), request.ping("key"));
    expect(show(replies)).toEqual(show([ERROR, reply.pong("key")]));
  });
});

describeEngines("the length 65535", (startServer) => {
  test("closes the connection after the replies to what came before", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const count = 500;
    const pings = Array.from({ length: count }, (_, i) => request.ping(`${i}`));
    client.send(...pings, TOO_LONG, request.set("never", "executed"));
    const replies = await client.replies(count);
    await client.ended();
    expect(show(replies[count - 1]!)).toEqual(show(reply.pong(`${count - 1}`)));
    expect(client.replyCount).toBe(0);
    client.close();
    await expectHealthy(server);
    expect(server.thread.store.keyCount).toBe(0);
    expect(server.thread.connections.droppedCounts[DROP.PROTOCOL]).toBe(1);
  });

  test("closes the connection with nothing before it, also in two pieces", async () => {
    await using server = await startServer();
    for (const pieces of [[TOO_LONG], [TOO_LONG.subarray(0, 1), TOO_LONG.subarray(1)]]) {
      const client = await server.connect();
      for (const piece of pieces) {
        client.send(piece);
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      await client.ended();
      client.close();
    }
    await expectHealthy(server);
    expect(server.thread.connections.droppedCounts[DROP.PROTOCOL]).toBe(2);
  });

  test("does so although the client goes on sending", async () => {
    await using server = await startServer();
    const client = await server.connect();
    client.send(request.ping("before"), TOO_LONG, Buffer.alloc(2 ** 20, 0xff));
    expect(show(await client.replies(1))).toEqual(show(reply.pong("before")));
    await client.ended();
    client.close();
    await expectHealthy(server);
  });

  test("waits until a slow client has read what came before", async () => {
    await using server = await startServer({ spareWindows: 2, sendLimitBytes: 64 * 1024 });
    const client = await server.connect();
    const value = "v".repeat(60_000);
    await client.ask(request.set("key", value));
    client.pause();
    const count = 200;
    client.send(...Array.from({ length: count }, () => request.get("key")), TOO_LONG);
    const { executor } = server.thread;
    const blocked = executor.blockedCount;
    while (executor.blockedCount === blocked) await new Promise((resolve) => setImmediate(resolve));
    client.resume();
    for (const answer of await client.replies(count)) {
      expect(answer.equals(reply.value(value))).toBe(true);
    }
    await client.ended();
    client.close();
    await expectHealthy(server);
  });

  test("is one more than the longest frame, which is answered", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const payload = "p".repeat(65531);
    const asked = request.ping(payload);
    expect(asked.readUInt16BE(0)).toBe(65534);
    const replies = await client.ask(asked, asked, request.ping("behind"));
    expect(show(replies)).toEqual(
      show([reply.pong(payload), reply.pong(payload), reply.pong("behind")]),
    );
  });
});
