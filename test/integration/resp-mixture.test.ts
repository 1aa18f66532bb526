// Hot and ordinary commands, RESP and v1, several connections: in the order of arrival, each by the
// way that is meant for it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { ByteClient } from "../support/byte-client.ts";
import { describeEngines } from "../support/describe-engines.ts";
import { Random } from "../support/random.ts";
import { RespClient, encodeCommand } from "../support/resp-client.ts";
import { NIL, OK, RespModel, array, bulk, randomCommand } from "../support/resp-model.ts";
import { RESP_DEFAULTS } from "../../src/server/resp-options.ts";
import { TestClient } from "../support/test-client.ts";
import type { TestServer } from "../support/test-server.ts";
import { reply, request, show } from "../support/v1-frames.ts";

setDefaultTimeout(30_000);

const HOT = ["SET a 1", "GET a", "MSET a 2 b 3", "MGET a b", "INCR a", "DEL a", "EXISTS a", "PING"];

/** Sends bytes in pieces that the server receives one by one. */
async function sendCut(client: ByteClient, bytes: Buffer, random: Random): Promise<void> {
  const sizeMax = random.pick([20, 1000, 30_000]);
  for (let begin = 0; begin < bytes.length;) {
    const end = begin + random.between(1, sizeMax + 1) * (bytes.length > 100_000 ? 10 : 1);
    client.send(bytes.subarray(begin, end));
    begin = end;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function v1Of({ port }: TestServer): Promise<TestClient> {
  return TestClient.connect({ kind: "tcp", host: "127.0.0.1", port });
}

describeEngines("a pipeline of hot and ordinary commands", (startServer) => {
  test("is answered in order, wherever it is cut", async () => {
    await using server = await startServer();
    for (let seed = 0; seed < 12; seed++) {
      const random = new Random(seed);
      using client = await ByteClient.connect(server.port);
      const model = new RespModel();
      const ordinaryOneIn = random.pick([2, 5, 30]);
      const commands = Array.from({ length: random.between(1, 400) }, () =>
        randomCommand(random, ordinaryOneIn),
      );
      const expected = commands.map((command) => model.execute(command));
      client.command("FLUSHALL");
      await client.expect(OK);
      const sent = sendCut(client, Buffer.concat(commands.map(encodeCommand)), random);
      try {
        await client.expect(...expected);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      await sent;
    }
  });

  test("of several connections is answered to each in its order", async () => {
    await using server = await startServer();
    const run = async (which: number): Promise<void> => {
      const random = new Random(1000 + which);
      using client = await ByteClient.connect(server.port);
      const model = new RespModel();
      for (let round = 0; round < 10; round++) {
        const commands = Array.from({ length: random.between(1, 60) }, () =>
          randomCommand(random, 4, `${which}:`),
        );
        void sendCut(client, Buffer.concat(commands.map(encodeCommand)), random);
        await client.expect(...commands.map((command) => model.execute(command)));
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, which) => run(which)));
    expect(server.thread.executor.mixedBatchCount).toBeGreaterThan(0);
  });

  test("of ten thousand is answered as a whole", async () => {
    await using server = await startServer();
    using client = await ByteClient.connect(server.port);
    const count = 10_000;
    const commands = Array.from({ length: count }, (_, i) =>
      encodeCommand(i % 10 === 9 ? ["ECHO", `${i}`] : ["INCR", "n"]),
    );
    client.send(Buffer.concat(commands));
    let n = 0;
    const replies = Array.from({ length: count }, (_, i) =>
      i % 10 === 9 ? bulk(`${i}`) : `:${++n}\r\n`,
    );
    await client.expect(...replies);
    expect(server.thread.executor.batchedCount).toBeGreaterThan(5000);
  });
});

/** Figures of INFO FKVS. */
async function pathsOf(client: RespClient): Promise<{ rows: number; fast: number }> {
  const info = await client.ask("INFO", "fkvs");
  const figure = (name: string): number => Number(new RegExp(`${name}:(\\d+)`).exec(info)![1]);
  return {
    rows: figure("path_batched_commands") + figure("path_single_commands"),
    fast: figure("path_fast_commands"),
  };
}

describeEngines("the hot way", (startServer) => {
  /** How many rows of batches the commands were; they are sent in one piece. */
  async function countRows(client: RespClient, port: number, commands: readonly string[]) {
    using observer = await RespClient.connect(port);
    const before = await pathsOf(observer);
    client.send(Buffer.concat(commands.map((command) => encodeCommand(command.split(" ")))));
    client.send(encodeCommand(["ECHO", "end"]));
    for (let last = ""; last !== bulk("end");) last = `${await client.reply()}`;
    const after = await pathsOf(observer);
    return { rows: after.rows - before.rows, fast: after.fast - before.fast };
  }

  test("is taken by the commands that traffic consists of", async () => {
    await using server = await startServer();
    using client = await RespClient.connect(server.port);
    await client.ask("MSET", "a", "0", "b", "0");
    // One row a key; on the short way SET, GET, INCR, MSET's second pair and MGET's two.
    expect(await countRows(client, server.port, HOT)).toEqual({ rows: 10, fast: 6 });
    expect(await countRows(client, server.port, ["get b", "eXiStS b"])).toEqual({
      rows: 2,
      fast: 1,
    });
  });

  test("is not taken by others, nor with options that SET may have", async () => {
    await using server = await startServer();
    using client = await RespClient.connect(server.port);
    const others = ["SET a 1 EX 10", "GETSET a 1", "STRLEN a", "INCRBY a 1", "PING a", "ECHO a"];
    expect(await countRows(client, server.port, others)).toEqual({ rows: 0, fast: 0 });
  });

  test("is not taken inside MULTI, nor while replies are off", async () => {
    await using server = await startServer();
    using client = await RespClient.connect(server.port);
    const none = { rows: 0, fast: 0 };
    expect(await countRows(client, server.port, ["MULTI", ...HOT, "EXEC"])).toEqual(none);
    const silent = ["CLIENT REPLY OFF", ...HOT, "CLIENT REPLY ON"];
    expect(await countRows(client, server.port, silent)).toEqual(none);
    // The one that is skipped, and the one that is not.
    const skipped = ["CLIENT REPLY SKIP", "GET a", "GET a"];
    expect(await countRows(client, server.port, skipped)).toMatchObject({ rows: 1 });
  });

  test("is not taken before AUTH", async () => {
    await using server = await startServer({ resp: { ...RESP_DEFAULTS, password: "secret" } });
    using client = await RespClient.connect(server.port);
    for (const command of HOT) {
      expect(await client.ask(...command.split(" "))).toBe("-NOAUTH Authentication required.\r\n");
    }
    expect(server.thread.executor.totalCount()).toBe(0);
    expect(await client.ask("AUTH", "secret")).toBe(OK);
    await client.ask("GET", "a");
    expect(server.thread.executor.totalCount()).toBe(1);
  });
});

describeEngines("the databases", (startServer) => {
  test("are apart on both ways, for each connection its own", async () => {
    await using server = await startServer();
    using zero = await RespClient.connect(server.port);
    using five = await RespClient.connect(server.port);
    expect(await five.ask("SELECT", "5")).toBe(OK);
    for (const [client, value] of [
      [zero, "0"],
      [five, "5"],
    ] as const) {
      expect(await client.ask("MSET", "k", value, `only${value}`, "x")).toBe(OK);
    }
    expect(await zero.ask("MGET", "k", "only0", "only5")).toBe(array([bulk("0"), bulk("x"), NIL]));
    expect(await five.ask("MGET", "k", "only0", "only5")).toBe(array([bulk("5"), NIL, bulk("x")]));
    // One write: SELECT is between the rows.
    five.send(Buffer.from("GET k\r\nSELECT 0\r\nGET k\r\nSELECT 5\r\nDEL k\r\nGETDEL k\r\n"));
    const replies: string[] = [];
    for (let i = 0; i < 6; i++) replies.push(`${await five.reply()}`);
    expect(replies).toEqual([bulk("5"), OK, bulk("0"), OK, ":1\r\n", NIL]);
    expect(await zero.ask("GET", "k")).toBe(bulk("0"));
    expect(await zero.ask("FLUSHDB")).toBe(OK);
    expect([await zero.ask("DBSIZE"), await five.ask("DBSIZE")]).toEqual([":0\r\n", ":1\r\n"]);
  });

  test("begin with 0 for every connection, also one that has another's number", async () => {
    await using server = await startServer();
    const first = await RespClient.connect(server.port);
    await first.ask("SELECT", "9");
    await first.ask("SET", "k", "nine");
    first[Symbol.dispose]();
    const { connections } = server.thread;
    while (connections.openCount > 0) await new Promise((resolve) => setImmediate(resolve));
    using second = await RespClient.connect(server.port);
    expect(await second.ask("GET", "k")).toBe(NIL);
  });
});

describeEngines("v1 and RESP", (startServer) => {
  test("see the same keys in database 0, each what the other does", async () => {
    await using server = await startServer();
    using client = await RespClient.connect(server.port);
    const old = await v1Of(server);
    for (let i = 0; i < 50; i++) {
      expect(await client.ask("SET", `k${i}`, `resp${i}`)).toBe(OK);
      const got = await old.ask(request.get(`k${i}`), request.set(`k${i}`, `v1-${i}`));
      expect(show(got)).toEqual(show([reply.value(`resp${i}`), reply.value(`v1-${i}`)]));
      expect(await client.ask("GET", `k${i}`)).toBe(bulk(`v1-${i}`));
    }
    expect(show(await old.ask(request.incr("n")))).toEqual(show(reply.value(1)));
    expect(await client.ask("INCRBY", "n", "41")).toBe(":42\r\n");
    expect(show(await old.ask(request.setEx("n", "7", 100)))).toEqual(show(reply.value(7)));
    expect(await client.ask("TTL", "n")).toBe(":100\r\n");
    expect(await client.ask("SELECT", "1")).toBe(OK);
    await client.ask("SET", "n", "other");
    expect(show(await old.ask(request.get("n")))).toEqual(show(reply.value(7)));
    old.close();
  });

  test("are executed in the order of arrival, from many connections at once", async () => {
    await using server = await startServer();
    const clients = await Promise.all(
      Array.from({ length: 5 }, () => ByteClient.connect(server.port)),
    );
    const olds = await Promise.all(Array.from({ length: 5 }, () => v1Of(server)));
    const count = 200;
    for (const client of clients)
      client.send(encodeCommand(["INCR", "n"]).toString().repeat(count));
    for (const old of olds) old.send(...Array.from({ length: count }, () => request.incr("n")));
    const seen = new Set<number>();
    for (const client of clients) {
      let text = "";
      while (text.split("\r\n").length <= count) text += await client.take(1);
      for (const line of text.trimEnd().split("\r\n")) seen.add(Number(line.slice(1)));
    }
    for (const old of olds) {
      for (const answer of await old.replies(count)) seen.add(Number(answer.toString("latin1", 5)));
    }
    expect(seen.size).toBe(10 * count);
    expect(Math.max(...seen)).toBe(10 * count);
    for (const client of clients) client.destroy();
    for (const old of olds) old.close();
  });
});
