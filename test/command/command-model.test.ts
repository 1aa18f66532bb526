// Random histories of all commands beside a model, under many seeds. A failure names the seed.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { tries } from "../support/effort.ts";
import { expectReplies } from "../support/expect-replies.ts";
import { ModelServer } from "../support/model-server.ts";
import { Random } from "../support/random.ts";
import { randomRequest, type RequestOptions } from "../support/random-requests.ts";
import { InProcessServer } from "../support/test-server.ts";
import type { TestConnection } from "../support/test-engine.ts";

setDefaultTimeout(30_000);

const SEED_COUNT = tries(100);
const SEEDS_PER_TEST = 50;
const TURN_COUNT = 60;
const REQUESTS_PER_TURN_MAX = 70;
const STEPS_MS = [1, 400, 999, 1000, 1001, 5000, 3_600_000];
const KEYS = [
  "",
  "a",
  "b",
  "counter",
  "k".repeat(23),
  "k".repeat(24),
  "k".repeat(300),
  "\u00ff\u0000",
];
const MIB = 2 ** 20;

/** Requests of one connection, turn by turn, while time passes and maintenance goes on. */
function runHistory(server: InProcessServer, seed: number): void {
  const random = new Random(seed);
  const model = new ModelServer(server.clock.now);
  const client = server.connect();
  const options = { keys: KEYS, hasKeysCommand: true, hasLongValues: random.oneIn(4) };
  for (let turn = 0; turn < TURN_COUNT; turn++) {
    const count = random.between(1, random.oneIn(2) ? 4 : REQUESTS_PER_TURN_MAX);
    const requests = Array.from({ length: count }, () => randomRequest(random, options));
    const expected = requests.map((request) => model.execute(request));
    expectReplies(server.ask(client, ...requests), expected, `seed ${seed}, turn ${turn}`);
    if (random.oneIn(3)) {
      server.clock.now += random.pick(STEPS_MS);
      model.nowMs = server.clock.now;
    }
    if (random.oneIn(5)) server.maintain();
  }
  client.disconnect();
}

interface Peer {
  readonly client: TestConnection;
  readonly model: ModelServer;
  readonly options: RequestOptions;
  readonly expected: Buffer[];
  readonly actual: Buffer[];
}

/** Many connections at once, each with keys of its own and a socket that takes what it likes. */
function runCrowd(seed: number): InProcessServer {
  const random = new Random(seed);
  const server = new InProcessServer({
    maxClients: 16,
    spareWindows: random.below(5),
    sendLimitBytes: random.pick([64 * 1024, MIB]),
  });
  const peers: Peer[] = Array.from({ length: random.between(2, 10) }, (_, i) => ({
    client: server.connect(),
    model: new ModelServer(server.clock.now),
    options: { keys: KEYS.map((key) => `${i}:${key}`), hasLongValues: random.oneIn(2) },
    expected: [],
    actual: [],
  }));
  for (const { client } of peers) if (random.oneIn(2)) client.capacity = 0;
  for (let turn = 0; turn < TURN_COUNT; turn++) {
    for (const { client, model, options, expected } of peers) {
      if (random.oneIn(3)) continue;
      const count = random.between(1, 40);
      const requests = Array.from({ length: count }, () => randomRequest(random, options));
      expected.push(...requests.map((request) => model.execute(request)));
      feedInPieces(client, Buffer.concat(requests), random);
      if (random.oneIn(4)) client.drain(random.below(100_000));
    }
    server.engine.turn();
  }
  for (const { client } of peers) {
    client.drain(Infinity);
    server.engine.turn();
  }
  for (const [i, { client, expected }] of peers.entries()) {
    expectReplies(client.takeReplies(), expected, `seed ${seed}, connection ${i}`);
  }
  return server;
}

function feedInPieces(client: TestConnection, bytes: Buffer, random: Random): void {
  for (let position = 0; position < bytes.length;) {
    const length = random.between(1, bytes.length + 1);
    client.feed(bytes.subarray(position, position + length));
    position += length;
  }
}

describe("the commands beside a model", () => {
  for (let begin = 0; begin < SEED_COUNT; begin += SEEDS_PER_TEST) {
    test(`agree with it for the seeds from ${begin} on`, () => {
      const end = Math.min(begin + SEEDS_PER_TEST, SEED_COUNT);
      for (let seed = begin; seed < end; seed++) {
        runHistory(new InProcessServer({ seeds: [seed, 2, 3], maxClients: 4 }), seed);
      }
    });
  }

  test("agree with it for many connections whose sockets are full now and then", () => {
    let blockedCount = 0;
    let mixedCount = 0;
    for (let seed = 0; seed < tries(20); seed++) {
      const { thread } = runCrowd(seed);
      blockedCount += thread.executor.blockedCount;
      mixedCount += thread.executor.mixedBatchCount;
      expect(thread.store.pins.count).toBe(0);
    }
    expect(blockedCount).toBeGreaterThan(50);
    expect(mixedCount).toBeGreaterThan(1000);
  });
});
