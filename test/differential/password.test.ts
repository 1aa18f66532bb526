// With a password: what a client may do before it has given it, how it gives it, and what is too
// much of a stranger. The same bytes as from Debian's redis-server.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { describeProgram } from "../support/debian-program.ts";
import { startClientServer, type ClientServer } from "../support/client-server.ts";
import { RealRedis } from "../support/real-redis.ts";
import { showText } from "../support/redis-request.ts";
import { areAlike } from "../support/reply-likeness.ts";
import { encodeCommand, RespClient } from "../support/resp-client.ts";

const PASSWORD = "open sesame";
const LOGIN = ["AUTH", PASSWORD];

/** Each by a new client. */
const SESSIONS: readonly (readonly (readonly string[])[])[] = [
  [["GET", "a"], ["SET", "a", "1"], ["PING"], ["ECHO", "a"], ["MULTI"], ["EXEC"], ["nosuch", "a"]],
  [["HELLO"], ["HELLO", "2"], ["HELLO", "3"], ["HELLO", "4"], ["HELLO", "3", "SETNAME", "a"]],
  [["CLIENT", "SETNAME", "a"], ["COMMAND", "COUNT", "x"], ["RESET"], ["GET"]],
  [["AUTH"], ["AUTH", "a", "b", "c"], ["AUTH", "wrong"], ["GET", "a"], LOGIN, ["GET", "a"]],
  [
    ["AUTH", "default", "wrong"],
    ["AUTH", "nobody", PASSWORD],
    ["AUTH", "default", PASSWORD],
  ],
  [["auth", "DEFAULT", PASSWORD], ["auth", PASSWORD], ["dbsize"], LOGIN, ["AUTH", "wrong"]],
  [["HELLO", "3", "AUTH", "default", PASSWORD], ["GET", "none"], ["HELLO"]],
  [
    ["HELLO", "2", "AUTH", "default", PASSWORD, "SETNAME", "b"],
    ["CLIENT", "GETNAME"],
  ],
  [["HELLO", "3", "AUTH", "default", "wrong"], ["GET", "none"], LOGIN, ["GET", "none"]],
  [["HELLO", "3", "AUTH", "default"], ["HELLO", "5", "AUTH", "default", PASSWORD], ["PING"]],
  [LOGIN, ["MULTI"], ["SET", "a", "1"], ["AUTH", "wrong"], ["AUTH", PASSWORD], ["EXEC"]],
  [LOGIN, ["SET", "a", "1"], ["RESET"], ["GET", "a"], LOGIN, ["GET", "a"]],
  [LOGIN, ["CLIENT", "NO-EVICT", "ON"]],
  [["QUIT"]],
];

/** Each by a new client. */
const BYTES: readonly string[] = [
  "PING\r\nQUIT\r\n",
  `AUTH "${PASSWORD}"\r\nGET none\r\nQUIT\r\n`,
  `*10\r\n${"$1\r\na\r\n".repeat(10)}QUIT\r\n`,
  "*11\r\n",
  "*1000000\r\n",
  `*2\r\n$4\r\nECHO\r\n$16384\r\n${"x".repeat(16_384)}\r\nQUIT\r\n`,
  "*2\r\n$4\r\nECHO\r\n$16385\r\n",
  "*2\r\n$4\r\nECHO\r\n$1000000\r\n",
  "*abc\r\n",
];

describeProgram("redis-server", "redis-server", () => {
  let redis: RealRedis;
  let server: ClientServer;

  beforeAll(async () => {
    redis = await RealRedis.start(["--requirepass", PASSWORD]);
    server = await startClientServer(PASSWORD);
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  test.each(SESSIONS.map((session) => [session] as const))(
    "answers alike to %j",
    async (session) => {
      using ours = await RespClient.connect(server.port);
      using theirs = await RespClient.connect(redis.port);
      for (const args of session) {
        for (const client of [ours, theirs]) client.send(encodeCommand(args));
        const replies = await Promise.all([ours.reply(), theirs.reply()]);
        const [left, right] = replies as [Buffer, Buffer];
        if (areAlike("hello", left, right)) continue;
        expect({ args, reply: String(left) }).toEqual({ args, reply: String(right) });
      }
    },
  );

  test.each(BYTES.map((bytes) => [showText(bytes), bytes] as const))(
    "answers alike to %s",
    async (_, bytes) => {
      const rests = [server.port, redis.port].map(async (port) => {
        using client = await RespClient.connect(port);
        client.send(Buffer.from(bytes));
        return String(await client.rest());
      });
      const [ours, theirs] = await Promise.all(rests);
      expect(ours).toBe(theirs!);
    },
  );
});
