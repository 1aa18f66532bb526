// A whole load thread against servers that are honest, lie, stall and leave.

import { describe, expect, test } from "bun:test";
import type { IoChoice } from "../../src/lib/io-choice.ts";
import type { KeyChoice, LoadPlan } from "../../fkvs-benchmark/plan.ts";
import { OPCODE } from "../../src/protocol/opcode.ts";
import { ENGINES } from "../support/describe-engines.ts";
import { DeafServer } from "../support/deaf-server.ts";
import { runLoad as runLoadOver } from "../support/run-load.ts";
import { ScriptedServer, type Script } from "../support/scripted-server.ts";
import { startTestServer } from "../support/test-server.ts";
import { ERROR, OK, reply } from "../support/v1-frames.ts";

/** Deep pipelines take more for their last batch to be an incomplete one. */
const [COUNT, COUNT_OF_DEEP] = [211, 1009];
const VERIFIED_COUNT = 1000;

const few: KeyChoice = { kind: "random", keyspace: 40, distribution: { kind: "uniform" } };
const verified: Partial<LoadPlan> = {
  test: "mixed",
  readPercent: 50,
  keys: few,
  isVerified: true,
  connectionCount: 3,
  pipeline: 4,
  requestCount: VERIFIED_COUNT,
};

/** Tells one lie, at the first request that it is possible at. */
function once(lie: (...args: Parameters<Script>) => Buffer | null): Script {
  let isTold = false;
  return (request, honest, values) => {
    const told = isTold ? null : lie(request, honest, values);
    if (told !== null) isTold = true;
    return told ?? honest;
  };
}

