// What fkvs v1 makes of values longer than its frames can carry: another protocol has set them.

import { describe, expect, test } from "bun:test";
import { TEXT_LENGTH_MAX } from "../../src/protocol/v1-replies.ts";
import { setUpCommands } from "../support/command-fixture.ts";
import { ERROR, OK, reply, request, show } from "../support/v1-frames.ts";

const MIB = 2 ** 20;

function setUp() {
  const { server, ask } = setUpCommands();
  const { store, windows } = server.thread;

  /** Gives the key `k` a value of any length. */
  function setLong(value: Uint8Array): void {
    const keyOffset = windows.scratchOffset;
    windows.area.bytes.write("k", keyOffset);
    const hash = store.hashOf(keyOffset, 1);
    expect(store.setBytes(keyOffset, 1, hash, value, 0, 0)).not.toBe(0);
  }
  return { server, store, ask, setLong };
}

describe("a value that is too long for v1", () => {
  test("is an error to GET, and no miss", () => {
    const { server, ask, setLong } = setUp();
    const longest = "v".repeat(TEXT_LENGTH_MAX);
    setLong(Buffer.from(longest));
    expect(ask(request.get("k"))).toEqual(show(reply.value(longest)));
    for (const length of [TEXT_LENGTH_MAX + 1, 100_000, 3 * MIB]) {
      setLong(Buffer.alloc(length, "v"));
      expect(ask(request.get("k"))).toEqual(show(ERROR));
    }
    expect(server.info().get("misses")).toBe("0");
  });

  test("is an error to the counters, although its pieces' numbers might be digits", () => {
    const { ask, setLong } = setUp();
    setLong(Buffer.alloc(MIB, "1"));
    const requests = [request.incr("k"), request.decr("k"), request.incrBy("k", 1)];
    expect(ask(...requests)).toEqual(show([ERROR, ERROR, ERROR]));
  });

  test("has a deadline, is listed, removed and written over as any other", () => {
    const { server, store, ask, setLong } = setUp();
    const before = store.memoryBytes().pieces;
    setLong(Buffer.alloc(MIB, "v"));
    expect(server.info().get("memory_pieces_bytes")).toBe(`${MIB}`);
    expect(ask(request.expire("k", 10), request.ttl("k"), request.persist("k"))).toEqual(
      show([OK, reply.value(10), OK]),
    );
    expect(ask(request.keys())).toEqual(show(reply.keys("1) k")));
    // Short values of every size that its block might hold.
    for (let length = 0; length < 100; length++) {
      const value = "w".repeat(length);
      setLong(Buffer.alloc(MIB, "v"));
      expect(ask(request.set("k", value), request.get("k"))).toEqual(
        show([reply.value(value), reply.value(value)]),
      );
      expect(store.memoryBytes().pieces).toBe(before);
    }
    setLong(Buffer.alloc(MIB, "v"));
    expect(ask(request.del("k"), request.get("k"))).toEqual(show([OK, ERROR]));
    expect(store.memoryBytes().pieces).toBe(before);
  });
});
