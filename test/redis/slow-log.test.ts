import { describe, expect, test } from "bun:test";
import { Client } from "../../src/redis/client.ts";
import { LiveSettings } from "../../src/redis/live-settings.ts";
import { SlowLog, redactArguments } from "../../src/redis/slow-log.ts";

const NOW_MS = 1_700_000_000_999;

function createStand() {
  const log = new SlowLog();
  const client = new Client({
    connection: 1,
    id: 1,
    nowMs: 0,
    address: "127.0.0.1:50001",
    localAddress: "127.0.0.1:5995",
    isAuthenticated: true,
  });
  client.name = "worker";
  const add = (words: readonly string[], microseconds: number) =>
    log.add(client, buffersOf(words), microseconds, NOW_MS);
  return { log, client, add };
}

function buffersOf(words: readonly string[]): Buffer[] {
  return words.map((word) => Buffer.from(word));
}

function textsOf(args: readonly Buffer[]): string[] {
  return args.map(String);
}

describe("SlowLog", () => {
  test("keeps what takes as long as the threshold, and nothing shorter", () => {
    const { log, add } = createStand();
    add(["GET", "a"], 9_999.9);
    add(["GET", "b"], 10_000);
    expect(log.latest(10)).toEqual([
      {
        id: 0,
        timeSeconds: 1_700_000_000,
        microseconds: 10_000,
        args: buffersOf(["GET", "b"]),
        address: "127.0.0.1:50001",
        name: "worker",
      },
    ]);
  });

  test.each([
    [0, 0, 1],
    [-1, 1e9, 0],
  ])("with the threshold %d keeps of a command of %d µs %d entries", (threshold, time, count) => {
    const { log, add } = createStand();
    log.thresholdMicroseconds = threshold;
    add(["PING"], time);
    expect(log.length).toBe(count);
  });

  test("gives the latest first", () => {
    const { log, add } = createStand();
    for (const word of ["a", "b", "c"]) add([word], 10_000);
    expect(log.latest(2).map(({ args }) => String(args[0]))).toEqual(["c", "b"]);
    expect(log.latest(Infinity).map(({ id }) => id)).toEqual([2, 1, 0]);
    expect(log.latest(0)).toEqual([]);
  });

  test("forgets the oldest, and what is too much only with the next entry", () => {
    const { log, add } = createStand();
    for (let call = 0; call < 130; call++) add(["PING"], 10_000);
    expect([log.length, log.latest(200).at(-1)!.id]).toEqual([128, 2]);
    log.lengthMax = 3;
    expect(log.length).toBe(128);
    add(["PING"], 10_000);
    expect(log.latest(200).map(({ id }) => id)).toEqual([130, 129, 128]);
    log.lengthMax = 0;
    add(["PING"], 10_000);
    expect(log.length).toBe(0);
  });

  test("goes on counting after a reset", () => {
    const { log, add } = createStand();
    add(["PING"], 10_000);
    log.reset();
    expect(log.length).toBe(0);
    add(["PING"], 10_000);
    expect(log.latest(1)[0]!.id).toBe(1);
  });

  test.each([
    [32, 32, "a31"],
    [33, 32, "... (2 more arguments)"],
    [1000, 32, "... (969 more arguments)"],
  ])("of %d arguments keeps %d, the last being %p", (count, keptCount, last) => {
    const { log, add } = createStand();
    add(
      Array.from({ length: count }, (_, index) => `a${index}`),
      10_000,
    );
    const { args } = log.latest(1)[0]!;
    expect([args.length, String(args.at(-1))]).toEqual([keptCount, last]);
  });

  test.each([
    [128, "x".repeat(128)],
    [129, `${"x".repeat(128)}... (1 more bytes)`],
  ])("keeps of an argument of %d bytes %p", (length, kept) => {
    const { log, add } = createStand();
    add(["GET", "x".repeat(length)], 10_000);
    expect(String(log.latest(1)[0]!.args[1])).toBe(kept);
  });

  test("keeps copies, because arguments lie in windows", () => {
    const { log } = createStand();
    const args = buffersOf(["GET", "key"]);
    log.add({ address: "", name: "" } as Client, args, 10_000, 0);
    args[1]!.fill("x");
    expect(String(log.latest(1)[0]!.args[1])).toBe("key");
  });

  test("keeps no password", () => {
    const { log, add } = createStand();
    add(["AUTH", "opensesame"], 10_000);
    expect(textsOf(log.latest(1)[0]!.args)).toEqual(["AUTH", "(redacted)"]);
  });

  test("keeps entries wherever it is told", () => {
    const kept: [number, number][] = [];
    const log = new SlowLog(new LiveSettings(), {
      length: 7,
      push: ({ microseconds }, lengthMax) => kept.push([microseconds, lengthMax]),
      latest: () => [],
      clear: () => (kept.length = 0),
    });
    log.lengthMax = 3;
    log.add(createStand().client, [], 20_000, NOW_MS);
    expect(kept).toEqual([[20_000, 3]]);
    expect(log.length).toBe(7);
    log.reset();
    expect(kept).toEqual([]);
  });
});

describe("redactArguments", () => {
  test.each([
    ["AUTH secret", "AUTH (redacted)"],
    ["auth user secret", "auth (redacted) (redacted)"],
    ["HELLO 3 AUTH u p SETNAME n", "HELLO 3 AUTH (redacted) (redacted) SETNAME n"],
    ["hello 2 setname n auth u p", "hello 2 setname n auth (redacted) (redacted)"],
    ["HELLO 3 SETNAME auth", "HELLO 3 SETNAME auth"],
    ["HELLO 3 SETNAME auth AUTH u p", "HELLO 3 SETNAME auth (redacted) (redacted) (redacted)"],
    ["HELLO 3", "HELLO 3"],
    ["CONFIG SET hz 1 requirepass p", "CONFIG SET hz 1 requirepass (redacted)"],
    ["config set REQUIREPASS p hz 1", "config set REQUIREPASS (redacted) hz 1"],
    ["CONFIG SET x requirepass y z", "CONFIG SET x requirepass y z"],
    ["CONFIG GET requirepass", "CONFIG GET requirepass"],
    ["SET auth secret", "SET auth secret"],
  ])("makes of %p %p", (given, shown) => {
    expect(textsOf(redactArguments(buffersOf(given.split(" ")))).join(" ")).toBe(shown);
  });
});