/** The same over Bun's sockets and over the ring, where it works. */
describe.each([...ENGINES.keys()] as IoChoice[])("over %s,", (io) => {
  const runLoad: typeof runLoadOver = (port, wanted, started) =>
    runLoadOver(port, { io, ...wanted }, started);

  /** How a run against a server ends that answers one request with something else. */
  async function runLie(script: Script, wanted: Partial<LoadPlan> = {}) {
    using server = new ScriptedServer(script);
    return (await runLoad(server.port, { ...verified, ...wanted })).result;
  }

  describe("a load thread", () => {
    for (const pipeline of [1, 3, 16, 1000]) {
      for (const connectionCount of [1, 3]) {
        test(`sends what was asked for, P=${pipeline}, ${connectionCount} clients`, async () => {
          using server = new ScriptedServer();
          const requestCount = pipeline < 1000 ? COUNT : COUNT_OF_DEEP;
          const plan = { pipeline, connectionCount, requestCount };
          const { result, histogram } = await runLoad(server.port, plan);
          expect(server.requestCount).toBe(requestCount);
          expect(result.completedCount).toBe(requestCount);
          expect(histogram.totalCount).toBe(requestCount);
          expect(result.failure).toBe("");
          expect(result.elapsedMs).toBeGreaterThan(0);
        });
      }
    }

    test("speaks every command to the real server", async () => {
      await using server = await startTestServer();
      const run = async (wanted: Partial<LoadPlan>) => {
        const plan = { pipeline: 7, connectionCount: 5, requestCount: 500, ...wanted };
        return (await runLoad(server.port, plan)).result;
      };
      const sequence: KeyChoice = { kind: "sequence", begin: 0, step: 1 };
      expect((await run({ test: "ping" })).completedCount).toBe(500);
      expect((await run({ test: "set", keys: sequence })).completedCount).toBe(500);
      expect(server.thread.store.keyCount).toBe(500);
      expect((await run({ test: "get", keys: sequence })).completedCount).toBe(500);
      expect((await run({ test: "mixed", keys: few })).completedCount).toBe(500);
      expect((await run({ test: "incr", keyPrefix: "counter:" })).completedCount).toBe(500);
      expect((await run({ test: "del", keys: sequence })).completedCount).toBe(500);
      expect(server.thread.store.keyCount).toBe(1);
      expect(await run({ test: "get" })).toMatchObject({ completedCount: 0, missCount: 500 });
      expect(await run({ test: "incr", keyPrefix: "key:" })).toMatchObject({ completedCount: 500 });
      expect(await run({ ...verified, keyPrefix: "own:" })).toMatchObject({ wrongCount: 0 });
    });

    test("stops where it is when told to, and reports what was measured", async () => {
      using server = new ScriptedServer();
      const { result } = await runLoad(
        server.port,
        { requestCount: Infinity, pipeline: 4 },
        (thread) => setTimeout(() => thread.stop(), 20),
      );
      expect(result.failure).toBe("");
      expect(result.failedCount).toBe(0);
      expect(result.completedCount).toBeGreaterThan(0);
    });

    test("ends when its time is over, and counts nothing of the warm-up", async () => {
      using server = new ScriptedServer();
      const { result, histogram, warmCount } = await runLoad(server.port, {
        requestCount: Infinity,
        durationMs: 30,
        warmupMs: 30,
      });
      expect(warmCount).toBe(1);
      expect(result.completedCount).toBeLessThan(server.requestCount);
      expect(histogram.totalCount).toBe(result.completedCount);
    });

    test("says why it cannot connect", async () => {
      const server = new ScriptedServer();
      const { port } = server;
      server[Symbol.dispose]();
      await expect(runLoad(port)).rejects.toThrow(
        `cannot connect to 127.0.0.1:${port}: connection refused`,
      );
      const target = { kind: "unix", path: "/tmp/there-is-no-such.sock" } as const;
      await expect(runLoad(0, { target })).rejects.toThrow("there is no such socket");
    });

    test.skipIf(process.platform !== "linux")("says so when nobody answers", async () => {
      using server = new DeafServer();
      await expect(runLoad(server.port, { connectionCount: 4, timeoutMs: 200 })).rejects.toThrow(
        `cannot connect to 127.0.0.1:${server.port}: no answer in 200 ms`,
      );
    });
  });

  describe("a verified run", () => {
    test("has nothing to say against an honest server", async () => {
      const result = await runLie((_, honest) => honest);
      expect(result).toMatchObject({ wrongCount: 0, errorCount: 0, failedCount: 0 });
      expect(result.completedCount + result.missCount).toBe(VERIFIED_COUNT);
    });

    const lies: Record<string, (...args: Parameters<Script>) => Buffer | null> = {
      "a byte that was changed": ({ opcode }, honest) => {
        if (opcode !== OPCODE.GET || honest.equals(ERROR)) return null;
        const bytes = Buffer.from(honest);
        bytes[bytes.length - 1]! ^= 1;
        return bytes;
      },
      "the value of another key": ({ opcode, key }, honest, values) => {
        const other = [...values].find(([name]) => name !== key);
        if (opcode !== OPCODE.GET || honest.equals(ERROR) || other === undefined) return null;
        return reply.value(other[1]);
      },
      "a value that lacks its end": ({ opcode, key }, _, values) => {
        const value = values.get(key);
        return opcode !== OPCODE.GET || value === undefined
          ? null
          : reply.value(value.slice(0, -1));
      },
      "nothing where something was set": ({ opcode, key }, _, values) =>
        opcode === OPCODE.GET && values.has(key) ? ERROR : null,
      "an OK instead of the value": ({ opcode }) => (opcode === OPCODE.GET ? OK : null),
      "a pong instead of the value": ({ opcode }) =>
        opcode === OPCODE.GET ? reply.pong("") : null,
    };
    for (const [name, lie] of Object.entries(lies)) {
      test(`catches ${name}`, async () => {
        expect((await runLie(once(lie))).wrongCount).toBe(1);
      });
    }

    test("catches a write that was lost", async () => {
      const first = new Map<string, string>();
      const result = await runLie(({ opcode, key, value }, honest) => {
        if (opcode === OPCODE.SET && !first.has(key)) first.set(key, value);
        const old = first.get(key);
        return opcode === OPCODE.GET && old !== undefined ? reply.value(old) : honest;
      });
      expect(result.wrongCount).toBeGreaterThan(VERIFIED_COUNT / 30);
    });

    test("catches a value that comes back after DEL", async () => {
      using server = new ScriptedServer();
      const plan: Partial<LoadPlan> = {
        keys: { kind: "single" },
        isVerified: true,
        requestCount: 10,
      };
      await runLoad(server.port, { ...plan, test: "set" });
      const { result } = await runLoad(server.port, { ...plan, test: "del" });
      expect(result).toMatchObject({ completedCount: 10, wrongCount: 0 });
    });
  });

  describe("an unverified run", () => {
    test("never takes an error for a success", async () => {
      const errors: Script = ({ index }, honest) => (index % 2 === 0 ? ERROR : honest);
      const set = await runLie(errors, { isVerified: false, test: "set", requestCount: 100 });
      expect(set).toMatchObject({ completedCount: 50, errorCount: 50, missCount: 0 });
      const get = await runLie(errors, { isVerified: false, test: "get", requestCount: 100 });
      expect(get).toMatchObject({ completedCount: 0, missCount: 100 });
    });

    test("knows how long the echo of a SET must be", async () => {
      const script: Script = ({ value }) => reply.value(value.slice(1));
      const set = await runLie(script, { isVerified: false, test: "set", requestCount: 100 });
      expect(set).toMatchObject({ completedCount: 0, wrongCount: 100 });
    });
  });

  describe("a run that cannot go on", () => {
    test("ends when the server stalls, and counts what was never answered", async () => {
      const result = await runLie(({ index }, honest) => (index === 500 ? "stall" : honest), {
        timeoutMs: 100,
      });
      expect(result.failure).toBe("the server has not answered for 0.1 s");
      expect(result.failedCount).toBeGreaterThanOrEqual(1);
      expect(result.completedCount + result.missCount).toBeLessThanOrEqual(500);
    });

    test("ends when the server hangs up in the middle", async () => {
      const result = await runLie(({ index }, honest) => (index === 500 ? "close" : honest));
      expect(result.failure).toBe("the server closed the connection");
      expect(result.failedCount).toBeGreaterThanOrEqual(1);
    });

    test("ends when the server does not speak the protocol", async () => {
      using server = Bun.listen({
        hostname: "127.0.0.1",
        port: 0,
        socket: { data: (socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n") },
      });
      const { result } = await runLoad(server.port, { protocol: "resp" });
      expect(result.failure).toContain("not of the resp protocol");
      expect(result.failure).toContain("HTTP/1.1 400");
    });

    test("ends when the server says more than it was asked", async () => {
      const twice: Script = ({ index }, honest) =>
        index === 50 ? Buffer.concat([honest, honest]) : honest;
      const result = await runLie(twice, { pipeline: 1 });
      expect(result.failure).toContain("more than it was asked for");
    });
  });

  describe("an open loop", () => {
    test("sends its requests by the clock, whatever the warm-up", async () => {
      using server = new ScriptedServer();
      const { result, histogram, warmCount } = await runLoad(server.port, {
        connectionCount: 4,
        requestCount: 100,
        ratePerSecond: 5000,
        warmupMs: 20,
      });
      expect(warmCount).toBe(1);
      expect(server.requestCount).toBe(200);
      expect(histogram.totalCount).toBe(100);
      expect(result.completedCount).toBe(100);
    });

    test("counts as failed what was due and never sent", async () => {
      using server = new ScriptedServer(({ index }, honest) => (index === 10 ? "stall" : honest));
      const { result } = await runLoad(server.port, {
        connectionCount: 2,
        requestCount: 10_000,
        ratePerSecond: 2000,
        timeoutMs: 100,
      });
      expect(result.failure).toContain("has not answered");
      expect(result.failedCount).toBeGreaterThan(100);
    });
  });
});
