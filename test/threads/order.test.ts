// What one connection sends is answered in its order and as if it were alone, whichever threads its
// keys belong to, while others do the same with keys of their own.

import { setDefaultTimeout, test } from "bun:test";
import { ByteClient } from "../support/byte-client.ts";
import { ModelServer } from "../support/model-server.ts";
import { Random } from "../support/random.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { NIL, OK, RespModel, array, bulk, integer, randomCommand } from "../support/resp-model.ts";
import { TWO_THREADS } from "../support/thread-choices.ts";
import { describeThreads } from "../support/thread-server.ts";
import { request } from "../support/v1-frames.ts";

setDefaultTimeout(30_000);

const CLIENT_COUNT = 8;
const ROUND_COUNT = 4;
const QUEUED = "+QUEUED\r\n";
/** 20,000 bytes leave by a vectored write. */
const LONG = "long".repeat(5000);

/** Sends bytes in pieces that the server receives one by one. */
async function sendCut(client: ByteClient, bytes: Buffer, random: Random): Promise<void> {
  const sizeMax = random.pick([50, 1000, 30_000]);
  for (let begin = 0; begin < bytes.length;) {
    const end = begin + random.between(1, sizeMax + 1) * (bytes.length > 50_000 ? 20 : 1);
    client.send(bytes.subarray(begin, end));
    begin = end;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function randomFrame(random: Random, prefix: string): Buffer {
  const key = `${prefix}${random.below(12)}`;
  switch (random.below(9)) {
    case 0:
    case 1:
      return request.get(key);
    case 2:
      return request.set(key, random.text(random.oneIn(20) ? LONG.length : random.below(100)));
    case 3:
      return request.set(key, `${random.below(1000)}`);
    case 4:
      return request.incr(key);
    case 5:
      return request.decrBy(key, random.below(1000));
    case 6:
      return request.del(key);
    case 7:
      return request.ttl(key);
    default:
      return request.ping(key);
  }
}

/** Commands that have to be in this order, and their replies; the keys differ in segment. */
function orderedCases(a: string, b: string): [string[], string][] {
  return [
    [["SET", a, "1"], OK],
    [["DEL", a, b], integer(1)],
    [["GET", a], NIL],
    [["SET", b, "5"], OK],
    [["MSET", a, "6", b, "7"], OK],
    [["GET", b], bulk("7")],
    [["INCR", a], integer(7)],
    [["MGET", b, a], array([bulk("7"), bulk("7")])],
    [["SET", a, LONG], OK],
    [["GET", b], bulk("7")],
    [["GET", a], bulk(LONG)],
    [["MULTI"], OK],
    [["INCR", b], QUEUED],
    [["STRLEN", a], QUEUED],
    [["EXEC"], array([integer(8), integer(LONG.length)])],
    [["GET", b], bulk("8")],
    [["SET", b, "9"], OK],
    [["RENAME", b, a], OK],
    [["GET", a], bulk("9")],
    [["EXISTS", a, b], integer(1)],
    [["SELECT", "3"], OK],
    [["GET", a], NIL],
    [["SET", a, "three"], OK],
    [["DEL", a], integer(1)],
    [["SELECT", "0"], OK],
    [["GET", a], bulk("9")],
    [["SET", a, "gone", "PX", "0"], "-ERR invalid expire time in 'set' command\r\n"],
    [["GETDEL", a], bulk("9")],
    [["INCR", a], integer(1)],
    [["DEL", a], integer(1)],
  ];
}

describeThreads("a pipeline", TWO_THREADS, (server) => {
  test("of RESP is answered in its order", async () => {
    const run = async (which: number): Promise<void> => {
      const random = new Random(1000 + which);
      using client = await ByteClient.connect(server.port);
      const model = new RespModel();
      for (let round = 0; round < ROUND_COUNT; round++) {
        const ordinaryOneIn = random.pick([3, 10, 50]);
        const commands = Array.from({ length: random.between(1, 150) }, () =>
          randomCommand(random, ordinaryOneIn, `resp${which}:`),
        );
        void sendCut(client, Buffer.concat(commands.map(encodeCommand)), random);
        try {
          await client.expect(...commands.map((command) => model.execute(command)));
        } catch (error) {
          throw new Error(`client ${which}, round ${round}: ${error}`, { cause: error });
        }
      }
    };
    await Promise.all(Array.from({ length: CLIENT_COUNT }, (_, which) => run(which)));
  });

  test("of v1 is answered in its order", async () => {
    const run = async (which: number): Promise<void> => {
      const random = new Random(2000 + which);
      using client = await ByteClient.connect(server.port);
      const model = new ModelServer(0);
      for (let round = 0; round < ROUND_COUNT; round++) {
        const requests = Array.from({ length: random.between(1, 250) }, () =>
          randomFrame(random, `v1-${which}:`),
        );
        void sendCut(client, Buffer.concat(requests), random);
        try {
          await client.expect(...requests.map((each) => model.execute(each)));
        } catch (error) {
          throw new Error(`client ${which}, round ${round}: ${error}`, { cause: error });
        }
      }
    };
    await Promise.all(Array.from({ length: CLIENT_COUNT }, (_, which) => run(which)));
  });

  test("that says SET a, DEL a b, GET a and the like in one write means it", async () => {
    const run = async (which: number): Promise<void> => {
      using client = await ByteClient.connect(server.port);
      for (let pair = 0; pair < 12; pair++) {
        const cases = orderedCases(`a${which}:${pair}`, `b${which}:${pair}`);
        client.send(...cases.map(([command]) => encodeCommand(command)));
        await client.expect(...cases.map(([, reply]) => reply));
      }
    };
    await Promise.all(Array.from({ length: CLIENT_COUNT }, (_, which) => run(which)));
  });

  test("of which no reply is wanted is executed all the same", async () => {
    for (let which = 0; which < CLIENT_COUNT; which++) {
      using client = await ByteClient.connect(server.port);
      const keys = Array.from({ length: 20 }, (_, i) => `silent${which}:${i}`);
      client.command("CLIENT", "REPLY", "OFF");
      for (const key of keys) client.command("SET", key, key);
      client.command("CLIENT", "REPLY", "ON");
      await client.expect(OK);
      client.command("CLIENT", "REPLY", "SKIP");
      client.command("INCR", `skipped${which}`);
      client.command("INCR", `skipped${which}`);
      client.command("MGET", ...keys);
      await client.expect(integer(2), array(keys.map(bulk)));
    }
  });
});
