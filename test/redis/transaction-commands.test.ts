// What is expected here was recorded from redis-server 7.0.15.

import { describe, expect, test } from "bun:test";
import type { Handler } from "../../src/redis/call.ts";
import { CLIENT_HANDLERS } from "../../src/redis/client-commands.ts";
import { CONNECTION_HANDLERS } from "../../src/redis/connection-commands.ts";
import { NO_DEADLINE } from "../../src/redis/keyspace.ts";
import { TRANSACTION_HANDLERS, WATCHED_COUNT_MAX } from "../../src/redis/transaction-commands.ts";
import { WATCHED_KEY_COUNT_MAX } from "../../src/store/shared-watches.ts";
import { ModelParcel } from "../support/model-keyspace.ts";
import { createRedisFixture, RedisFixture } from "../support/redis-fixture.ts";

const ABORTED = "-EXECABORT Transaction discarded because of previous errors.\r\n";
const ARITY = (name: string) => `-ERR wrong number of arguments for '${name}' command\r\n`;

const set: Handler = ({ args, client, keys, reply, value }) => {
  keys.set(client.database, args[1]!, value(2), NO_DEADLINE);
  reply.simple("OK");
};
const get: Handler = ({ args, client, keys, reply }) => {
  const value = keys.find(client.database, args[1]!);
  if (value === null) reply.nil();
  else reply.value(value);
};
const del: Handler = ({ args, client, keys, reply }) => {
  reply.integer(keys.delete(client.database, args[1]!) ? 1 : 0);
};
const incr: Handler = ({ reply }) => reply.error("ERR value is not an integer or out of range");
const flushAll: Handler = ({ keys, reply }) => {
  keys.flush();
  reply.simple("OK");
};

function createFixture(): RedisFixture {
  return createRedisFixture({
    ...TRANSACTION_HANDLERS,
    ...CONNECTION_HANDLERS,
    ...CLIENT_HANDLERS,
    set,
    get,
    del,
    incr,
    flushall: flushAll,
  });
}

/** Commands of one client, each a line of words, and their replies. */
function converse(
  fixture: RedisFixture,
  client: ReturnType<RedisFixture["client"]>,
  exchange: readonly (readonly [command: string, reply: string])[],
): void {
  for (const [command, reply] of exchange) {
    expect([command, fixture.run(client, ...command.split(" "))]).toEqual([command, reply]);
  }
}

