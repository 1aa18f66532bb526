// A history of growth, deletion, expiry and a full memory from several connections at once, each
// with keys of its own and a Map beside them, so that tables split and shrink, pages run out and
// the compactor works while other threads read and write. In the end everything is as the Maps say.

import { expect, setDefaultTimeout, test } from "bun:test";
import { figureOf, untilInfo } from "../support/expect-healthy-process.ts";
import { Random } from "../support/random.ts";
import { RespClient, encodeCommand } from "../support/resp-client.ts";
import { NIL, OK, bulk, integer } from "../support/resp-model.ts";
import { TWO_THREADS_ONCE } from "../support/thread-choices.ts";
import { describeThreads } from "../support/thread-server.ts";

setDefaultTimeout(60_000);

const WRITER_COUNT = 6;
const PHASE_COUNT = 8;
const BURSTS_PER_PHASE = 5;
const KEYS_EACH = 3000;
const VALUE_LENGTHS = [8, 60, 400, 2000, 9000, 40_000, 150_000];
const OUT_OF_MEMORY = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
/** Milliseconds: deadlines that are not met, or are before anybody looks. */
const FAR = "100000000";
const NEAR = "1";

interface Writer {
  readonly client: RespClient;
  readonly random: Random;
  readonly values: Map<string, string>;
  refusedCount: number;
}

/** A command, the reply when there is memory, and what it does to the Map then. */
interface Move {
  readonly command: readonly string[];
  readonly reply: string;
  readonly apply: () => void;
}

/** Chances of removing, by phase: growth until memory is full, then room again. */
function removalsOf(phase: number): number {
  return phase % 3 === 2 ? 70 : 10;
}

function nextMove(writer: Writer, prefix: string, phase: number, valueLength: number): Move {
  const { random, values } = writer;
  const key = `${prefix}${random.below(KEYS_EACH)}`;
  const old = values.get(key);
  const choice = random.below(100);
  if (choice < removalsOf(phase)) {
    const reply = integer(old === undefined ? 0 : 1);
    return { command: ["DEL", key], reply, apply: () => void values.delete(key) };
  }
  if (choice < 80) {
    const value = `${key}.`.repeat(1 + random.below(valueLength) / key.length);
    const ending = random.oneIn(3) ? ["PX", FAR] : [];
    const apply = (): void => void values.set(key, value);
    return { command: ["SET", key, value, ...ending], reply: OK, apply };
  }
  if (choice < 88) {
    const value = (old ?? "") + "+".repeat(random.below(100));
    const apply = (): void => void values.set(key, value);
    const command = ["APPEND", key, value.slice(old?.length ?? 0)];
    return { command, reply: integer(value.length), apply };
  }
  if (choice < 93) {
    // The reply comes first, and then the millisecond is over at some time: nobody looks.
    return { command: ["SET", `short:${key}`, key, "PX", NEAR], reply: OK, apply: () => {} };
  }
  const reply = old === undefined ? NIL : bulk(old);
  return { command: ["GET", key], reply, apply: () => {} };
}

async function write(writer: Writer, prefix: string): Promise<void> {
  const { client, random } = writer;
  for (let phase = 0; phase < PHASE_COUNT; phase++) {
    const valueLength = random.pick(VALUE_LENGTHS);
    const depth = Math.max(4, Math.min(200, Math.floor(400_000 / valueLength)));
    for (let burst = 0; burst < BURSTS_PER_PHASE; burst++) {
      // A move is made of the Map as the one before has left it, so one key comes once in a burst.
      const moves = new Map<string, Move>();
      for (let i = 0; i < depth; i++) {
        const move = nextMove(writer, prefix, phase, valueLength);
        moves.set(move.command[1]!, move);
      }
      client.send(Buffer.concat([...moves.values()].map(({ command }) => encodeCommand(command))));
      for (const { command, reply, apply } of moves.values()) {
        const got = (await client.reply(25_000))?.toString("latin1");
        if (got === reply) apply();
        else if (got === OUT_OF_MEMORY) writer.refusedCount++;
        else expect({ command: command.slice(0, 2), got }).toEqual({ command: [], got: reply });
      }
    }
  }
}

describeThreads(
  "a keyspace that grows and shrinks",
  TWO_THREADS_ONCE,
  (server) => {
    test.each([1])("is as the Maps beside it say, seed %d", async (seed) => {
      const writers = await Promise.all(
        Array.from({ length: WRITER_COUNT }, async (_, i): Promise<Writer> => {
          const client = await RespClient.connect(server.port);
          const random = new Random(100 * seed + i);
          return { client, random, values: new Map<string, string>(), refusedCount: 0 };
        }),
      );
      await Promise.all(writers.map((writer, i) => write(writer, `${seed}:${i}:`)));
      using reader = await RespClient.connect(server.port);
      for (const { values } of writers) {
        for (const [key, value] of values) {
          const got = await reader.ask("GET", key);
          if (got !== bulk(value)) expect({ key, got }).toEqual({ key, got: bulk(value) });
        }
      }
      const keyCount = writers.reduce((sum, { values }) => sum + values.size, 0);
      await untilSize(reader, keyCount);
      const info = await reader.ask("INFO", "fkvs");
      const refusedCount = writers.reduce((sum, writer) => sum + writer.refusedCount, 0);
      expect(refusedCount).toBeGreaterThan(0);
      expect(figureOf(info, "entries_moved")).toBeGreaterThan(0);
      for (const { client, values } of writers) {
        for (const key of values.keys()) client.send(encodeCommand(["DEL", key]));
        for (const _ of values) expect(`${await client.reply()}`).toBe(integer(1));
        client[Symbol.dispose]();
      }
      await untilSize(reader, 0);
      await untilInfo(reader, "fkvs", (text) => figureOf(text, "memory_entries_bytes") === 0);
    });
  },
  ["--max-memory=16mb"],
);

/** Keys that have expired are there until somebody finds them, which is soon. */
async function untilSize(client: RespClient, keyCount: number): Promise<void> {
  await untilInfo(client, "keyspace", (info) => {
    const keys = Number(/^db0:keys=(\d+)/m.exec(info)?.[1] ?? 0);
    return keys === keyCount;
  });
}
