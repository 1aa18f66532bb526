import { describe, expect, test } from "bun:test";
import { KEYS_LENGTH_MAX } from "../../src/command/server-commands.ts";
import { NO_DEADLINE } from "../../src/redis/keyspace.ts";
import { StoreKeyspace } from "../../src/redis/store-keyspace.ts";
import { setUpCommands } from "../support/command-fixture.ts";
import { ERROR, reply, request, show, textIn } from "../support/v1-frames.ts";

describe("PING", () => {
  test("sends any payload back", () => {
    const { ask } = setUpCommands();
    for (const payload of ["", "x", "\u0000\u00ff\n", "p".repeat(65531)]) {
      expect(ask(request.ping(payload))).toEqual(show(reply.pong(payload)));
    }
  });
});

describe("KEYS", () => {
  test("numbers the keys from 1, without a newline at the end", () => {
    const { ask, askBytes } = setUpCommands();
    expect(ask(request.keys())).toEqual(show(reply.keys("")));
    ask(request.set("only", "1"));
    expect(ask(request.keys())).toEqual(show(reply.keys("1) only")));
    ask(request.set("other", "2"));
    const listed = textIn(askBytes(request.keys())[0]!);
    expect(["1) only\n2) other", "1) other\n2) only"]).toContain(listed);
  });

  test("lists the empty key", () => {
    const { ask } = setUpCommands();
    ask(request.set("", "v"));
    expect(ask(request.keys())).toEqual(show(reply.keys("1) ")));
  });

  test("lists every key once, while tables grow", () => {
    const { askBytes } = setUpCommands();
    for (let count = 0; count < 3000; count += 300) {
      const keys = Array.from({ length: count + 300 }, (_, i) => `${i}`);
      askBytes(...keys.slice(count).map((key) => request.set(key, "v")));
      const lines = textIn(askBytes(request.keys())[0]!).split("\n");
      expect(lines.map((line) => line.split(") ")[1]).toSorted()).toEqual(keys.toSorted());
      expect(lines.map((line) => line.split(") ")[0])).toEqual(keys.map((_, i) => `${i + 1}`));
    }
  });

  test("lists those of database 0 alone", () => {
    const { server, ask } = setUpCommands();
    const keys = new StoreKeyspace(server.thread.store, server.thread.windows);
    ask(request.set("first", "v"));
    for (let database = 1; database < 16; database++) {
      keys.set(database, Buffer.from(`other ${database}`), Buffer.from("v"), NO_DEADLINE);
    }
    expect(ask(request.keys())).toEqual(show(reply.keys("1) first")));
    expect(ask(request.get("other 1"))).toEqual(show(ERROR));
  });

  test("leaves out what has expired, also from the length it may have", () => {
    const { server, ask } = setUpCommands();
    ask(request.set("kept", "v"), request.setEx("k".repeat(65_000), "", 1));
    ask(request.setEx("l".repeat(1000), "", 1));
    expect(ask(request.keys())).toEqual(show(ERROR));
    server.clock.now += 1000;
    expect(ask(request.keys())).toEqual(show(reply.keys("1) kept")));
  });

  test("has a list of exactly the length it may have, and an error beyond it", () => {
    for (const [length, isListed] of [
      [KEYS_LENGTH_MAX - "1) \n".length, true],
      [KEYS_LENGTH_MAX - "1) \n".length + 1, false],
    ] as const) {
      const { askBytes } = setUpCommands();
      const key = "k".repeat(length);
      const [, listed] = askBytes(request.set(key, ""), request.keys());
      expect(show(listed!)).toEqual(show(isListed ? reply.keys(`1) ${key}`) : ERROR));
    }
  });

  test("finds room although replies are waiting", () => {
    const { server, client } = setUpCommands();
    client.capacity = 0;
    client.feed(request.set("k", "v"), request.ping("p".repeat(30_000)), request.keys());
    server.engine.turn();
    expect(server.thread.executor.blockedCount).toBe(0);
    client.drain(Infinity);
    server.engine.turn();
    expect(show(client.takeReplies()[2]!)).toEqual(show(reply.keys("1) k")));
  });
});

describe("INFO", () => {
  test("answers with a text, also behind a pipeline", () => {
    const { askBytes } = setUpCommands();
    const [, answer] = askBytes(request.ping(), request.info());
    expect(answer![2]).toBe(7);
    expect(textIn(answer!)).toStartWith("# Server \n");
  });

  test("does not count itself", () => {
    const { askBytes } = setUpCommands();
    askBytes(request.ping(), request.ping());
    expect(textIn(askBytes(request.info())[0]!)).toContain("commands executed: 2 \n");
    expect(textIn(askBytes(request.info())[0]!)).toContain("commands executed: 3 \n");
  });
});
