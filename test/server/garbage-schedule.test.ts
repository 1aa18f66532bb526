import { beforeEach, describe, expect, test } from "bun:test";
import {
  GARBAGE_INTERVAL_MS,
  GARBAGE_REQUESTS_MAX,
  GarbageSchedule,
  SURVIVORS_MAX,
} from "../../src/server/garbage-schedule.ts";
import { RespClient, encodeCommand } from "../support/resp-client.ts";
import { ServerProcess } from "../support/server-process.ts";

describe("GarbageSchedule collects", () => {
  let count: number;
  let allCount: number;
  let survivorBytes: number;
  let schedule: GarbageSchedule;

  beforeEach(() => {
    count = 0;
    allCount = 0;
    survivorBytes = 5;
    schedule = new GarbageSchedule({
      collectYoung: () => count++,
      collectAll: () => {
        allCount++;
        survivorBytes -= 100;
      },
      survivorBytes: () => survivorBytes,
    });
    schedule.tick(0, 1, 0);
    expect(count).toBe(1);
  });

  test("when enough requests have left garbage, and not one before", () => {
    schedule.tick(1, GARBAGE_REQUESTS_MAX, 0);
    expect(count).toBe(1);
    schedule.tick(2, GARBAGE_REQUESTS_MAX + 1, 0);
    expect(count).toBe(2);
    schedule.tick(3, 2 * GARBAGE_REQUESTS_MAX, 0);
    expect(count).toBe(2);
  });

  test("not for requests on the fast paths, however many", () => {
    schedule.tick(1, 1e9, 1e9 - GARBAGE_REQUESTS_MAX);
    expect(count).toBe(1);
    schedule.tick(2, 1e9, 1e9 - GARBAGE_REQUESTS_MAX - 1);
    expect(count).toBe(2);
  });

  test("after a while for whatever was done", () => {
    schedule.tick(GARBAGE_INTERVAL_MS - 1, 2, 1);
    expect(count).toBe(1);
    schedule.tick(GARBAGE_INTERVAL_MS, 2, 1);
    expect(count).toBe(2);
  });

  test("everything when enough has survived, and again when as much has come on top", () => {
    let nowMs = 0;
    const tick = (): void => schedule.tick((nowMs += GARBAGE_INTERVAL_MS), nowMs, 0);
    survivorBytes = 5 + SURVIVORS_MAX;
    tick();
    expect([count, allCount]).toEqual([2, 0]);
    survivorBytes++;
    tick();
    expect([count, allCount]).toEqual([2, 1]);
    survivorBytes += SURVIVORS_MAX;
    tick();
    expect([count, allCount]).toEqual([3, 1]);
    survivorBytes++;
    tick();
    expect([count, allCount]).toEqual([3, 2]);
  });

  test("nothing for a thread that has done nothing", () => {
    schedule.tick(100 * GARBAGE_INTERVAL_MS, 1, 0);
    expect(count).toBe(1);
  });
});

/** Requests that leave garbage: some 140 MB of it. */
const REQUEST = encodeCommand(["GETEX", "key", "PERSIST"]);
const REPLY = "$-1\r\n";
const BATCH_LENGTH = 2000;
const BATCH_COUNT = 50;
const GROWTH_MAX = 48 * 2 ** 20;

describe.each(["auto", "listen"])("a server over --io=%s", (io) => {
  test("keeps its memory while requests leave garbage", async () => {
    await using server = new ServerProcess(["--port=0", `--io=${io}`]);
    using client = await RespClient.connect(await server.port());
    const ask = async (): Promise<void> => {
      client.send(Buffer.alloc(REQUEST.length * BATCH_LENGTH, REQUEST));
      let nullCount = 0;
      for (let i = 0; i < BATCH_LENGTH; i++) if (`${await client.reply()}` === REPLY) nullCount++;
      expect(nullCount).toBe(BATCH_LENGTH);
    };
    const residentBytes = async (): Promise<number> => {
      const info = await client.ask("INFO", "memory");
      return Number(/used_memory_rss:(\d+)/.exec(info)![1]);
    };
    for (let i = 0; i < BATCH_COUNT / 2; i++) await ask();
    const before = await residentBytes();
    for (let i = 0; i < BATCH_COUNT; i++) await ask();
    expect((await residentBytes()) - before).toBeLessThan(GROWTH_MAX);
  });
});
