// The short way of INCR and DECR must do exactly what the ordinary one does, and only for whom it
// is meant: `fastCount` tells which way a request took.

import { describe, expect, test } from "bun:test";
import { StoreKeyspace } from "../../src/redis/store-keyspace.ts";
import { setUpCommands } from "../support/command-fixture.ts";
import { Random } from "../support/random.ts";
import { setUpResp } from "../support/resp-fixture.ts";
import { reply, request, show } from "../support/v1-frames.ts";

describe("the short way of INCR and DECR", () => {
  test("is taken by a plain number that stays as long as it is", () => {
    for (const key of ["n", "nu", "num", "numb"]) {
      const { ask, countFast } = setUpCommands();
      ask(request.set(key, "18"));
      expect(countFast(request.incr(key), request.decr(key), request.incr(key))).toBe(3);
      // 20, 9 (a digit less), 10 (one more), 11.
      expect(countFast(request.incr(key))).toBe(1);
      ask(request.incrBy(key, "-10"));
      expect(countFast(request.decr(key), request.incr(key))).toBe(0);
      expect(ask(request.incr(key), request.get(key))).toEqual(
        show([reply.value("11"), reply.value("11")]),
      );
    }
  });

  test("is not for numbers that have a deadline, a sign or a zero in front", () => {
    const { ask, countFast } = setUpCommands();
    ask(request.setEx("mortal", "5", 100), request.set("minus", "-5"), request.set("zero", "05"));
    expect(countFast(request.incr("mortal"), request.incr("minus"), request.incr("zero"))).toBe(0);
    expect(ask(request.get("mortal"), request.get("minus"), request.get("zero"))).toEqual(
      show([reply.value("6"), reply.value("-4"), reply.value("6")]),
    );
  });

  test("is not for a key that somebody watches", () => {
    const { ask, countFast, server } = setUpCommands();
    const keys = new StoreKeyspace(server.thread.store, server.thread.windows);
    const watcher = { isDirty: false };
    ask(request.set("n", "1"));
    keys.watch(0, Buffer.from("n"), watcher);
    expect(countFast(request.incr("n"))).toBe(0);
    expect(watcher.isDirty).toBe(true);
  });

  test("counts as the ordinary way would, mixed with what changes the number otherwise", () => {
    const { ask } = setUpCommands();
    const random = new Random(3);
    const keys = ["a", "ab", "abc", "abcd", "abcde"];
    const numbers = new Map(keys.map((key) => [key, 0]));
    for (let step = 0; step < 3000; step++) {
      const key = random.pick(keys);
      const amount = random.pick([1, 1, 1, -1, -1, 1000, -999]);
      const sum = numbers.get(key)! + amount;
      numbers.set(key, sum);
      const asked =
        amount === 1
          ? request.incr(key)
          : amount === -1
            ? request.decr(key)
            : request.incrBy(key, `${amount}`);
      expect(ask(asked), `step ${step}`).toEqual(show([reply.value(`${sum}`)]));
    }
  });

  test("is taken in RESP, in each database", () => {
    const { peer, thread } = setUpResp();
    const countFast = (...commands: string[]) => {
      const before = thread.executor.fastCount;
      peer.ask(...commands);
      return thread.executor.fastCount - before;
    };
    const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
    peer.ask("SELECT 3", "SET n 98", "SET minus -3", "SET mortal 5 EX 100");
    expect(countFast("INCR n")).toBe(1);
    expect(countFast("INCR n", "INCR minus", "INCR mortal")).toBe(0);
    expect(countFast("INCR n")).toBe(1);
    const asked = ["INCR n", "GET n", "GET minus", "GET mortal"];
    expect(peer.ask(...asked)).toEqual([":102\r\n", bulk("102"), bulk("-2"), bulk("6")]);
  });
});
