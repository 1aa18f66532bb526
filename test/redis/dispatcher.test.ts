// What is expected of replies here was recorded from redis-server 7.0.15, but for the limits that
// Redis does not have.

import { describe, expect, test } from "bun:test";
import type { Handler } from "../../src/redis/call.ts";
import { CLIENT_HANDLERS } from "../../src/redis/client-commands.ts";
import { QUEUE_SIZE_MAX } from "../../src/redis/client.ts";
import { CONNECTION_HANDLERS } from "../../src/redis/connection-commands.ts";
import { isOrdinary, KEY_LENGTH_MAX } from "../../src/redis/dispatcher.ts";
import { NO_DEADLINE } from "../../src/redis/keyspace.ts";
import { TRANSACTION_HANDLERS } from "../../src/redis/transaction-commands.ts";
import { ModelParcel } from "../support/model-keyspace.ts";
import { createRedisFixture, type RedisFixture } from "../support/redis-fixture.ts";

const TOO_LONG = `-ERR key is longer than the maximum of ${KEY_LENGTH_MAX} bytes\r\n`;

const set: Handler = ({ args, client, keys, reply, value }) => {
  keys.set(client.database, args[1]!, value(2), NO_DEADLINE);
  reply.simple("OK");
};
const exists: Handler = ({ args, reply }) => reply.integer(args.length - 1);
/** Fails after a part of its reply. */
const fail: Handler = ({ reply }) => {
  reply.array(2);
  throw new Error("a mistake\n");
};
const fails: Handler = ({ reply }) => {
  reply.array(2);
  reply.error("ONE a");
  reply.error("TWO b");
};

function createFixture(password: string | null = null): RedisFixture {
  const handlers = {
    ...TRANSACTION_HANDLERS,
    ...CONNECTION_HANDLERS,
    ...CLIENT_HANDLERS,
    set,
    exists,
    fail,
    fails,
  };
  return createRedisFixture(handlers, { password });
}

function statsOf({ server: { commands, stats } }: RedisFixture, name: string) {
  const { index } = commands.findFull(name)!;
  return {
    calls: stats.calls(index),
    failed: stats.failedCalls(index),
    rejected: stats.rejectedCalls(index),
  };
}

describe("the dispatcher", () => {
  test.each([
    [["foo"], "-ERR unknown command 'foo', with args beginning with: \r\n"],
    [["client"], "-ERR wrong number of arguments for 'client' command\r\n"],
    [["client", "x"], "-ERR unknown subcommand 'x'. Try CLIENT HELP.\r\n"],
    [["CLIENT", "KILL"], "-ERR wrong number of arguments for 'client|kill' command\r\n"],
    [["client", "HELP", "x"], "-ERR wrong number of arguments for 'client|help' command\r\n"],
    [["SET", "a"], "-ERR wrong number of arguments for 'set' command\r\n"],
  ])("refuses %j", (args, reply) => {
    const fixture = createFixture();
    expect(fixture.run(fixture.client(), ...args)).toBe(reply);
  });

  test("does nothing without arguments", () => {
    const fixture = createFixture();
    expect(fixture.run(fixture.client())).toBe("");
  });

  test("remembers the last command and its time", () => {
    const fixture = createFixture();
    const client = fixture.client();
    fixture.pass(5000);
    fixture.run(client, "CLIENT", "Id");
    expect(client.lastCommand).toBe("client|id");
    expect(client.lastCommandMs).toBeGreaterThanOrEqual(5000);
    fixture.run(client, "foo");
    expect(client.lastCommand).toBe("");
  });

  test("executes nothing for a client that is closing, and gives its parcels back", () => {
    const fixture = createFixture();
    const client = fixture.client();
    client.isClosing = true;
    const parcel = new ModelParcel("x");
    expect(fixture.run(client, "set", "a", parcel)).toBe("");
    expect(fixture.keys.count(0)).toBe(0);
    expect(fixture.released).toEqual([parcel]);
  });

  test("gives a parcel to the handler, and back when all is done", () => {
    const fixture = createFixture();
    const parcel = new ModelParcel("long");
    expect(fixture.run(fixture.client(), "set", "a", parcel)).toBe("+OK\r\n");
    expect(fixture.keys.find(0, Buffer.from("a"))!.bytes().toString()).toBe("long");
    expect(fixture.released).toEqual([parcel]);
  });
});

