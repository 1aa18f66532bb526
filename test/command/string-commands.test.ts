import { describe, expect, test } from "bun:test";
import { SPLICE_LENGTH_MIN } from "../../src/batch/send-windows.ts";
import { askUntilRefused, setUpCommands } from "../support/command-fixture.ts";
import { ERROR, OK, reply, request, show } from "../support/v1-frames.ts";

const MIB = 2 ** 20;

describe("SET", () => {
  test("replies with the value, of any length", () => {
    const { ask } = setUpCommands();
    const lengths = [0, 1, 63, 64, SPLICE_LENGTH_MIN - 1, SPLICE_LENGTH_MIN, SPLICE_LENGTH_MIN + 1];
    for (const length of lengths) {
      const value = "v".repeat(length);
      expect(ask(request.set("k", value), request.get("k"))).toEqual(
        show([reply.value(value), reply.value(value)]),
      );
    }
  });

  test("takes a former deadline away", () => {
    const { ask } = setUpCommands();
    ask(request.setEx("k", "v", 100), request.set("k", "w"));
    expect(ask(request.ttl("k"))).toEqual(show(reply.value(-1)));
  });

  test("with EX sets value and deadline together, or neither", () => {
    const { ask } = setUpCommands();
    ask(request.setEx("k", "v", 100));
    expect(ask(request.setEx("k", "w", "x"), request.get("k"), request.ttl("k"))).toEqual(
      show([ERROR, reply.value("v"), reply.value(100)]),
    );
    expect(ask(request.setEx("k", "w", 7), request.get("k"), request.ttl("k"))).toEqual(
      show([reply.value("w"), reply.value("w"), reply.value(7)]),
    );
  });

  test("with EX 0 replies with a value that is gone at once", () => {
    const { ask } = setUpCommands();
    expect(ask(request.setEx("k", "v", 0), request.get("k"), request.ttl("k"))).toEqual(
      show([reply.value("v"), ERROR, reply.value(-2)]),
    );
  });

  test("that memory refuses is an error, counted, and changes nothing", () => {
    const { server, ask } = setUpCommands({ maxMemoryBytes: 16 * MIB });
    ask(request.set("kept", "small"));
    const value = "v".repeat(60_000);
    const count = askUntilRefused(ask, (i) => request.set(`${i}`, value));
    expect(server.thread.store.keyCount).toBe(count + 1);
    expect(ask(request.set("kept", value), request.get("kept"))).toEqual(
      show([ERROR, reply.value("small")]),
    );
    expect(server.thread.store.keyCount).toBe(count + 1);
    expect(server.info().get("refused_memory_full")).toBe("2");
  });
});

describe("GET", () => {
  test("counts what it finds and what it does not", () => {
    const { server, ask } = setUpCommands();
    ask(request.set("k", "v"), request.get("k"), request.get("k"), request.get("absent"));
    expect(server.info().get("hits")).toBe("2");
    expect(server.info().get("misses")).toBe("1");
  });

  test("of a long value leaves from the arena while the key is changed", () => {
    const { server, client } = setUpCommands();
    const [first, second] = ["1".repeat(50_000), "2".repeat(50_000)];
    client.capacity = 100;
    client.feed(request.set("k", first), request.get("k"), request.set("k", second));
    client.feed(request.get("k"), request.del("k"), request.get("k"));
    server.engine.turn();
    client.drain(Infinity);
    server.engine.turn();
    const expected = [first, first, second, second].map((value) => reply.value(value));
    expect(show(client.takeReplies())).toEqual(show([...expected, OK, ERROR]));
    expect(server.thread.store.pins.count).toBe(0);
  });
});

describe("DEL", () => {
  test("is OK whether the key was there or not, and takes its deadline too", () => {
    const { server, ask } = setUpCommands();
    ask(request.setEx("k", "v", 100));
    expect(ask(request.del("k"), request.del("k"), request.get("k"), request.ttl("k"))).toEqual(
      show([OK, OK, ERROR, reply.value(-2)]),
    );
    expect(server.thread.store.deadlineCount).toBe(0);
    ask(request.set("k", "w"));
    expect(ask(request.ttl("k"))).toEqual(show(reply.value(-1)));
  });
});
