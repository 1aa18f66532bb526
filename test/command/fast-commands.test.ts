// The short way must do exactly what the ordinary one does, and only for whom it is meant:
// `fastCount` tells which way a request took.

import { describe, expect, test } from "bun:test";
import { SPLICE_LENGTH_MIN } from "../../src/batch/send-windows.ts";
import { StoreKeyspace } from "../../src/redis/store-keyspace.ts";
import { setUpCommands } from "../support/command-fixture.ts";
import { reserveHighStore } from "../support/high-store.ts";
import { Random } from "../support/random.ts";
import { ERROR, OK, reply, request, show } from "../support/v1-frames.ts";

describe("the short way", () => {
  test("is taken by GET of what is there and by SET over it, alone and in a batch", () => {
    const { ask, countFast } = setUpCommands();
    ask(request.set("key", "value"));
    expect(countFast(request.get("key"))).toBe(1);
    expect(countFast(request.set("key", "other"))).toBe(1);
    expect(countFast(request.get("key"), request.set("key", "third"), request.get("key"))).toBe(3);
    expect(ask(request.get("key"))).toEqual(show(reply.value("third")));
  });

  test("goes on behind a request that has changed tables and entries", () => {
    const { ask } = setUpCommands();
    ask(request.set("a", "1"), request.set("b", "2"));
    const asked = [request.get("a"), request.del("a"), request.get("a"), request.get("b")];
    const moved = [request.set("b", "x".repeat(500)), request.get("b"), request.set("b", "3")];
    expect(ask(...asked, ...moved, request.get("b"))).toEqual(
      show([
        reply.value("1"),
        OK,
        ERROR,
        reply.value("2"),
        reply.value("x".repeat(500)),
        reply.value("x".repeat(500)),
        reply.value("3"),
        reply.value("3"),
      ]),
    );
  });

  test("is not for a key that somebody watches, as long as anybody does", () => {
    const { ask, countFast, server } = setUpCommands();
    const keys = new StoreKeyspace(server.thread.store, server.thread.windows);
    const watcher = { isDirty: false };
    ask(request.set("key", "value"));
    keys.watch(0, Buffer.from("key"), watcher);
    expect(countFast(request.get("key"))).toBe(0);
    expect(watcher.isDirty).toBe(false);
    expect(countFast(request.set("key", "other"))).toBe(0);
    expect(watcher.isDirty).toBe(true);
    keys.unwatch(watcher);
    expect(countFast(request.get("key"), request.set("key", "third"))).toBe(2);
  });

  test("is not for misses, new keys, deadlines, other commands", () => {
    const { ask, countFast } = setUpCommands();
    ask(request.setEx("mortal", "value", 100), request.set("n", "1"));
    const asked = [request.get("none"), request.set("new", "value"), request.incrBy("n", "1")];
    expect(countFast(...asked)).toBe(0);
    expect(countFast(request.get("mortal"))).toBe(0);
    expect(countFast(request.set("mortal", "other"))).toBe(0);
    expect(countFast(request.setEx("n", "1", 5))).toBe(0);
    expect(ask(request.ttl("mortal"), request.ttl("n"))).toEqual(
      show([reply.value(-1), reply.value(5)]),
    );
  });

  test("is not for values that are spliced, or that do not fit their block", () => {
    const { ask, countFast } = setUpCommands();
    const bound = (length: number) => [request.set("k", "v".repeat(length)), request.get("k")];
    ask(request.set("k", "v".repeat(SPLICE_LENGTH_MIN - 1)));
    expect(countFast(...bound(SPLICE_LENGTH_MIN - 1))).toBe(2);
    expect(countFast(...bound(SPLICE_LENGTH_MIN))).toBe(0);
    expect(countFast(request.set("k", "short"))).toBe(0);
    expect(countFast(request.set("k", "small"))).toBe(1);
  });

  test("is not for a key whose hash an entry only shares", () => {
    const { server, ask, countFast } = setUpCommands();
    ask(request.set("key", "value"));
    const { candidates } = server.thread.store.segments;
    const { find } = candidates;
    // Every row gets the candidate of the first.
    candidates.find = (hashes, found, begin, end) => {
      find(hashes, found, begin, end);
      found.fill(found[0]!, 1, end);
    };
    const other = ["kez", "ley", "key1", "ke", ""].map((key) => request.get(key));
    expect(countFast(request.get("key"), ...other)).toBe(1);
  });

  for (const [name, reserve] of [
    ["in the first span", undefined],
    ["in the others", reserveHighStore],
  ] as const) {
    test(`keeps every byte, and every neighbour's, ${name}`, () => {
      const { server, ask } = setUpCommands(reserve === undefined ? {} : { store: reserve(10) });
      const random = new Random(5);
      const model = new Map<string, string>();
      for (let length = 0; length < 24; length++) model.set(random.text(length), "");
      const keys = [...model.keys()];
      for (let step = 0; step < 6000; step++) {
        const key = random.pick(keys);
        if (random.oneIn(2)) {
          const value = random.text(random.below(random.oneIn(4) ? 300 : 40));
          model.set(key, value);
          expect(ask(request.set(key, value))).toEqual(show(reply.value(value)));
        } else if (step > 500) {
          expect(ask(request.get(key))).toEqual(show(reply.value(model.get(key)!)));
        }
      }
      expect(server.thread.executor.fastCount).toBeGreaterThan(3000);
      const answers = ask(...keys.map((key) => request.get(key)));
      expect(answers).toEqual(show(keys.map((key) => reply.value(model.get(key)!))));
    });
  }
});