const EXCHANGES: [title: string, exchange: [command: string, reply: string][]][] = [
  [
    "queues, and EXEC executes",
    [
      ["multi", "+OK\r\n"],
      ["set a x", "+QUEUED\r\n"],
      ["incr a", "+QUEUED\r\n"],
      ["get a", "+QUEUED\r\n"],
      ["echo z", "+QUEUED\r\n"],
      ["ping", "+QUEUED\r\n"],
      [
        "exec",
        "*5\r\n+OK\r\n-ERR value is not an integer or out of range\r\n" +
          "$1\r\nx\r\n$1\r\nz\r\n+PONG\r\n",
      ],
      ["exec", "-ERR EXEC without MULTI\r\n"],
    ],
  ],
  [
    "may be empty",
    [
      ["multi", "+OK\r\n"],
      ["exec", "*0\r\n"],
    ],
  ],
  [
    "is not nested, and goes on when it is tried",
    [
      ["multi", "+OK\r\n"],
      ["multi", "-ERR MULTI calls can not be nested\r\n"],
      ["watch k", "-ERR WATCH inside MULTI is not allowed\r\n"],
      ["ping", "+QUEUED\r\n"],
      ["exec", "*1\r\n+PONG\r\n"],
    ],
  ],
  [
    "is spoilt by an unknown command",
    [
      ["multi", "+OK\r\n"],
      ["foo", "-ERR unknown command 'foo', with args beginning with: \r\n"],
      ["set a 1", "+QUEUED\r\n"],
      ["exec", ABORTED],
      ["get a", "$-1\r\n"],
      ["exec", "-ERR EXEC without MULTI\r\n"],
    ],
  ],
  [
    "is spoilt by a command with the wrong number of arguments",
    [
      ["multi", "+OK\r\n"],
      ["incr a b", ARITY("incr")],
      ["exec", ABORTED],
      ["multi", "+OK\r\n"],
      ["watch", ARITY("watch")],
      ["exec", ABORTED],
      ["multi", "+OK\r\n"],
      ["exec", "*0\r\n"],
    ],
  ],
  [
    "is given up by a refused EXEC, not by a refused DISCARD",
    [
      ["multi", "+OK\r\n"],
      [
        "exec x",
        "-EXECABORT Transaction discarded because of: " +
          "wrong number of arguments for 'exec' command\r\n",
      ],
      ["exec", "-ERR EXEC without MULTI\r\n"],
      ["multi", "+OK\r\n"],
      ["discard x", ARITY("discard")],
      ["discard", "+OK\r\n"],
      ["discard", "-ERR DISCARD without MULTI\r\n"],
    ],
  ],
  [
    "is left by RESET and survives nothing of it",
    [
      ["multi", "+OK\r\n"],
      ["set a 1", "+QUEUED\r\n"],
      ["reset", "+RESET\r\n"],
      ["exec", "-ERR EXEC without MULTI\r\n"],
      ["get a", "$-1\r\n"],
    ],
  ],
  [
    "takes arguments of none of its commands",
    [
      ["multi a", ARITY("multi")],
      ["unwatch a", ARITY("unwatch")],
      ["unwatch", "+OK\r\n"],
    ],
  ],
  [
    "has errors of AUTH only at EXEC",
    [
      ["multi", "+OK\r\n"],
      ["auth x y z", "+QUEUED\r\n"],
      ["exec", "*1\r\n-ERR syntax error\r\n"],
    ],
  ],
  [
    "sees the database change as it goes on",
    [
      ["multi", "+OK\r\n"],
      ["set a 0", "+QUEUED\r\n"],
      ["select 1", "+QUEUED\r\n"],
      ["get a", "+QUEUED\r\n"],
      ["exec", "*3\r\n+OK\r\n+OK\r\n$-1\r\n"],
      ["get a", "$-1\r\n"],
    ],
  ],
];

describe("MULTI", () => {
  test.each(EXCHANGES)("%s", (_, exchange) => {
    const fixture = createFixture();
    converse(fixture, fixture.client(), exchange);
  });

  test("changes the protocol in the middle of EXEC's reply", () => {
    const fixture = createFixture();
    const client = fixture.client();
    for (const command of ["multi", "get nope", "hello 3", "get nope"]) {
      fixture.run(client, ...command.split(" "));
    }
    const reply = fixture.run(client, "exec");
    expect(reply).toStartWith("*3\r\n$-1\r\n%7\r\n");
    expect(reply).toEndWith("*0\r\n_\r\n");
  });

  test("QUIT closes", () => {
    const fixture = createFixture();
    const client = fixture.client();
    fixture.run(client, "multi");
    expect(fixture.run(client, "quit")).toBe("+OK\r\n");
    expect(fixture.closed).toEqual([client.id]);
  });

  test("EXEC without login is refused in its own way", () => {
    const fixture = createRedisFixture(TRANSACTION_HANDLERS, { password: "secret" });
    expect(fixture.run(fixture.client(), "exec")).toBe(
      "-EXECABORT Transaction discarded because of: NOAUTH Authentication required.\r\n",
    );
  });
});

