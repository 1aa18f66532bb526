// Readers of long values that fall behind, so that replies by reference are released while further
// requests of them are executed, under writers of the same keys on other threads.

import { expect, setDefaultTimeout, test } from "bun:test";
import { ByteClient } from "../support/byte-client.ts";
import { RespReader } from "../support/resp-reader.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { splitFrames, request } from "../support/v1-frames.ts";
import { TWO_THREADS } from "../support/thread-choices.ts";
import { describeThreads } from "../support/thread-server.ts";

setDefaultTimeout(30_000);

const READER_COUNT = 6;
const WRITER_COUNT = 3;
const ROUND_COUNT = 7;
/** The first are sent by reference, the next fill a window soon. */
const LENGTHS: Readonly<Record<string, number>> = {
  ...{ long0: 40_000, long1: 60_000, long2: 17_000 },
  ...{ middle0: 15_000, middle1: 14_000, middle2: 16_000 },
  ...{ short0: 10, short1: 300 },
};
const KEYS = Object.keys(LENGTHS);
/** More than the server holds for a client that does not read. */
const READS_PER_ROUND = 80;

function write(letter: string): Buffer {
  return encodeCommand(["MSET", ...KEYS.flatMap((key) => [key, letter.repeat(LENGTHS[key]!)])]);
}

/** The values in the replies, of v1 behind five bytes of head. */
function valuesIn(bytes: Buffer, isV1: boolean): string[] {
  if (isV1) return splitFrames(bytes).frames.map((reply) => reply.toString("latin1", 5));
  const reader = new RespReader();
  reader.push(bytes);
  const values: string[] = [];
  for (let reply = reader.next(); reply !== null; reply = reader.next()) {
    values.push(reply.toString("latin1", reply.indexOf("\n") + 1, reply.length - 2));
  }
  return values;
}

async function read(port: number, isV1: boolean): Promise<void> {
  using client = await ByteClient.connect(port);
  const keys = Array.from({ length: READS_PER_ROUND }, (_, i) => KEYS[(3 * i) % KEYS.length]!);
  const lengths = keys.map((key) => LENGTHS[key]!);
  const heads = lengths.map((length) => (isV1 ? 5 : `$${length}\r\n\r\n`.length));
  const total = [...lengths, ...heads].reduce((sum, length) => sum + length, 0);
  const requests = keys.map((key) => (isV1 ? request.get(key) : encodeCommand(["GET", key])));
  for (let round = 0; round < ROUND_COUNT; round++) {
    client.pause();
    client.send(...requests);
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
    client.resume();
    const values = valuesIn(await client.take(total), isV1);
    expect(values.map((value) => value.length)).toEqual(lengths);
    const mixed = values.filter((value) => value !== value.slice(0, 1).repeat(value.length));
    expect(mixed).toEqual([]);
  }
}

describeThreads("readers that fall behind", TWO_THREADS, (server) => {
  test("get whole values, whatever others write", async () => {
    const { port } = server;
    using first = await ByteClient.connect(port);
    first.send(write("0"));
    await first.expect("+OK\r\n");
    let isOver = false;
    const rewrite = async (letter: string): Promise<void> => {
      using client = await ByteClient.connect(port);
      while (!isOver) {
        client.send(write(letter), encodeCommand(["INCR", `count${letter}`]));
        await client.expect("+OK\r\n");
        await client.take(2);
        while (!(await client.take(1)).equals(Buffer.from("\n")));
      }
    };
    const writers = Array.from({ length: WRITER_COUNT }, (_, i) => rewrite(`${i + 1}`));
    const readers = Array.from({ length: READER_COUNT }, (_, i) => read(port, i % 2 === 0));
    await Promise.all([Promise.all(readers).finally(() => (isOver = true)), ...writers]);
  });
});
