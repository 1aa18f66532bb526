import { describe, expect, test } from "bun:test";
import { loadPlan } from "../../fkvs-benchmark/options.ts";
import type { BenchmarkPlan } from "../../fkvs-benchmark/benchmark-plan.ts";
import { VERSION } from "../../src/version.ts";
import { makeBenchmarkPlan } from "../support/benchmark-fixture.ts";

function load(line: string): BenchmarkPlan {
  const loaded = loadPlan(line === "" ? [] : line.split(" "), () => 7);
  if (loaded.kind !== "run") throw new Error("it would print");
  return loaded.plan;
}

describe("loadPlan", () => {
  test("has the original's defaults", () => {
    const plan = makeBenchmarkPlan({}, { tests: ["ping"], server: { kind: "find" } });
    expect(load("")).toEqual(plan);
  });

  test("takes every flag", () => {
    const plan = load(
      "--duration 2.5 --warmup 0.5 -c 8 --threads 2 -h ::1 -p 7000 --proto resp --io listen" +
        " -t set,mixed,mget --reads 40 --keys-per-request 500 --keyspace 1000" +
        " --distribution zipf:0.5 --preload --key-size 20" +
        " --value-size 100 --verify -P 4 --seed 9 --timeout 1.5 --json --hdr a.hdr --pid 12 -k",
    );
    expect(plan).toEqual({
      tests: ["set", "mixed", "mget"],
      settings: {
        target: { kind: "tcp", host: "::1", port: 7000 },
        protocol: "resp",
        io: "listen",
        clientCount: 8,
        threadCount: 2,
        requestCount: Infinity,
        durationMs: 2500,
        warmupMs: 500,
        pipeline: 4,
        ratePerSecond: 0,
        keys: { kind: "keyspace", keyspace: 1000, distribution: { kind: "zipf", theta: 0.5 } },
        keySize: 20,
        valueSize: 100,
        readPercent: 40,
        keysPerRequest: 500,
        isVerified: true,
        seed: 9,
        timeoutMs: 1500,
      },
      isPreloaded: true,
      output: "json",
      hdrPath: "a.hdr",
      server: { kind: "pid", pid: 12 },
      sloMs: null,
      notes: [],
    });
  });

  test("raises the requests to the number of clients", () => {
    expect(load("-n 5 -c 8").settings.requestCount).toBe(8);
    expect(load("-n 9 -c 8").settings.requestCount).toBe(9);
  });

  test("takes a depth of 0 for 1", () => {
    expect(load("-P 0").settings.pipeline).toBe(1);
    expect(load("-P 2").settings.pipeline).toBe(2);
  });

  test("forces the depth of an open loop to 1, and says so", () => {
    const plan = load("-R 5k -P 16");
    expect(plan.settings).toMatchObject({ ratePerSecond: 5000, pipeline: 1 });
    expect(plan.notes).toEqual(["-P 16 is not used: with -R a client has one request under way"]);
    expect(load("-R 5k -P 1").notes).toEqual([]);
  });

  test("makes keys of -r longer and unique", () => {
    expect(load("-r").settings).toMatchObject({ keys: { kind: "unique" }, keySize: 32 });
    expect(load("-r --key-size 20").settings.keySize).toBe(20);
  });

  test("takes random keys to be uniform", () => {
    expect(load("--keyspace 5").settings.keys).toEqual({
      kind: "keyspace",
      keyspace: 5,
      distribution: { kind: "uniform" },
    });
  });

  test("connects to a socket where one is named", () => {
    expect(load("-u /a/b").settings.target).toEqual({ kind: "unix", path: "/a/b" });
    expect(load("-u").settings.target).toEqual({ kind: "unix", path: "/tmp/fkvs/fkvs.sock" });
  });

  test("gives the steps of a sweep a length and a warm-up", () => {
    const plan = load("--sweep -P 8");
    expect(plan.sloMs).toBe(1);
    expect(plan.settings).toMatchObject({
      durationMs: 2000,
      warmupMs: 500,
      requestCount: Infinity,
      pipeline: 1,
    });
    expect(plan.notes).toEqual([
      "-P 8 is not used: with --sweep a client has one request under way",
    ]);
    const other = load("--sweep --slo 0.5 --duration 4 --warmup 0");
    expect(other.sloMs).toBe(0.5);
    expect(other.settings).toMatchObject({ durationMs: 4000, warmupMs: 0 });
  });

  test.each([
    ["", "text"],
    ["-q", "quiet"],
    ["--json", "json"],
    ["--csv", "csv"],
  ] as const)("with %j prints %s", (line, output) => {
    expect(load(line).output).toBe(output);
  });

  test("looks for the server, unless it may not", () => {
    expect(load("--no-server-cpu").server).toEqual({ kind: "none" });
  });

  test("draws a seed of 32 bits", () => {
    const loaded = loadPlan([]);
    if (loaded.kind !== "run") return expect.unreachable();
    const { seed } = loaded.plan.settings;
    expect(Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff).toBe(true);
  });

  test("prints the version, and help before it", () => {
    const version = { kind: "print", text: `fkvs-benchmark ${VERSION}\n` } as const;
    expect(loadPlan(["--version"])).toEqual(version);
    const help = loadPlan(["--version", "--help"]);
    expect(help).toMatchObject({ kind: "print" });
    expect(help).toMatchObject({ text: expect.stringContaining("Usage: fkvs-benchmark [flags]") });
  });
});
