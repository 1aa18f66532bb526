// Keys that many connections change at once: nothing is lost, nothing counts twice, and what is
// changed together is seen together.

import { expect, setDefaultTimeout, test } from "bun:test";
import { PROTOCOLS, type HistoryRequest } from "../support/history-wire.ts";
import type { Result, Step } from "../support/linearizability-model.ts";
import { Random } from "../support/random.ts";
import { Recorder, type RecordingClient } from "../support/recording-client.ts";
import { RespClient } from "../support/resp-client.ts";
import { elementsOf } from "../support/resp-reader.ts";
import { OK, integer } from "../support/resp-model.ts";
import { TWO_THREADS_ONCE } from "../support/thread-choices.ts";
import { describeThreads } from "../support/thread-server.ts";

setDefaultTimeout(30_000);

const CLIENT_COUNT = 9;
const NIL_REPLIES = ["*-1\r\n", "_\r\n"];

function single(step: Step): HistoryRequest {
  return { form: "single", steps: [step] };
}

/** Clients of all protocols, each doing the same at once. */
async function runClients(
  port: number,
  body: (client: RecordingClient, index: number) => Promise<void>,
): Promise<Recorder> {
  const recorder = new Recorder();
  const run = async (index: number): Promise<void> => {
    using client = await recorder.connect(port, PROTOCOLS[index % PROTOCOLS.length]!);
    await body(client, index);
  };
  await Promise.all(Array.from({ length: CLIENT_COUNT }, (_, index) => run(index)));
  return recorder;
}

