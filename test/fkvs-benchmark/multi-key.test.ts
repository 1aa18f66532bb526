// Requests of several keys, and replies of any length: a whole load thread against a RESP server
// that is honest, lies, or sends a lot.

import { describe, expect, test } from "bun:test";
import { REPLY, type ReplyReader } from "../../fkvs-benchmark/codec.ts";
import { createBatchReplies } from "../../fkvs-benchmark/batch-replies.ts";
import type { KeyChoice, LoadPlan, LoadResult } from "../../fkvs-benchmark/plan.ts";
import { respCodec } from "../../fkvs-benchmark/resp-codec.ts";
import { createWorkload, OUTCOME } from "../../fkvs-benchmark/workload.ts";
import type { IoChoice } from "../../src/lib/io-choice.ts";
import { ENGINES } from "../support/describe-engines.ts";
import { makeLoadPlan } from "../support/load-plan.ts";
import { runLoad } from "../support/run-load.ts";
import { bulk, ScriptedRespServer, type RespScript } from "../support/scripted-resp-server.ts";
import { startTestServer } from "../support/test-server.ts";

const KEY_COUNT = 40;
const few: KeyChoice = {
  kind: "random",
  keyspace: KEY_COUNT,
  distribution: { kind: "uniform" },
};
const PLAN: Partial<LoadPlan> = {
  protocol: "resp",
  test: "mget",
  keys: few,
  keysPerRequest: 7,
  connectionCount: 3,
  pipeline: 4,
  requestCount: 300,
};
const FILLING: Partial<LoadPlan> = {
  protocol: "resp",
  test: "set",
  keys: { kind: "sequence", begin: 0, step: 1 },
  keysPerRequest: 1,
  isVerified: true,
  requestCount: KEY_COUNT,
};

