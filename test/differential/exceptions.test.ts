// Each exception from being like Redis is one still: what is like Redis by now is to be struck off.

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { describeProgram } from "../support/debian-program.ts";
import { startClientServer, TARGET, type ClientServer } from "../support/client-server.ts";
import { RealRedis } from "../support/real-redis.ts";
import { EXCEPTIONS } from "../support/redis-exceptions.ts";
import { showRequest, type Request } from "../support/redis-request.ts";
import { RespClient } from "../support/resp-client.ts";

describeProgram("redis-server", "redis-server", () => {
  if (TARGET === "redis") return;

  let redis: RealRedis;
  let server: ClientServer;

  beforeAll(async () => {
    redis = await RealRedis.start();
    server = await startClientServer();
  });

  beforeEach(async () => {
    for (const { port } of [redis, server]) {
      using client = await RespClient.connect(port);
      await client.ask("FLUSHALL");
    }
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  const cases = EXCEPTIONS.map(
    ({ reason, example }) => [showRequest(example.requests.at(-1)!), reason, example] as const,
  );

  test.each(cases)("answers otherwise to %s: %s", async (_shown, _reason, example) => {
    const ours = await lastReply(server.port, example.requests);
    const theirs = await lastReply(redis.port, example.requests);
    expect(ours).toMatch(example.ours);
    expect(theirs).toMatch(example.theirs);
    expect(ours).not.toBe(theirs);
  });
});

/** Empty = the server has closed the connection. */
async function lastReply(port: number, requests: readonly Request[]): Promise<string> {
  using client = await RespClient.connect(port);
  let reply: Buffer | null = null;
  for (const { bytes } of requests) {
    client.send(bytes);
    reply = await client.reply();
  }
  expect(reply !== null || client.isClosed).toBe(true);
  return reply?.toString("latin1") ?? "";
}