describeThreads("keys of all connections", TWO_THREADS_ONCE, (server) => {
  test.each([
    ["one key", 1],
    ["some keys, of which few are hot", 40],
  ])("INCR counts every time and once, over %s", async (_, keyCount) => {
    const prefix = `counter${keyCount}:`;
    const { operations } = await runClients(server.port, async (client, index) => {
      const random = new Random(index);
      for (let burst = 0; burst < 12; burst++) {
        const requests = Array.from({ length: random.between(1, 80) }, () => {
          const key = random.oneIn(2) ? random.below(keyCount) : random.below(2) % keyCount;
          return single({ kind: "increment", key: `${prefix}${key}` });
        });
        client.send(requests);
        if (random.oneIn(2)) await client.idle();
      }
      await client.idle();
    });
    const byKey = Map.groupBy(operations, ({ steps }) => steps[0]!.key);
    expect(byKey.size).toBe(keyCount);
    using reader = await RespClient.connect(server.port);
    for (const [key, ofKey] of byKey) {
      const results = ofKey.map(({ results: [result] }) => Number(result));
      const expected = results.map((__, i) => i + 1);
      expect(results.toSorted((left, right) => left - right)).toEqual(expected);
      expect(await reader.ask("INCR", key)).toBe(integer(ofKey.length + 1));
    }
  });

  test.each([2, 8, 150])("MSET and DEL of %d keys are never seen by halves", async (keyCount) => {
    const keys = Array.from({ length: keyCount }, (_, i) => `together${keyCount}:${i}`);
    const reading = keys.toReversed().map((key) => ({ kind: "get", key }) as const);
    const { operations } = await runClients(server.port, async (client, index) => {
      // v1 knows no command of several keys.
      if (index % PROTOCOLS.length === 0) return;
      const random = new Random(index);
      for (let burst = 0; burst < 8; burst++) {
        const requests = Array.from({ length: random.between(1, 10) }, (_, i): HistoryRequest => {
          const value = `${index}.${burst}.${i}`;
          if (random.oneIn(4)) {
            return { form: "del", steps: keys.map((key) => ({ kind: "delete", key })) };
          }
          if (random.oneIn(2)) return { form: "mget", steps: reading };
          return { form: "mset", steps: keys.map((key) => ({ kind: "set", key, value })) };
        });
        client.send(requests);
        await client.idle();
      }
    });
    const seen = operations.map(({ results }) => [...new Set<Result>(results)]);
    expect(seen.filter((results) => results.length !== 1)).toEqual([]);
  });

  test("MULTI happens at once, among commands of one key", async () => {
    const { operations } = await runClients(server.port, async (client, index) => {
      const isV1 = index % PROTOCOLS.length === 0;
      for (let burst = 0; burst < 15; burst++) {
        const move = ["left", "middle", "right"].map(
          (key) => ({ kind: "increment", key: `multi:${key}` }) as const,
        );
        const look = move.map(({ key }) => ({ kind: "get", key }) as const);
        const noise = single({ kind: "increment", key: `multi:${index}` });
        const several: HistoryRequest[] = [
          { form: "multi", steps: move },
          { form: burst % 2 === 0 ? "mget" : "multi", steps: look },
        ];
        client.send(isV1 ? [noise, noise] : [noise, ...several, noise]);
        await client.idle();
      }
    });
    const together = operations.filter(({ steps }) => steps.length === 3);
    const count = together.filter(({ steps }) => steps[0]!.kind === "increment").length;
    const halves = together.filter(({ results }) => new Set(results).size !== 1);
    expect(halves).toEqual([]);
    using reader = await RespClient.connect(server.port);
    expect(await reader.ask("INCR", "multi:middle")).toBe(integer(count + 1));
  });

  test("WATCH sees every change by others", async () => {
    const successesEach = 12;
    const { port } = server;
    const add = async (index: number): Promise<void> => {
      using client = await RespClient.connect(port);
      if (index % 2 === 1) await client.ask("HELLO", "3");
      for (let successes = 0; successes < successesEach;) {
        await client.ask("WATCH", "watched");
        const value = /^\$\d+\r\n(\d+)\r\n$/.exec(await client.ask("GET", "watched"))?.[1] ?? "0";
        await client.ask("MULTI");
        await client.ask("SET", "watched", `${Number(value) + 1}`);
        const reply = await client.ask("EXEC");
        if (NIL_REPLIES.includes(reply)) continue;
        expect(elementsOf(Buffer.from(reply))?.map(String)).toEqual([OK]);
        successes++;
      }
    };
    const recorder = new Recorder();
    const addByV1 = async (): Promise<void> => {
      using client = await recorder.connect(port, "v1");
      for (let i = 0; i < successesEach; i++) {
        client.send([single({ kind: "increment", key: "watched" })]);
        await client.idle();
      }
    };
    await Promise.all([add(0), add(1), add(2), add(3), addByV1(), addByV1()]);
    using reader = await RespClient.connect(port);
    expect(await reader.ask("INCR", "watched")).toBe(integer(6 * successesEach + 1));
  });

  test("FLUSHALL takes all keys at once, whoever is writing", async () => {
    const keys = Array.from({ length: 12 }, (_, i) => `flushed:${i}`);
    const { operations } = await runClients(server.port, async (client, index) => {
      const isV1 = index % PROTOCOLS.length === 0;
      const random = new Random(index);
      for (let burst = 0; burst < 12; burst++) {
        const value = `${index}.${burst}`;
        const own = single({ kind: "set", key: `own:${index}:${burst}`, value });
        const flush: HistoryRequest[] = random.oneIn(3) ? [{ form: "flush", steps: [] }] : [];
        const several: HistoryRequest[] = [
          ...flush,
          { form: "mset", steps: keys.map((key) => ({ kind: "set", key, value })) },
          { form: "mget", steps: keys.map((key) => ({ kind: "get", key })) },
        ];
        client.send(isV1 ? [own] : [own, ...several]);
        await client.idle();
      }
    });
    const reads = operations.filter(({ steps }) => steps[0]?.kind === "get");
    const halves = reads.filter(({ results }) => new Set(results).size !== 1);
    expect(halves).toEqual([]);
    using reader = await RespClient.connect(server.port);
    expect(await reader.ask("FLUSHALL")).toBe(OK);
    expect(await reader.ask("DBSIZE")).toBe(integer(0));
  });
});
