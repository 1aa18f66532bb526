import { describe, expect, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { DROP } from "../../src/server/connection-table.ts";
import { RESP_DEFAULTS } from "../../src/server/resp-options.ts";
import { RespPeer, setUpResp } from "../support/resp-fixture.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { ERROR, request, show } from "../support/v1-frames.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
/** Longer than a window, and more than a long command may hold of 64 MiB: 8. */
const REFUSED = ["APPEND", "k", "v".repeat(9 * MIB)];
const PASSWORD = { resp: { ...RESP_DEFAULTS, password: "secret" } };

function isClosing({ server, connection }: RespPeer): boolean {
  return server.thread.connections.is(connection.number, CONNECTION.CLOSING);
}

describe("what is no RESP", () => {
  test.each([
    ["*1\r\nx", "-ERR Protocol error: expected '$', got 'x'\r\n"],
    ["*1\r\n\xff", "-ERR Protocol error: expected '$', got '\xff'\r\n"],
    ["*1\r\n\r\n", "-ERR Protocol error: expected '$', got ' '\r\n"],
    ["*1\r\n\n\r\n", "-ERR Protocol error: expected '$', got ' '\r\n"],
    ['set "k\r\n', "-ERR Protocol error: unbalanced quotes in request\r\n"],
    [`${"a".repeat(40_000)}`, "-ERR Protocol error: too big inline request\r\n"],
  ])("is told what is wrong: %#", (text, reply) => {
    const { peer, thread } = setUpResp();
    expect(peer.ask("PING")).toEqual(["+PONG\r\n"]);
    expect(peer.send(text)).toBe(reply);
    expect(peer.connection.isFinished).toBe(true);
    expect(thread.connections.droppedCounts[DROP.PROTOCOL]).toBe(1);
  });

  test("is answered behind what came before it, and nothing behind it is executed", () => {
    const { peer, connect } = setUpResp();
    const text = "SET a 1\r\nINCR a\r\n*1\r\nx\r\nINCR a\r\n";
    expect(peer.send(text)).toBe("+OK\r\n:2\r\n-ERR Protocol error: expected '$', got 'x'\r\n");
    expect(peer.send("INCR a\r\n")).toBe("");
    expect(connect().ask("GET a")).toEqual(["$1\r\n2\r\n"]);
  });

  test("is told nothing to who wants no replies, and closed all the same", () => {
    const { peer, connect } = setUpResp();
    expect(peer.send("CLIENT REPLY OFF\r\n*1\r\nx\r\n")).toBe("");
    expect(peer.connection.isFinished).toBe(true);
    const other = connect();
    expect(other.send('CLIENT REPLY SKIP\r\n"x\r\n')).toBe("");
    expect(other.connection.isFinished).toBe(true);
  });
});

describe("HTTP", () => {
  test.each([
    "POST / HTTP/1.1\r\nHost: a\r\n\r\nSET k v\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\nSET k v\r\n",
    "OPTIONS * HTTP/1.0\r\n\r\nSET k v\r\n",
    "PING\r\nHost: 127.0.0.1:6379\r\nSET k v\r\n",
  ])("%j closes, and nothing of it is executed", (text) => {
    const { peer, thread } = setUpResp();
    expect(peer.send(text)).toBe(text.startsWith("PING") ? "+PONG\r\n" : "");
    expect(peer.connection.isFinished).toBe(true);
    expect(thread.front.attackCount).toBe(1);
    expect(thread.store.keyCount).toBe(0);
  });
});

describe("a command longer than a window", () => {
  test("is executed as any other, in its place", () => {
    const { peer } = setUpResp();
    const value = "v".repeat(300_000);
    const replies = peer.askAll(
      ["SET", "k", "old"],
      ["SET", "k", value],
      ["STRLEN", "k"],
      ["GET", "k"],
      ["INCR", "n"],
    );
    expect(replies.slice(0, 3)).toEqual(["+OK\r\n", "+OK\r\n", ":300000\r\n"]);
    expect(replies[3] === `$300000\r\n${value}\r\n`).toBe(true);
    expect(replies[4]).toBe(":1\r\n");
  });

  test("that has no memory is an error, and the connection goes on", () => {
    const { peer, thread } = setUpResp();
    expect(peer.askAll(REFUSED, ["PING"])).toEqual([OOM, "+PONG\r\n"]);
    expect(isClosing(peer)).toBe(false);
    expect(thread.front.budget.usedBytes).toBe(0);
    expect(peer.send("INFO errorstats\r\n")).toContain("errorstat_OOM:count=1");
  });

  test("that has no memory inside MULTI spoils the transaction", () => {
    const { peer } = setUpResp();
    const replies = peer.askAll(["MULTI"], ["SET", "k", "v"], REFUSED, ["EXEC"], ["EXISTS", "k"]);
    const abort = "-EXECABORT Transaction discarded because of previous errors.\r\n";
    expect(replies).toEqual(["+OK\r\n", "+QUEUED\r\n", OOM, abort, ":0\r\n"]);
  });

  test("that has no memory is silent to who wants no replies", () => {
    const { peer } = setUpResp();
    const commands = [["CLIENT", "REPLY", "SKIP"], REFUSED, ["PING"]];
    expect(peer.askAll(...commands)).toEqual(["+PONG\r\n"]);
    const silent = [["CLIENT", "REPLY", "OFF"], REFUSED, ["CLIENT", "REPLY", "ON"]];
    expect(peer.askAll(...silent)).toEqual(["+OK\r\n"]);
    // SKIP is for one command: it is over, whatever became of that one.
    expect(peer.ask("PING")).toEqual(["+PONG\r\n"]);
  });

  test("gives its memory back when its connection goes, or says what is no RESP", () => {
    const { peer, thread, connect } = setUpResp();
    const { pool } = thread.store;
    peer.ask("PING");
    const { availableCount } = pool;
    const whole = encodeCommand(["MSET", "a", "x".repeat(MIB), "k".repeat(50_000), "y"]);
    // The key's last eight bytes, the line's end and the last argument are missing.
    const half = whole.subarray(0, -8 - "\r\n$1\r\ny\r\n".length);
    for (const end of ["disconnect", "refuse"]) {
      const sender = connect();
      sender.send(half);
      expect(pool.availableCount).toBeLessThan(availableCount);
      expect(thread.front.budget.usedBytes).toBeGreaterThan(40_000);
      if (end === "disconnect") sender.connection.disconnect();
      else expect(sender.send(`${"k".repeat(8)}\r\n:1\r\n`)).toStartWith("-ERR Protocol error:");
      expect(pool.availableCount).toBe(availableCount);
      expect(thread.front.budget.usedBytes).toBe(0);
    }
  });

  test("waits, whole, when its connection has no room for replies", () => {
    const { peer, thread } = setUpResp({ sendLimitBytes: 64 * KIB, spareWindows: 0 });
    peer.askAll(["SET", "large", "L".repeat(10_000)]);
    peer.connection.capacity = 0;
    const gets = Array.from({ length: 20 }, () => ["GET", "large"]);
    const long = ["MGET", ...Array.from({ length: 20_000 }, (_, i) => `${i}`)];
    expect(peer.askAll(...gets, long, ["INCR", "n"])).toEqual([]);
    expect(thread.connections.is(0, CONNECTION.BLOCKED)).toBe(true);
    peer.connection.drain(Infinity);
    const replies = peer.askAll(["INCR", "n"]);
    expect(replies).toHaveLength(23);
    expect(replies[20]).toBe(`*20000\r\n${"$-1\r\n".repeat(20_000)}`);
    expect(replies.slice(21)).toEqual([":1\r\n", ":2\r\n"]);
  });
});

describe("a socket that fails", () => {
  test("takes its connection along, in the middle of commands that wait for it as well", () => {
    const { server, peer, thread, connect } = setUpResp({ sendLimitBytes: 64 * KIB });
    const other = connect();
    peer.askAll(["SET", "large", "L".repeat(20_000)]);
    peer.connection.accept = () => -1;
    const text = encodeCommand(["GET", "large"]).toString().repeat(50);
    peer.connection.feed(Buffer.from(text), Buffer.from("ECHO a\r\n".repeat(50)));
    server.engine.turn();
    expect(peer.connection.isDestroyed).toBe(true);
    expect(thread.store.pins.count).toBe(0);
    expect(other.ask("STRLEN large")).toEqual([":20000\r\n"]);
  });
});

describe("a peer that sends no more", () => {
  test("is answered all that was whole, and gets its half back", () => {
    const { server, peer, thread } = setUpResp();
    const { availableCount } = thread.store.pool;
    const half = encodeCommand(["SET", "k", "v".repeat(MIB)]).subarray(0, 500_000);
    peer.connection.feed(Buffer.from("SET a 1\r\nGET a\r\n"), half);
    peer.connection.end();
    server.engine.turn();
    expect(peer.connection.take().toString()).toBe("+OK\r\n$1\r\n1\r\n");
    expect(peer.connection.isFinished).toBe(true);
    peer.connection.disconnect();
    // The page of the first key.
    expect(availableCount - thread.store.pool.availableCount).toBeLessThanOrEqual(2);
    expect(thread.store.memoryBytes().pieces).toBe(0);
  });
});

describe("what the decoder is told of a connection", () => {
  test.each([
    ["MULTI", 0],
    ["MULTI|DISCARD", 1],
    ["MULTI|EXEC", 1],
    ["CLIENT REPLY OFF", 0],
    ["CLIENT REPLY SKIP", 0],
    ["CLIENT REPLY SKIP|PING", 1],
    ["WATCH k", 1],
    ["SELECT 3", 1],
    ["MULTI|RESET", 1],
    ["QUIT", 0],
  ])("after %s its hot commands may be rows: %d", (commands, isHot) => {
    const { peer, thread } = setUpResp();
    for (const command of commands.split("|")) peer.ask(command);
    expect(thread.connections.isHot[0]).toBe(isHot);
  });

  test("is its database and its version, and neither is left to the next connection", () => {
    const { peer, thread, connect } = setUpResp();
    const { databases, versions } = thread.connections;
    peer.ask("SELECT 3", "HELLO 3");
    expect([databases[0], versions[0]]).toEqual([3, 3]);
    peer.connection.disconnect();
    const next = connect();
    expect(next.connection.number).toBe(0);
    expect(next.ask("GET nothing")).toEqual(["$-1\r\n"]);
    expect([databases[0], versions[0]]).toEqual([0, 2]);
  });

  test("is whether it has logged in", () => {
    const { peer, thread, connect } = setUpResp(PASSWORD);
    peer.ask("AUTH wrong");
    expect(thread.connections.isRestricted[0]).toBe(1);
    expect(thread.connections.isHot[0]).toBe(0);
    peer.ask("AUTH secret");
    expect(thread.connections.isRestricted[0]).toBe(0);
    expect(thread.connections.isHot[0]).toBe(1);
    peer.ask("RESET");
    expect(thread.connections.isRestricted[0]).toBe(1);
    peer.connection.disconnect();
    expect(connect().ask("GET k")).toEqual(["-NOAUTH Authentication required.\r\n"]);
  });
});

describe("a connection of v1", () => {
  test("is refused when a password is wanted that it cannot give", () => {
    const { server } = setUpResp(PASSWORD);
    const client = server.connect();
    expect(show(server.ask(client, request.set("k", "v"), request.get("k")))).toEqual(show(ERROR));
    expect(client.isFinished).toBe(true);
    expect(server.thread.store.keyCount).toBe(0);
  });

  test("is served when it is trusted", () => {
    const { server } = setUpResp({ resp: { ...PASSWORD.resp, isV1Trusted: true } });
    const client = server.connect();
    expect(server.ask(client, request.set("k", "v"))).toHaveLength(1);
    expect(server.thread.store.keyCount).toBe(1);
  });
});

describe("the clients", () => {
  test("are those that speak RESP and are not closing, in the order of their ids", () => {
    const { server, peer, thread, connect } = setUpResp();
    const others = [connect(), connect(), connect()];
    server.ask(server.connect(), request.ping());
    others[1]!.ask("PING");
    peer.ask("PING");
    others[0]!.ask("QUIT");
    expect([...thread.front.clients()].map(({ connection }) => connection)).toEqual([2, 0]);
    others[1]!.connection.disconnect();
    expect([...thread.front.clients()].map(({ id }) => id)).toEqual([2]);
  });

  test("were last heard of when they sent something, on the hot way too", () => {
    const { server, peer, thread } = setUpResp();
    peer.ask("SELECT 0");
    server.clock.now += 5000;
    server.clock.elapsed += 5000;
    peer.ask("GET k");
    const [client] = [...thread.front.clients()];
    expect(client!.lastCommandMs).toBeGreaterThan(server.clock.elapsed - 100);
  });
});

describe("CLIENT KILL", () => {
  test("ends a connection that is blocked, at once, and leaves nothing behind", () => {
    const { peer, thread, connect } = setUpResp({ sendLimitBytes: 64 * KIB, spareWindows: 0 });
    peer.askAll(["SET", "large", "L".repeat(20_000)]);
    peer.connection.capacity = 0;
    peer.askAll(...Array.from({ length: 20 }, () => ["GET", "large"]), ["SET", "after", "x"]);
    expect(thread.connections.is(0, CONNECTION.BLOCKED)).toBe(true);
    const killer = connect();
    expect(killer.ask("CLIENT KILL ID 1", "EXISTS after")).toEqual([":1\r\n", ":0\r\n"]);
    expect(peer.connection.isOpen).toBe(false);
    expect(thread.connections.openCount).toBe(1);
    expect(thread.store.pins.count).toBe(0);
    expect(killer.ask("CLIENT KILL ID 1")).toEqual([":0\r\n"]);
  });

  test("of oneself is answered first", () => {
    const { peer } = setUpResp();
    const text = "CLIENT KILL ID 1 SKIPME no\r\nSET k v\r\n";
    expect(peer.send(text)).toBe(":1\r\n");
    expect(peer.connection.isFinished).toBe(true);
    expect(peer.server.thread.store.keyCount).toBe(0);
  });

  test("takes a half received command along", () => {
    const { peer, thread, connect } = setUpResp();
    const { availableCount } = thread.store.pool;
    peer.send(encodeCommand(["SET", "k", "v".repeat(MIB)]).subarray(0, 500_000));
    expect(connect().ask("CLIENT KILL ID 1")).toEqual([":1\r\n"]);
    expect(peer.connection.isOpen).toBe(false);
    expect(thread.store.pool.availableCount).toBe(availableCount);
  });
});