/** The loopback addresses that there are here. */
const HOSTS = ["127.0.0.1", "::1"].filter((hostname) => {
  try {
    Bun.listen({ hostname, port: 0, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
});

describe("an array's reply", () => {
  const plan = makeLoadPlan({ ...PLAN, keysPerRequest: 3, connectionCount: 1, pipeline: 2 });

  /** Outcomes of a batch of two MGETs of three keys, its bytes coming in two parts. */
  function outcomesOf(text: string, cut: number): number[] {
    const workload = createWorkload(plan, respCodec);
    const replies = createBatchReplies(plan, respCodec, workload);
    workload.fill(0, 2);
    replies.begin(0, 2, true);
    const bytes = Buffer.from(text, "latin1");
    const begin = replies.read(0, bytes, cut);
    const rest = bytes.subarray(begin);
    expect(replies.read(0, rest, rest.length)).toBe(rest.length);
    expect([replies.end(0), replies.pendingCount()]).toEqual([true, 0]);
    return [...replies.outcomeCounts];
  }

  const found = `*3\r\n${bulk("a")}${bulk("b")}${bulk("")}`;
  const counts = (changes: Partial<Record<keyof typeof OUTCOME, number>>): number[] => {
    const all = { COMPLETED: 0, ERROR: 0, MISS: 0, WRONG: 0, ...changes };
    return [all.COMPLETED, all.ERROR, all.MISS, all.WRONG];
  };

  test.each([
    ["of values", found, counts({ COMPLETED: 2 })],
    ["with a nil", `*3\r\n${bulk("a")}$-1\r\n${bulk("b")}`, counts({ COMPLETED: 1, MISS: 1 })],
    ["with an error", `*3\r\n${bulk("a")}-ERR\r\n$-1\r\n`, counts({ COMPLETED: 1, MISS: 1 })],
    [
      "with an error alone",
      `*3\r\n${bulk("a")}-ERR\r\n${bulk("")}`,
      counts({ COMPLETED: 1, ERROR: 1 }),
    ],
    ["with a number", `*3\r\n${bulk("a")}:1\r\n$-1\r\n`, counts({ COMPLETED: 1, WRONG: 1 })],
    ["with too few", `*2\r\n${bulk("a")}${bulk("b")}`, counts({ COMPLETED: 1, WRONG: 1 })],
    ["with too many", `*4\r\n${bulk("a").repeat(4)}`, counts({ COMPLETED: 1, WRONG: 1 })],
    ["of nothing", "*0\r\n", counts({ COMPLETED: 1, WRONG: 1 })],
    ["that is nil", "*-1\r\n", counts({ COMPLETED: 1, ERROR: 1 })],
    ["of arrays", `*3\r\n*1\r\n:1\r\n*0\r\n${bulk("a")}`, counts({ COMPLETED: 1, WRONG: 1 })],
    ["that is a value", bulk("a"), counts({ COMPLETED: 1, WRONG: 1 })],
    ["that is an error", "-ERR no\r\n", counts({ COMPLETED: 1, ERROR: 1 })],
  ])("%s is one outcome, wherever it is cut", (_, text, expected) => {
    // The second reply is an honest one: that the first is not at its end would be seen.
    const whole = text + found;
    for (let cut = 0; cut <= whole.length; cut++) expect(outcomesOf(whole, cut)).toEqual(expected);
  });

  test("has a head that is read, or found to be none", () => {
    const reader: ReplyReader = respCodec.createReader();
    const read = (text: string) => reader.read(Buffer.from(text), 0, text.length);
    expect([read("*500\r\n"), reader.elementCount, reader.size]).toEqual([REPLY.ARRAY, 500, 6]);
    expect(read("*-1\r\n")).toBe(REPLY.NOTHING);
    for (const text of ["*\r\n", "*1x\r\n", "*12345678901\r\n"]) {
      expect(read(text)).toBe(REPLY.BROKEN);
    }
  });
});

/** The same over Bun's sockets and over the ring, where it works. */
describe.each([...ENGINES.keys()] as IoChoice[])("over %s,", (io) => {
  const run = async (port: number, wanted: Partial<LoadPlan> = {}): Promise<LoadResult> =>
    (await runLoad(port, { io, ...PLAN, ...wanted })).result;

  describe("requests of several keys", () => {
    test("are set and found again by our server", async () => {
      await using server = await startTestServer();
      await run(server.port, FILLING);
      expect(await run(server.port)).toMatchObject({ completedCount: 300, io });
      const verified = { isVerified: true, keyPrefix: "own:" };
      const set = await run(server.port, { ...verified, test: "mset" });
      expect(set).toMatchObject({ completedCount: 300, wrongCount: 0 });
      const got = await run(server.port, verified);
      expect([got.completedCount, got.missCount, got.wrongCount]).toEqual([300, 0, 0]);
      const none = await run(server.port, { keyPrefix: "no:" });
      expect(none).toMatchObject({ completedCount: 0, missCount: 300 });
    });

    test("have keys of a sequence each, with none left out", async () => {
      using server = new ScriptedRespServer();
      const sequence: KeyChoice = { kind: "sequence", begin: 0, step: 1 };
      await run(server.port, { test: "mset", keys: sequence, isVerified: true });
      expect(server.values.size).toBe(2100);
      const got = await run(server.port, { keys: sequence, isVerified: true });
      expect(got).toMatchObject({ completedCount: 300, wrongCount: 0 });
    });

    test("go by the clock of an open loop", async () => {
      using server = new ScriptedRespServer();
      await run(server.port, FILLING);
      const before = server.requestCount;
      const wanted = { ratePerSecond: 5000, pipeline: 1, keysPerRequest: 500, requestCount: 100 };
      expect(await run(server.port, wanted)).toMatchObject({ completedCount: 100, failedCount: 0 });
      expect(server.requestCount - before).toBe(100);
    });
  });

  describe("a verified MGET", () => {
    /** Whatever the test makes of the honest reply to the first MGET. */
    async function runLie(lie: (honest: string, args: readonly string[]) => string) {
      let isTold = false;
      const script: RespScript = (args, honest) => {
        if (args[0] !== "MGET" || isTold) return honest;
        isTold = true;
        return lie(honest, args);
      };
      using server = new ScriptedRespServer(script);
      await run(server.port, FILLING);
      return await run(server.port, { isVerified: true, requestCount: 50 });
    }

    test("has nothing to say against an honest server", async () => {
      const result = await runLie((honest) => honest);
      expect(result).toMatchObject({ completedCount: 50, wrongCount: 0, missCount: 0 });
    });

    test("catches a byte of the last value that was changed", async () => {
      const result = await runLie((honest) => `${honest.slice(0, -3)}!\r\n`);
      expect(result).toMatchObject({ completedCount: 49, wrongCount: 1 });
    });

    test("catches values in another order", async () => {
      const result = await runLie((honest) => {
        const [head, ...values] = honest.split("$");
        return `${head}$${values.toReversed().join("$")}`;
      });
      expect(result).toMatchObject({ completedCount: 49, wrongCount: 1 });
    });

    test("catches an array of another length", async () => {
      const result = await runLie(() => `*2\r\n${bulk("a")}${bulk("b")}`);
      expect(result).toMatchObject({ completedCount: 49, wrongCount: 1 });
    });
  });

  describe("localhost", () => {
    test.each(HOSTS)("is found where the server listens at %s", async (host) => {
      using server = new ScriptedRespServer(undefined, host);
      for (const name of [host, "localhost"]) {
        const target = { kind: "tcp", host: name, port: server.port } as const;
        expect(await run(server.port, { ...FILLING, target })).toMatchObject({
          completedCount: KEY_COUNT,
          failure: "",
        });
      }
    });
  });

  describe("a reply", () => {
    test("may be longer than anything was expected to be", async () => {
      const long = "v".repeat(300_000);
      using server = new ScriptedRespServer(({ 0: command }) =>
        command === "GET" ? bulk(long) : `*7\r\n${bulk(long).repeat(7)}`,
      );
      const wanted: Partial<LoadPlan> = { requestCount: 24 };
      for (const name of ["get", "mget"] as const) {
        const result = await run(server.port, { ...wanted, test: name });
        expect(result).toMatchObject({ failure: "", completedCount: 24 });
      }
    });
  });
});
