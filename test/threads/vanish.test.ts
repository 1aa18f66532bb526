// Clients that are gone in the middle, with requests half sent and replies under way, some of them
// for other threads: the others are served as ever, and nothing of the gone is left.

import { expect, setDefaultTimeout, test } from "bun:test";
import { ByteClient } from "../support/byte-client.ts";
import { figureOf, untilInfo } from "../support/expect-healthy-process.ts";
import { Random } from "../support/random.ts";
import { RespClient, encodeCommand } from "../support/resp-client.ts";
import { bulk } from "../support/resp-model.ts";
import { TWO_THREADS } from "../support/thread-choices.ts";
import { describeThreads } from "../support/thread-server.ts";
import { request } from "../support/v1-frames.ts";

setDefaultTimeout(30_000);

const KEY_COUNT = 16;
const VALUE_LENGTHS = [10, 300, 15_000, 17_000, 60_000];
const LIVES = 20;

/** Whole values are one letter, again and again. */
function randomBytes(random: Random, isV1: boolean): Buffer {
  const key = `v${random.below(KEY_COUNT)}`;
  const letter = String.fromCharCode(97 + random.below(26));
  const value = letter.repeat(random.pick(VALUE_LENGTHS));
  const choice = random.below(10);
  if (isV1) {
    if (choice < 5) return request.get(key);
    return choice < 9 ? request.set(key, value) : request.del(key);
  }
  if (choice < 3) return encodeCommand(["SET", key, value]);
  if (choice < 7) return encodeCommand(["GET", key]);
  const keys = Array.from({ length: KEY_COUNT }, (_, i) => `v${i}`);
  if (choice === 7) return encodeCommand(["MGET", ...keys]);
  if (choice === 8) return encodeCommand(["MSET", ...keys.flatMap((each) => [each, value])]);
  const inner = [encodeCommand(["GET", key]), encodeCommand(["SET", key, value])];
  return Buffer.concat([encodeCommand(["MULTI"]), ...inner, encodeCommand(["EXEC"])]);
}

/** Sends some requests, the last perhaps not whole, reads some replies or none, and is gone. */
async function live(port: number, random: Random): Promise<void> {
  using client = await ByteClient.connect(port);
  const isV1 = random.oneIn(3);
  if (random.oneIn(3)) client.pause();
  const requests = Array.from({ length: random.between(1, 80) }, () => randomBytes(random, isV1));
  if (random.oneIn(4)) requests.unshift(encodeCommand(["WATCH", "v0", "v1", "v2", "v3"]));
  const bytes = Buffer.concat(requests);
  client.send(bytes.subarray(0, random.oneIn(2) ? bytes.length : random.below(bytes.length)));
  for (let turns = random.below(8); turns > 0; turns--) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (random.oneIn(4)) await client.sent();
}

describeThreads("clients that vanish", TWO_THREADS, (server) => {
  test("leave the others alone, whole values and no trace", async () => {
    let isOver = false;
    using observer = await RespClient.connect(server.port);
    const observe = async (): Promise<void> => {
      for (let n = 1; !isOver; n++) {
        expect(await observer.ask("INCR", "observed")).toBe(`:${n}\r\n`);
        expect(await observer.ask("ECHO", `${n}`)).toBe(bulk(`${n}`));
      }
    };
    const die = async (which: number): Promise<void> => {
      const random = new Random(100 * which);
      for (let i = 0; i < LIVES; i++) await live(server.port, random);
    };
    const lives = Promise.all([1, 2, 3, 4, 5].map(die)).finally(() => (isOver = true));
    await Promise.all([lives, observe()]);
    await untilInfo(observer, "clients", (info) => figureOf(info, "connected_clients") === 1);
    for (let i = 0; i < KEY_COUNT; i++) {
      const value = /^\$\d+\r\n([^]*)\r\n$/.exec(await observer.ask("GET", `v${i}`))?.[1] ?? "";
      expect(value).toBe(value.slice(0, 1).repeat(value.length));
    }
  });

  test("leave nothing when what they have sent is not even a request", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new Random(seed);
      using client = await ByteClient.connect(server.port);
      if (random.oneIn(2)) client.send(request.set("v0", "x"), request.get("v1"));
      else client.command("MSET", "v0", "x", "v1", "y");
      client.send(random.text(random.below(300)));
      if (random.oneIn(2)) await client.sent();
    }
    using observer = await RespClient.connect(server.port);
    await untilInfo(observer, "clients", (info) => figureOf(info, "connected_clients") === 1);
    expect(await observer.ask("PING")).toBe("+PONG\r\n");
  });
});