describe("a long key", () => {
  const longest = "k".repeat(KEY_LENGTH_MAX);

  test("is taken at the limit and refused beyond it, wherever it stands", () => {
    const fixture = createFixture();
    const client = fixture.client();
    expect(fixture.run(client, "set", longest, "1")).toBe("+OK\r\n");
    expect(fixture.run(client, "set", `${longest}k`, "1")).toBe(TOO_LONG);
    expect(fixture.run(client, "exists", "a", longest)).toBe(":2\r\n");
    expect(fixture.run(client, "exists", "a", `${longest}k`)).toBe(TOO_LONG);
    expect(fixture.run(client, "set", "a", `${longest}k`)).toBe("+OK\r\n");
    expect(statsOf(fixture, "set")).toEqual({ calls: 2, failed: 0, rejected: 1 });
  });

  test("is refused as a parcel, and spoils a transaction", () => {
    const fixture = createFixture();
    const client = fixture.client();
    const parcel = new ModelParcel(`${longest}k`);
    fixture.run(client, "multi");
    expect(fixture.run(client, "set", parcel, "1")).toBe(TOO_LONG);
    expect(fixture.released).toEqual([parcel]);
    expect(fixture.run(client, "exec")).toStartWith("-EXECABORT");
  });
});

describe("a transaction", () => {
  test("is bounded", () => {
    const fixture = createFixture();
    const client = fixture.client();
    fixture.run(client, "multi");
    const half = Buffer.alloc(QUEUE_SIZE_MAX / 2);
    expect(fixture.run(client, "set", "a", half)).toBe("+QUEUED\r\n");
    const text = `-ERR transaction is longer than the maximum of ${QUEUE_SIZE_MAX} bytes\r\n`;
    expect(fixture.run(client, "set", "a", half)).toBe(text);
    expect(fixture.run(client, "set", "a", "1")).toBe("+QUEUED\r\n");
    expect(fixture.run(client, "exec")).toStartWith("-EXECABORT");
    expect(client.queueSize).toBe(0);
  });

  test("counts its commands and not their failures as its own", () => {
    const fixture = createFixture();
    const client = fixture.client();
    for (const command of ["multi", "fails", "ping", "exec"]) fixture.run(client, command);
    expect(statsOf(fixture, "fails")).toEqual({ calls: 1, failed: 1, rejected: 0 });
    expect(statsOf(fixture, "ping")).toEqual({ calls: 1, failed: 0, rejected: 0 });
    expect(statsOf(fixture, "exec")).toEqual({ calls: 1, failed: 0, rejected: 0 });
  });
});

describe("the counts", () => {
  test("tell calls, failures and refusals apart", () => {
    const fixture = createFixture();
    const client = fixture.client();
    for (const args of [["select", "0"], ["select", "x"], ["select"], ["foo"]]) {
      fixture.run(client, ...args);
    }
    expect(statsOf(fixture, "select")).toEqual({ calls: 2, failed: 1, rejected: 1 });
    expect(fixture.server.stats.errorCounts()).toEqual([["ERR", 3]]);
  });

  test("have the codes of errors", () => {
    const fixture = createFixture("secret");
    const client = fixture.client();
    fixture.run(client, "ping");
    fixture.run(client, "auth", "x");
    expect(fixture.server.stats.errorCounts()).toEqual([
      ["NOAUTH", 1],
      ["WRONGPASS", 1],
    ]);
    expect(statsOf(fixture, "ping")).toEqual({ calls: 0, failed: 0, rejected: 1 });
  });

  test("are of what was executed at EXEC, not of what was queued", () => {
    const fixture = createFixture();
    const client = fixture.client();
    for (const command of ["multi", "ping", "discard"]) fixture.run(client, command);
    expect(statsOf(fixture, "ping").calls).toBe(0);
    expect(statsOf(fixture, "discard").calls).toBe(1);
  });

  test("have the time by the clock", () => {
    const fixture = createFixture();
    fixture.clock.stepMs = 2;
    fixture.run(fixture.client(), "ping");
    const { commands, stats } = fixture.server;
    expect(stats.microseconds(commands.find("ping")!.index)).toBe(2000);
  });
});

describe("the slow log", () => {
  test("has what was slow, by itself or in EXEC, but not EXEC", () => {
    const fixture = createFixture();
    const client = fixture.client();
    fixture.server.slowLog.thresholdMicroseconds = 0;
    for (const command of ["ping", "multi", "echo a", "exec", "foo"]) {
      fixture.run(client, ...command.split(" "));
    }
    const logged = fixture.server.slowLog.latest(9).map(({ args }) => args.join(" "));
    expect(logged).toEqual(["echo a", "multi", "ping"]);
  });
});

describe("a handler that throws", () => {
  test("answers an error in place of what it has composed, and the client goes on", () => {
    const fixture = createFixture();
    const client = fixture.client();
    expect(fixture.run(client, "fail")).toBe("-ERR internal error\r\n");
    expect(fixture.logLines).toHaveLength(1);
    expect(fixture.logLines[0]).toMatch(/ error command failed client=1 command=fail .*a mistake/);
    expect(fixture.run(client, "ping")).toBe("+PONG\r\n");
  });

  test("ends its transaction", () => {
    const fixture = createFixture();
    const client = fixture.client();
    const parcel = new ModelParcel("x");
    fixture.run(client, "multi");
    fixture.run(client, "set", "a", parcel);
    fixture.run(client, "fail");
    expect(fixture.run(client, "exec")).toBe("-ERR internal error\r\n");
    expect(fixture.released).toEqual([parcel]);
    expect(fixture.run(client, "exec")).toBe("-ERR EXEC without MULTI\r\n");
  });

  test("closes the client when a part of the reply has left", () => {
    const long: Handler = ({ reply }) => {
      reply.array(2);
      const bytes = () => Buffer.alloc(0);
      reply.value({ length: 2 ** 20, deadlineMs: NO_DEADLINE, reference: 8, bytes });
      throw new Error("a mistake");
    };
    const fixture = createRedisFixture({ ...CONNECTION_HANDLERS, long });
    const client = fixture.client();
    expect(fixture.run(client, "long")).toBe("*2\r\n$1048576\r\n(spliced 8)");
    expect(fixture.closed).toEqual([client.id]);
  });
});

