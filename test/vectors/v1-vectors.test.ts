// Every exchange that was recorded with the original server, asked again in three ways: step by
// step, as one pipeline, and as one pipeline cut at random places.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Random } from "../support/random.ts";
import { describeEngines } from "../support/describe-engines.ts";
import { cutAtRandom } from "../support/stream-pieces.ts";
import { InProcessServer } from "../support/test-server.ts";
import type { TestClient } from "../support/test-client.ts";
import { show, splitFrames } from "../support/v1-frames.ts";
import { expectedReply, readVectors } from "./v1-vectors.ts";

setDefaultTimeout(30_000);

const EXCHANGE_COUNT = 2015;
const PIECE_LENGTH_MAX = 3000;
const SEEDS = [1, 2, 3, 4, 5];

const exchanges = readVectors();
const pipeline = Buffer.concat(exchanges.map(({ request }) => request));

function expectRecorded(replies: readonly Buffer[], description: string): void {
  for (const [i, exchange] of exchanges.entries()) {
    const actual = replies[i];
    const expected = expectedReply(exchange, actual);
    if (actual?.equals(expected) === true) continue;
    const { scenario, request } = exchange;
    expect({
      description,
      scenario,
      exchange: i,
      request: show(request),
      reply: actual === undefined ? "none" : show(actual),
    }).toEqual({
      description,
      scenario,
      exchange: i,
      request: show(request),
      reply: show(expected),
    });
  }
  expect(replies).toHaveLength(exchanges.length);
}

async function sendPieces(client: TestClient, pieces: readonly Buffer[]): Promise<Buffer[]> {
  for (const piece of pieces) {
    client.send(piece);
    // So that the pieces leave one by one and not all at once.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return await client.replies(exchanges.length);
}

describe("the recorded exchanges", () => {
  test("are all there, each request one frame and each reply one frame", () => {
    expect(exchanges).toHaveLength(EXCHANGE_COUNT);
    for (const { request, reply } of exchanges) {
      expect(splitFrames(request).frames).toHaveLength(1);
      expect(splitFrames(reply).frames).toHaveLength(1);
    }
    expect(new Set(exchanges.map(({ scenario }) => scenario)).size).toBe(143);
  });
});

describeEngines("a server behind a socket replies as the original did", (startServer) => {
  test("when each request waits for the reply before", async () => {
    await using server = await startServer();
    const client = await server.connect();
    const replies: Buffer[] = [];
    for (const { request } of exchanges) replies.push(...(await client.ask(request)));
    expectRecorded(replies, "step by step");
    expect(server.thread.executor.batchCount).toBe(0);
    expect(server.thread.executor.singleCount).toBe(EXCHANGE_COUNT);
  });

  test("when all requests come as one pipeline", async () => {
    await using server = await startServer();
    const client = await server.connect();
    client.send(pipeline);
    expectRecorded(await client.replies(exchanges.length), "one pipeline");
    expect(server.thread.executor.batchedCount).toBeGreaterThan(0.95 * EXCHANGE_COUNT);
  });

  test.each(SEEDS)("when the pipeline is cut at random places, seed %d", async (seed) => {
    await using server = await startServer();
    const client = await server.connect();
    expectRecorded(
      await sendPieces(client, cutAtRandom(pipeline, PIECE_LENGTH_MAX, new Random(seed))),
      `seed ${seed}`,
    );
  });
});

describe("a server without sockets replies as the original did", () => {
  test("when each request is a turn of its own", () => {
    const server = new InProcessServer();
    const client = server.connect();
    const replies = exchanges.flatMap(({ request }) => server.ask(client, request));
    expectRecorded(replies, "step by step");
  });

  test("when all requests come in one turn", () => {
    const server = new InProcessServer();
    const client = server.connect();
    expectRecorded(server.ask(client, pipeline), "one pipeline");
  });

  test.each(SEEDS)("when the pipeline is cut at random places, seed %d", (seed) => {
    const server = new InProcessServer();
    const client = server.connect();
    const random = new Random(seed);
    for (const piece of cutAtRandom(pipeline, PIECE_LENGTH_MAX, new Random(seed))) {
      client.feed(piece);
      if (random.oneIn(4)) server.engine.turn();
    }
    server.engine.turn();
    expectRecorded(client.takeReplies(), `seed ${seed}`);
  });

  test.each(SEEDS)("when the socket takes a few bytes at a time, seed %d", (seed) => {
    const server = new InProcessServer({ sendLimitBytes: 64 * 1024, spareWindows: 1 });
    const client = server.connect();
    const random = new Random(seed);
    client.capacity = 0;
    client.feed(pipeline);
    server.engine.turn();
    const replies: Buffer[] = [];
    while (client.heldLength > 0 || server.thread.sends.unsentBytes(client.number) > 0) {
      client.drain(random.between(1, 40_000));
      server.engine.turn();
      replies.push(client.take());
    }
    expectRecorded(splitFrames(Buffer.concat(replies)).frames, `seed ${seed}`);
    expect(server.thread.pipeline.resumedCount).toBeGreaterThan(0);
  });
});
