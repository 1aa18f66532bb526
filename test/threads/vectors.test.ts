// The exchanges that were recorded with the original server, with two data threads.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Random } from "../support/random.ts";
import { RespClient } from "../support/resp-client.ts";
import { OK } from "../support/resp-model.ts";
import { cutAtRandom } from "../support/stream-pieces.ts";
import { TestClient } from "../support/test-client.ts";
import { TWO_THREADS_ONCE } from "../support/thread-choices.ts";
import { describeThreads } from "../support/thread-server.ts";
import { show } from "../support/v1-frames.ts";
import { expectedReply, readVectors } from "../vectors/v1-vectors.ts";

setDefaultTimeout(30_000);

const exchanges = readVectors();
const pipeline = Buffer.concat(exchanges.map(({ request }) => request));
const PIECE_LENGTH_MAX = 3000;
/** Several, so that they are of both threads. */
const CONNECTION_COUNT = 5;

function expectRecorded(replies: readonly Buffer[]): void {
  expect(replies).toHaveLength(exchanges.length);
  const unlike = exchanges.flatMap((exchange, i) => {
    const expected = expectedReply(exchange, replies[i]);
    if (replies[i]!.equals(expected)) return [];
    const { scenario, request } = exchange;
    return [{ scenario, request: show(request), reply: show(replies[i]!), want: show(expected) }];
  });
  expect(unlike.slice(0, 3)).toEqual([]);
}

describeThreads("the recorded exchanges", TWO_THREADS_ONCE, (server) => {
  test("are the same, connection after connection, whole and in pieces", async () => {
    using resp = await RespClient.connect(server.port);
    for (let seed = 1; seed <= CONNECTION_COUNT; seed++) {
      expect(await resp.ask("FLUSHALL")).toBe(OK);
      const { port } = server;
      const client = await TestClient.connect({ kind: "tcp", host: "127.0.0.1", port });
      const random = new Random(seed);
      const pieces = seed % 2 === 0 ? [pipeline] : cutAtRandom(pipeline, PIECE_LENGTH_MAX, random);
      for (const piece of pieces) {
        client.send(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expectRecorded(await client.replies(exchanges.length));
      client.close();
    }
  });

  test("are the same when each request comes by the next connection", async () => {
    const { port } = server;
    using resp = await RespClient.connect(port);
    expect(await resp.ask("FLUSHALL")).toBe(OK);
    const clients = await Promise.all(
      Array.from({ length: CONNECTION_COUNT }, () =>
        TestClient.connect({ kind: "tcp", host: "127.0.0.1", port }),
      ),
    );
    const replies: Buffer[] = [];
    for (const [i, { request }] of exchanges.entries()) {
      replies.push(...(await clients[i % CONNECTION_COUNT]!.ask(request)));
    }
    expectRecorded(replies);
    for (const client of clients) client.close();
  });
});