describe("CLIENT REPLY", () => {
  test.each<[string, [string, string][]]>([
    [
      "skips the next reply",
      [
        ["client reply skip", ""],
        ["ping", ""],
        ["ping", "+PONG\r\n"],
      ],
    ],
    [
      "skips it whatever it is",
      [
        ["client reply skip", ""],
        ["foo", ""],
        ["foo", "-ERR unknown command 'foo', with args beginning with: \r\n"],
      ],
    ],
    [
      "skips one reply when it is asked to twice",
      [
        ["client reply skip", ""],
        ["client reply skip", ""],
        ["ping", ""],
        ["ping", "+PONG\r\n"],
      ],
    ],
    [
      "is off until it is on",
      [
        ["client reply off", ""],
        ["client reply skip", ""],
        ["client reply x", ""],
        ["ping", ""],
        ["client reply on", "+OK\r\n"],
        ["ping", "+PONG\r\n"],
      ],
    ],
    [
      "is on after a SKIP",
      [
        ["client reply skip", ""],
        ["client reply on", "+OK\r\n"],
        ["ping", "+PONG\r\n"],
      ],
    ],
    [
      "wants to know what",
      [
        ["client reply x", "-ERR syntax error\r\n"],
        ["client reply", "-ERR wrong number of arguments for 'client|reply' command\r\n"],
      ],
    ],
    [
      "skips what follows EXEC",
      [
        ["multi", "+OK\r\n"],
        ["client reply skip", "+QUEUED\r\n"],
        ["ping", "+QUEUED\r\n"],
        ["exec", "*2\r\n+PONG\r\n"],
        ["ping", ""],
        ["ping", "+PONG\r\n"],
      ],
    ],
  ])("%s", (_, exchange) => {
    const fixture = createFixture();
    const client = fixture.client();
    for (const [command, reply] of exchange) {
      expect([command, fixture.run(client, ...command.split(" "))]).toEqual([command, reply]);
    }
  });
});

describe("isOrdinary", () => {
  test.each([
    [[], true],
    [["multi"], false],
    [["multi", "exec"], true],
    [["client reply off"], false],
    [["client reply skip"], false],
    [["client reply skip", "ping"], true],
    [["quit"], false],
  ])("after %j is %p", (commands, isExpected) => {
    const fixture = createFixture();
    const client = fixture.client();
    for (const command of commands) fixture.run(client, ...command.split(" "));
    expect(isOrdinary(client)).toBe(isExpected);
  });

  test("waits for the login", () => {
    const fixture = createFixture("secret");
    const client = fixture.client();
    expect(isOrdinary(client)).toBe(false);
    fixture.run(client, "auth", "secret");
    expect(isOrdinary(client)).toBe(true);
  });
});

describe("a command that could not be taken in", () => {
  const OOM = "-OOM no room\r\n";

  test("is answered with its error, which counts", () => {
    const fixture = createFixture();
    const client = fixture.client();
    expect(fixture.refuse(client, "OOM no room")).toBe(OOM);
    expect(fixture.server.stats.errorCounts()).toEqual([["OOM", 1]]);
    expect(fixture.run(client, "PING")).toBe("+PONG\r\n");
  });

  test("spoils the transaction that it was meant for", () => {
    const fixture = createFixture();
    const client = fixture.client();
    fixture.run(client, "MULTI");
    expect(fixture.refuse(client, "OOM no room")).toBe(OOM);
    const abort = "-EXECABORT Transaction discarded because of previous errors.\r\n";
    expect(fixture.run(client, "EXEC")).toBe(abort);
  });

  test("is the one that CLIENT REPLY SKIP is for", () => {
    const fixture = createFixture();
    const client = fixture.client();
    fixture.run(client, "CLIENT", "REPLY", "SKIP");
    expect(fixture.refuse(client, "OOM no room")).toBe("");
    expect(fixture.refuse(client, "OOM no room")).toBe(OOM);
    fixture.run(client, "CLIENT", "REPLY", "OFF");
    expect(fixture.refuse(client, "OOM no room")).toBe("");
    client.isClosing = true;
    client.replyMode = "on";
    expect(fixture.refuse(client, "OOM no room")).toBe("");
  });
});
