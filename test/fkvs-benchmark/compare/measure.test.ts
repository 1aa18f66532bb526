// A comparison in small: real servers, as far as they are installed, and the real client.

import { describe, expect, test } from "bun:test";
import { CONTESTANTS, isInstalled, versionOf } from "../../../fkvs-benchmark/compare/contestant.ts";
import { measure, preload, type LoadSettings } from "../../../fkvs-benchmark/compare/measure.ts";
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
