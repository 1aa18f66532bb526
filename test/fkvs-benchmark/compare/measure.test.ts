// A comparison in small: real servers, as far as they are installed, and the real client.

import { describe, expect, test } from "bun:test";
import { CONTESTANTS, isInstalled, versionOf } from "../../../fkvs-benchmark/compare/contestant.ts";
import type { Figures } from "../../../fkvs-benchmark/compare/figures.ts";
import {
  leastDisturbed,
  measure,
  preload,
  type LoadSettings,
} from "../../../fkvs-benchmark/compare/measure.ts";
import {
  RunningServer,
  pinTo,
  type ServerPlace,
} from "../../../fkvs-benchmark/compare/running-server.ts";
import { canAnswer, type Situation } from "../../../fkvs-benchmark/compare/situation.ts";

const SETTINGS: LoadSettings = {
  clients: 5,
  keyCount: 1000,
  keySize: 16,
  valueSize: 32,
  seconds: 0.1,
  warmupSeconds: 0,
  attemptCount: 1,
  clientCpu: null,
};

const ANYWHERE: ServerPlace = { cpu: null, parentFolder: null };
const [SET, GET, PING] = ["set", "get", "ping"].map((name) => ({ test: name, pipeline: 8 }));
const MGET: Situation = { test: "mget", pipeline: 1, keysPerRequest: 50 };
/** Every run is a process: nobody is asked what others in the same protocol have been asked. */
const SITUATIONS: Readonly<Record<string, readonly Situation[]>> = {
  fkvs: [SET!, GET!, PING!],
  "fkvs RESP": [SET!, MGET, { ...MGET, ratePerSecond: 200 }],
  "fkvs --io listen": [{ ...GET!, clients: 2, clientThreads: 2, keyCount: 1 }],
  redis: [GET!, PING!, MGET],
  memcached: [SET!, GET!, PING!],
};

for (const contestant of CONTESTANTS) {
  describe(`a comparison with ${contestant.name}`, () => {
    test.skipIf(!isInstalled(contestant))("starts, fills, asks and ends it", async () => {
      expect(versionOf(contestant)).toMatch(/^\d+\.\d+/);
      await using server = await RunningServer.start(contestant, ANYWHERE);
      expect(await server.residentBytes()).toBeGreaterThan(2 ** 20);
      await preload(server, SETTINGS);
      for (const situation of SITUATIONS[contestant.name]!) {
        expect(canAnswer(contestant, situation)).toBe(true);
        const figures = await measure(server, SETTINGS, situation);
        expect(figures.throughput).toBeGreaterThan(0);
        expect(figures.p99Us).toBeGreaterThanOrEqual(figures.p50Us);
        expect(figures.clientCpuNs).toBeGreaterThan(0);
      }
    });
  });
}

describe("a run that loses time to the machine's host", () => {
  /** The one that counts, of runs with these shares, and how many were made. */
  async function choose(attemptCount: number, shares: readonly number[]): Promise<number[]> {
    let count = 0;
    const run = (): Promise<Figures> => {
      const figures = { throughput: 1, serverCpuNs: 1, serverShare: 1, clientCpuNs: 1 };
      return Promise.resolve({ ...figures, p50Us: 1, p99Us: 1, stolenShare: shares[count++]! });
    };
    const { stolenShare } = await leastDisturbed(attemptCount, run);
    return [stolenShare, count];
  }

  test("is made again until it loses little", async () => {
    expect(await choose(4, [0.05])).toEqual([0.05, 1]);
    expect(await choose(4, [0.3, 0.051, 0.04, 0])).toEqual([0.04, 3]);
  });

  test("counts in the end if none loses less", async () => {
    expect(await choose(4, [0.3, 0.1, 0.2, 0.4, 0])).toEqual([0.1, 4]);
    expect(await choose(1, [0.3, 0])).toEqual([0.3, 1]);
  });

  test("says how much that was", async () => {
    await using server = await RunningServer.start(CONTESTANTS[0]!, ANYWHERE);
    const { stolenShare } = await measure(server, SETTINGS, { test: "ping", pipeline: 1 });
    expect(stolenShare).toBeGreaterThanOrEqual(0);
    expect(stolenShare).toBeLessThanOrEqual(1);
  });
});

describe("what goes wrong", () => {
  test("in a run is said with the server's name", async () => {
    await using server = await RunningServer.start(CONTESTANTS[0]!, ANYWHERE);
    // Without the keys every GET is a miss.
    const asking = measure(server, SETTINGS, { test: "get", pipeline: 1 });
    await expect(asking).rejects.toThrow("fkvs: ");
  });

  test("at the start is said, too", async () => {
    const broken = { ...CONTESTANTS[0]!, name: "broken", command: () => ["false"] };
    await expect(RunningServer.start(broken, ANYWHERE)).rejects.toThrow(
      /^broken did not start on port \d+, and said nothing$/,
    );
  });

  test("at the start is said in the server's own words", async () => {
    const script = "echo one; echo no such luck >&2; exit 1";
    const broken = { ...CONTESTANTS[0]!, name: "broken", command: () => ["sh", "-c", script] };
    const starting = RunningServer.start(broken, ANYWHERE);
    await expect(starting).rejects.toThrow(/^broken did not start on port \d+:\n/);
    await expect(starting).rejects.toThrow("no such luck");
  });

  test("pinning where there is nothing to pin to leaves the command as it is", () => {
    expect(pinTo(null)).toEqual([]);
  });
});