describe("WATCH", () => {
  const started = (...commands: string[]): { fixture: RedisFixture; run: Run } => {
    const fixture = createFixture();
    const client = fixture.client();
    const run: Run = (command) => fixture.run(client, ...command.split(" "));
    for (const command of commands) run(command);
    return { fixture, run };
  };
  type Run = (command: string) => string;

  test.each([
    ["another client's write", "set a 2", "*-1\r\n"],
    ["another client's delete", "del a", "*-1\r\n"],
    ["another client's flush", "flushall", "*-1\r\n"],
    ["a delete of a key that is not there", "del b", "*1\r\n+PONG\r\n"],
    ["another key's write", "set c 1", "*1\r\n+PONG\r\n"],
    ["a read", "get a", "*1\r\n+PONG\r\n"],
  ])("notices %s", (_, command, reply) => {
    const { fixture, run } = started("set a 1", "watch a b", "multi", "ping");
    fixture.run(fixture.client(), ...command.split(" "));
    expect(run("exec")).toBe(reply);
    expect(run("exec")).toBe("-ERR EXEC without MULTI\r\n");
  });

  test("notices the client's own writes before MULTI, not those of EXEC", () => {
    const { run } = started("watch a", "set a 1", "multi", "ping");
    expect(run("exec")).toBe("*-1\r\n");
    for (const command of ["watch a", "multi", "set a 2", "get a"]) run(command);
    expect(run("exec")).toBe("*2\r\n+OK\r\n$1\r\n2\r\n");
  });

  test("answers as RESP3 has it", () => {
    const { run } = started("hello 3", "watch a", "set a 1", "multi");
    expect(run("exec")).toBe("_\r\n");
  });

  test("tells databases apart", () => {
    const { run } = started("select 1", "watch a", "select 0", "set a 2", "multi");
    expect(run("exec")).toBe("*0\r\n");
  });

  test("notices an expiry that nobody has met yet", () => {
    const { fixture, run } = started("watch a", "unwatch");
    const key = Buffer.from("a");
    fixture.keys.set(0, key, Buffer.from("1"), BigInt(fixture.keys.nowMs + 1000));
    for (const command of ["watch a", "multi", "ping"]) run(command);
    fixture.pass(1000);
    expect(run("exec")).toBe("*-1\r\n");
  });

  test.each(["unwatch", "exec", "discard", "reset"])("ends with %s", (command) => {
    const { run } = started("watch a", ...(command === "unwatch" ? [] : ["multi"]), command);
    for (const line of ["set a 1", "multi", "ping"]) run(line);
    expect(run("exec")).toBe("*1\r\n+PONG\r\n");
  });

  test("UNWATCH forgives what was noticed", () => {
    const { run } = started("watch a", "set a 1", "unwatch", "multi");
    expect(run("exec")).toBe("*0\r\n");
  });

  test("a spoilt transaction says so, and not that a key was changed", () => {
    const { run } = started("watch a", "set a 1", "multi", "foo");
    expect(run("exec")).toBe(ABORTED);
  });

  test("is bounded", () => {
    const { fixture, run } = started();
    const client = [...fixture.server.clients()][0]!;
    client.watchedCount = WATCHED_COUNT_MAX - 1;
    expect(run("watch a b")).toBe(`-ERR more than ${WATCHED_COUNT_MAX} keys are watched\r\n`);
    expect(run("watch a")).toBe("+OK\r\n");
    expect(run("watch a")).toStartWith("-ERR");
    run("unwatch");
    expect(run("watch a")).toBe("+OK\r\n");
  });

  test("says so when all clients together watch too much", () => {
    const { fixture, run } = started("set a 1");
    const watch = fixture.keys.watch.bind(fixture.keys);
    fixture.keys.watch = (database, key, watcher) =>
      key.toString() !== "b" && watch(database, key, watcher);
    const text = `-ERR all clients together watch ${WATCHED_KEY_COUNT_MAX} keys already\r\n`;
    expect(run("watch a b c")).toBe(text);
    // What came before is watched.
    expect([...fixture.server.clients()][0]!.watchedCount).toBe(1);
    for (const line of ["set a 2", "multi", "ping"]) run(line);
    expect(run("exec")).toBe("*-1\r\n");
  });
});

describe("a queued parcel", () => {
  test.each([
    ["exec", "xx"],
    ["discard", null],
    ["reset", null],
    ["exec x", null],
  ])("is given back after %s", (command, value) => {
    const fixture = createFixture();
    const client = fixture.client();
    const parcel = new ModelParcel("xx");
    fixture.run(client, "multi");
    expect(fixture.run(client, "set", "a", parcel)).toBe("+QUEUED\r\n");
    expect(fixture.released).toEqual([]);
    fixture.run(client, ...command.split(" "));
    expect(fixture.released).toEqual([parcel]);
    expect(fixture.keys.find(0, Buffer.from("a"))?.bytes().toString() ?? null).toBe(value);
  });

  test("is given back when the client is gone", () => {
    const fixture = createFixture();
    const client = fixture.client();
    const parcel = new ModelParcel("xx");
    fixture.run(client, "multi");
    fixture.run(client, "set", "a", parcel);
    fixture.server.close(client);
    expect(fixture.released).toEqual([parcel]);
  });
});
