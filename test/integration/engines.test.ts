// Both engines are fed the same traffic, cut in the same places; every byte they answer must be
// equal.

import { describe, expect, test } from "bun:test";
import { OPCODE } from "../../src/protocol/opcode.ts";
import { ENGINES } from "../support/describe-engines.ts";
import { Random } from "../support/random.ts";
import { randomRequest } from "../support/random-requests.ts";
import { RawClient } from "../support/raw-client.ts";
import { startTestServer } from "../support/test-server.ts";
import { request } from "../support/v1-frames.ts";
import { waitUntil } from "../support/wait-until.ts";

const SEEDS = 12;
const CLIENTS = 3;
const ROUNDS = 30;
const OPCODE_OFFSET = 2;
/** What each client's last request echoes: all its replies are there then. */
const LAST = "the last reply";

/** Every client's replies to a seed's traffic. */
async function answersOf(engine: string, seed: number): Promise<string[]> {
  const makeEngine = ENGINES.get(engine)!;
  await using server = await startTestServer({ makeEngine, maxMemoryBytes: 16 * 2 ** 20 });
  const random = new Random(seed);
  const clients: RawClient[] = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(await RawClient.connect(server.port));
  // Each client has keys of its own: how the engines order different clients is their affair.
  const keysOf = (client: number) => ["a", "b", "longer key"].map((key) => `${client}${key}`);
  for (let round = 0; round < ROUNDS; round++) {
    const client = random.below(CLIENTS);
    const count = random.pick([1, 2, 10, 100]);
    const options = { keys: keysOf(client), hasLongValues: random.oneIn(4) };
    const asked = Array.from({ length: count }, () => randomRequest(random, options)).filter(
      // INFO names the engine and counts its turns.
      (frame) => frame[OPCODE_OFFSET] !== OPCODE.INFO,
    );
    const bytes = Buffer.concat(asked).toString("latin1");
    const cut = random.below(bytes.length + 1);
    clients[client]!.send(bytes.slice(0, cut));
    if (random.oneIn(2)) await new Promise((resolve) => setImmediate(resolve));
    clients[client]!.send(bytes.slice(cut));
  }
  for (const client of clients) client.send(request.ping(LAST).toString("latin1"));
  for (const client of clients) {
    await waitUntil(
      () => client.text.endsWith(LAST),
      () => `all replies of seed ${seed} over ${engine}`,
    );
    client.close();
  }
  return clients.map((client) => client.text);
}

describe.skipIf(ENGINES.size < 2)("the engines", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    test(`answer the same bytes to the same traffic, seed ${seed}`, async () => {
      const [listen, uring] = [await answersOf("listen", seed), await answersOf("uring", seed)];
      for (let i = 0; i < CLIENTS; i++) {
        expect(uring[i]!.length).toBe(listen[i]!.length);
        expect(uring[i] === listen[i]).toBe(true);
      }
    });
  }
});
