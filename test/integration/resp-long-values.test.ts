// Values longer than a receive window, which come in pieces and leave from where they lie.

import { expect, setDefaultTimeout, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { RESP_DEFAULTS } from "../../src/server/resp-options.ts";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { ByteClient } from "../support/byte-client.ts";
import { describeEngines } from "../support/describe-engines.ts";
import { Random } from "../support/random.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { NIL, OK, array, bulk, integer } from "../support/resp-model.ts";
import type { TestServer } from "../support/test-server.ts";
import { waitUntil } from "../support/wait-until.ts";

setDefaultTimeout(30_000);

const KIB = 1024;
const MIB = 1024 * KIB;
const MAX_VALUE_BYTES = 2 * MIB;
const OPTIONS = { resp: { ...RESP_DEFAULTS, maxValueBytes: MAX_VALUE_BYTES } };
const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
const BAD_LENGTH = "-ERR Protocol error: invalid bulk length\r\n";
const LENGTHS = [16 * KIB, 64 * KIB, PAGE_SIZE, MIB, MAX_VALUE_BYTES].flatMap((length) =>
  length === MAX_VALUE_BYTES ? [length - 1, length] : [length - 1, length, length + 1],
);

/** Random bytes: any of CR, LF and `$` among them. */
const POOL = new Random(42).text(MAX_VALUE_BYTES + PAGE_SIZE);
const valueOf = (length: number, from = 0): string => POOL.slice(from, from + length);

/** Sends in a few pieces that end anywhere. */
async function sendCut(client: ByteClient, bytes: Buffer, random: Random): Promise<void> {
  const count = random.below(5);
  const cuts = Array.from({ length: count }, () => random.below(bytes.length));
  let begin = 0;
  for (const end of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    client.send(bytes.subarray(begin, end));
    begin = end;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function untilClosed(server: TestServer): Promise<void> {
  const { connections } = server.thread;
  await waitUntil(
    () => connections.openCount === 0,
    () => `${connections.openCount} connections to close`,
  );
}

describeEngines("a long value", (startServer) => {
  test("is what it was, byte by byte, for every command", async () => {
    await using server = await startServer(OPTIONS);
    const { store } = server.thread;
    using client = await ByteClient.connect(server.port);
    for (const length of LENGTHS) {
      const random = new Random(length);
      const value = valueOf(length, random.below(PAGE_SIZE));
      const begin = random.below(length);
      const end = random.between(begin, length);
      const commands = [
        ["SET", "k", value],
        ["GET", "k"],
        ["STRLEN", "k"],
        ["GETRANGE", "k", `${begin}`, `${end}`],
        ["COPY", "k", "copy"],
        ["RENAME", "k", "renamed"],
        ["MGET", "copy", "k", "renamed"],
        ["SETRANGE", "copy", `${begin}`, "OVER"],
        ["GETRANGE", "copy", `${Math.max(0, begin - 3)}`, `${begin + 6}`],
        ["GET", "renamed"],
        ["GETDEL", "renamed"],
        ["DEL", "copy", "renamed", "k"],
      ];
      await sendCut(client, Buffer.concat(commands.map(encodeCommand)), random);
      const over = `${value.slice(0, begin)}OVER${value.slice(begin + 4)}`;
      await client.expect(
        ...[OK, bulk(value), integer(length), bulk(value.slice(begin, end + 1)), integer(1), OK],
        array([bulk(value), NIL, bulk(value)]),
        integer(over.length),
        bulk(over.slice(Math.max(0, begin - 3), begin + 7)),
        ...[bulk(value), bulk(value), integer(1)],
      );
      expect(store.keyCount).toBe(0);
      await waitUntil(
        () => store.memoryBytes().pieces === 0,
        () => "the pieces to be given back",
      );
    }
  });

  test("grows by APPEND and SETRANGE across every bound, and keeps its deadline", async () => {
    await using server = await startServer(OPTIONS);
    using client = await ByteClient.connect(server.port);
    const random = new Random(3);
    let expected = "";
    client.command("SET", "k", "", "EX", "1000");
    await client.expect(OK);
    for (let step = 0; expected.length < MIB; step++) {
      const piece = valueOf(random.pick([1, 5000, 64 * KIB, 100_000]), random.below(PAGE_SIZE));
      if (random.oneIn(2)) {
        client.command("APPEND", "k", piece);
        expected += piece;
      } else {
        const position = random.below(expected.length + 1000);
        client.command("SETRANGE", "k", `${position}`, piece);
        const padded = expected.padEnd(position, "\0");
        expected = padded.slice(0, position) + piece + padded.slice(position + piece.length);
      }
      await client.expect(integer(expected.length));
    }
    client.command("GET", "k");
    await client.expect(bulk(expected));
    client.command("TTL", "k");
    await client.expect(integer(1000));
  });

  test("is set beside others by MSET, and one connection's do not mix with another's", async () => {
    await using server = await startServer(OPTIONS);
    const run = async (which: number): Promise<void> => {
      using client = await ByteClient.connect(server.port);
      const random = new Random(which);
      for (let round = 0; round < 4; round++) {
        const keys = Array.from({ length: 5 }, (_, i) => `${which}:${i}`);
        const values = keys.map(() =>
          valueOf(random.pick([3, 20_000, 70_000, 300_000]), random.below(PAGE_SIZE)),
        );
        const pairs = keys.flatMap((key, i) => [key, values[i]!]);
        const commands = [
          ["MSET", ...pairs],
          ["MGET", ...keys],
          ["GETSET", keys[0]!, "short"],
        ];
        void sendCut(client, Buffer.concat(commands.map(encodeCommand)), random);
        await client.expect(OK, array(values.map(bulk)), bulk(values[0]!));
      }
    };
    await Promise.all([0, 1, 2, 3].map(run));
    expect(server.thread.front.budget.usedBytes).toBe(0);
  });

  test("is in transactions and in other databases what it is outside", async () => {
    await using server = await startServer(OPTIONS);
    using client = await ByteClient.connect(server.port);
    const value = valueOf(500_000);
    const commands = [
      ["MULTI"],
      ["SET", "k", value],
      ["GET", "k"],
      ["COPY", "k", "k", "DB", "3"],
      ["EXEC"],
      ["SELECT", "3"],
      ["GET", "k"],
      ["MULTI"],
      ["SET", "given", value],
      ["DISCARD"],
      ["FLUSHALL"],
    ];
    client.send(Buffer.concat(commands.map(encodeCommand)));
    const queued = "+QUEUED\r\n";
    await client.expect(OK, queued, queued, queued, array([OK, bulk(value), integer(1)]), OK);
    await client.expect(bulk(value), OK, queued, OK, OK);
    await waitUntil(
      () => server.thread.store.memoryBytes().pieces === 0,
      () => "the pieces to be given back",
    );
  });
});

describeEngines("a value at the limit", (startServer) => {
  test("is taken, and one byte more ends the connection as soon as it is announced", async () => {
    await using server = await startServer(OPTIONS);
    using client = await ByteClient.connect(server.port);
    const value = valueOf(MAX_VALUE_BYTES);
    client.command("SET", "k", value);
    await client.expect(OK);
    client.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${MAX_VALUE_BYTES + 1}\r\nx`);
    expect(await client.rest()).toBe(BAD_LENGTH);
    using next = await ByteClient.connect(server.port);
    // Behind an argument that makes the command a long one, too.
    next.send(encodeCommand(["MSET", "a", valueOf(100_000), "b", "c"]).subarray(0, -7));
    next.send(`$${MAX_VALUE_BYTES + 1}\r\n`);
    expect(await next.rest()).toBe(BAD_LENGTH);
    using last = await ByteClient.connect(server.port);
    last.command("MGET", "k", "a");
    await last.expect(array([bulk(value), NIL]));
  });

  test("does not grow beyond it", async () => {
    await using server = await startServer(OPTIONS);
    using client = await ByteClient.connect(server.port);
    const value = valueOf(MAX_VALUE_BYTES);
    const error = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
    client.command("SET", "k", value);
    client.command("APPEND", "k", "x");
    client.command("SETRANGE", "k", `${MAX_VALUE_BYTES}`, "x");
    client.command("SETRANGE", "k", `${MAX_VALUE_BYTES - 1}`, "x");
    client.command("GET", "k");
    await client.expect(OK, error, error, integer(MAX_VALUE_BYTES));
    await client.expect(bulk(`${value.slice(0, -1)}x`));
  });
});

describeEngines("a long value that a client reads slowly", (startServer) => {
  test("arrives as it was, though it is overwritten and deleted meanwhile", async () => {
    await using server = await startServer(OPTIONS);
    const { store } = server.thread;
    using slow = await ByteClient.connect(server.port);
    using other = await ByteClient.connect(server.port);
    const values = Array.from({ length: 12 }, (_, i) => valueOf(MIB, 1000 * i));
    slow.pause();
    for (const value of values) {
      slow.command("SET", "k", value);
      slow.command("GET", "k");
    }
    await waitUntil(
      () => server.thread.connections.is(0, CONNECTION.BLOCKED),
      () => "the reader to be blocked",
    );
    const commands = [
      ["SETRANGE", "k", "500000", "x".repeat(1000)],
      ["APPEND", "k", "y"],
      ["RENAME", "k", "l"],
      ["SET", "l", valueOf(300_000, 77)],
      ["DEL", "l"],
    ];
    other.send(Buffer.concat(commands.map(encodeCommand)));
    await other.expect(integer(MIB), integer(MIB + 1), OK, OK, integer(1));
    expect(store.pins.count).toBeGreaterThan(0);
    slow.resume();
    await slow.expect(...values.flatMap((value) => [OK, bulk(value)]));
    await waitUntil(
      () => store.pins.count === 0,
      () => "the pins to end",
    );
    slow.command("DEL", "k");
    await slow.expect(integer(1));
    expect(store.memoryBytes().pieces).toBe(0);
  });
});

describeEngines("a long command that is not whole", (startServer) => {
  test("is given back when its client vanishes, wherever it was", async () => {
    await using server = await startServer(OPTIONS);
    const { store, front } = server.thread;
    const { availableCount } = store.pool;
    const set = encodeCommand(["SET", "k", valueOf(MIB)]);
    const mset = encodeCommand(["MSET", "a", valueOf(MIB), "b", valueOf(MIB, 5), "c", "d"]);
    const queued = Buffer.concat([encodeCommand(["MULTI"]), set, mset.subarray(0, 500_000)]);
    const halves = [
      set.subarray(0, 70_000),
      set.subarray(0, PAGE_SIZE + 100),
      set.subarray(0, -1),
      mset.subarray(0, MIB + 30),
      mset.subarray(0, -3),
      encodeCommand(["APPEND", "k", valueOf(MIB)]).subarray(0, 900_000),
      queued,
    ];
    for (const half of halves) {
      const client = await ByteClient.connect(server.port);
      client.send(half);
      const received = server.thread.pipeline.turn.receivedBytes;
      await client.sent();
      await waitUntil(
        () => store.pool.availableCount < availableCount || front.budget.usedBytes > 800_000,
        () => `the server to hold something of ${half.length} bytes behind ${received}`,
      );
      client.destroy();
      await untilClosed(server);
      expect(store.pool.availableCount).toBe(availableCount);
      expect(front.budget.usedBytes).toBe(0);
    }
    expect(store.keyCount).toBe(0);
  });

  test("reserves nothing beyond what has come, however many there are", async () => {
    await using server = await startServer(OPTIONS);
    const { store, front } = server.thread;
    const { availableCount } = store.pool;
    const clients = await Promise.all(
      Array.from({ length: 40 }, () => ByteClient.connect(server.port)),
    );
    for (const [i, client] of clients.entries()) {
      const name = i % 2 === 0 ? "$3\r\nSET" : "$6\r\nAPPEND";
      client.send(`*3\r\n${name}\r\n$1\r\nk\r\n$${MAX_VALUE_BYTES}\r\n`, valueOf(70_000));
    }
    const { turn } = server.thread.pipeline;
    await waitUntil(
      () => turn.receivedBytes >= 40 * 70_000,
      () => `${turn.receivedBytes} bytes to come`,
    );
    // A page for each SET, and up to twice what has come for each APPEND.
    expect(availableCount - store.pool.availableCount).toBeLessThanOrEqual(20);
    expect(front.budget.usedBytes).toBeLessThan(20 * 2 * 70_000);
    for (const client of clients) client.destroy();
    await untilClosed(server);
    expect(store.pool.availableCount).toBe(availableCount);
  });
});

describeEngines("memory that is full in the middle of a long command", (startServer) => {
  test("is an error to it, and the connection goes on", async () => {
    await using server = await startServer({ ...OPTIONS, maxMemoryBytes: 24 * MIB });
    const { store, front } = server.thread;
    using client = await ByteClient.connect(server.port);
    const value = valueOf(MAX_VALUE_BYTES);
    let count = 0;
    for (; ; count++) {
      client.command("SET", `${count}`, value);
      const reply = (await client.take(5)).toString();
      if (reply !== OK) {
        expect(reply + (await client.take(OOM.length - 5)).toString()).toBe(OOM);
        break;
      }
    }
    expect(count).toBeGreaterThan(5);
    const { availableCount } = store.pool;
    const commands = [
      ["MSET", "a", "1", "b", value],
      ["APPEND", "0", value],
      ["SET", "0", value],
      ["EXISTS", "a", "b"],
      ["GET", "0"],
      ["DEL", "0"],
      ["SET", "b", value],
    ];
    client.send(Buffer.concat(commands.map(encodeCommand)));
    const tooLong = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
    await client.expect(OOM, tooLong, OOM, integer(0), bulk(value), integer(1), OK);
    expect(store.pool.availableCount).toBe(availableCount);
    expect(front.budget.usedBytes).toBe(0);
  });
});
