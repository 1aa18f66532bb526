import { describe, expect, test } from "bun:test";
import { SHARED_SLOW_LOG_BYTES, SharedSlowLog } from "../../src/server/shared-slow-log.ts";

const OFFSET = 24;

function createStand() {
  const buffer = new SharedArrayBuffer(OFFSET + SHARED_SLOW_LOG_BYTES);
  return [new SharedSlowLog(buffer, OFFSET), new SharedSlowLog(buffer, OFFSET)] as const;
}

function entry(...args: readonly (string | Uint8Array)[]) {
  return {
    timeSeconds: 1_795_254_642,
    microseconds: 10_092,
    args: args.map((arg) => Buffer.from(arg as string)),
    address: "127.0.0.1:50001",
    name: "me",
  };
}

const idsOf = (log: SharedSlowLog) => log.latest(Infinity).map(({ id }) => id);

describe("SharedSlowLog", () => {
  test("has the entries of all threads, byte for byte", () => {
    const [first, second] = createStand();
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    first.push(entry("SET", bytes), 128);
    second.push(entry("GET", ""), 128);
    expect(second.latest(10)).toEqual([
      { id: 1, ...entry("GET", "") },
      { id: 0, ...entry("SET", bytes) },
    ]);
    expect(first.length).toBe(2);
    expect(first.latest(1).map(({ id }) => id)).toEqual([1]);
    expect(first.latest(0)).toEqual([]);
  });

  test("keeps at most as many as it is told, and begins anew with further ids", () => {
    const [first, second] = createStand();
    for (let i = 0; i < 5; i++) first.push(entry("PING"), 3);
    expect(idsOf(second)).toEqual([4, 3, 2]);
    second.push(entry("PING"), 1);
    expect(idsOf(first)).toEqual([5]);
    second.push(entry("PING"), 0);
    expect(idsOf(first)).toEqual([]);
    first.push(entry("PING"), 3);
    second.clear();
    expect([first.length, ...idsOf(first)]).toEqual([0]);
    first.push(entry("PING"), 3);
    expect(idsOf(second)).toEqual([8]);
  });

  test("gives up the oldest when there is no room, round and round", () => {
    const [log] = createStand();
    const count = 1000;
    for (let i = 0; i < count; i++) log.push(entry("x".repeat(4000 + i), `${i}`), Infinity);
    const entries = log.latest(Infinity);
    expect(entries.length).toBe(log.length);
    expect(entries.length).toBeGreaterThan(100);
    expect(entries.length).toBeLessThan(count);
    for (const [age, { id, args }] of entries.entries()) {
      expect(id).toBe(count - 1 - age);
      expect(args.map((arg) => arg.length)).toEqual([4000 + id, `${id}`.length]);
    }
  });

  test("does without an entry that is longer than all of it", () => {
    const [log] = createStand();
    log.push(entry("a"), 128);
    log.push({ ...entry("b"), name: "x".repeat(2 ** 20) }, 128);
    log.push(entry("c"), 128);
    expect(idsOf(log)).toEqual([2, 0]);
  });
});
