// What turn.ts and pipeline.ts do with connections that speak RESP: who waits, who goes on, and in
// which order.

import { describe, expect, test } from "bun:test";
import { encodeCommand } from "../support/resp-client.ts";
import type { TestConnection } from "../support/test-engine.ts";
import { InProcessServer } from "../support/test-server.ts";

const LIMIT = 8192;
const LONG = "v".repeat(5000);
const keys = (count: number) => Array.from({ length: count }, (_, i) => `key${i}`);
const values = (count: number) =>
  keys(count)
    .map((key) => `$${key.length}\r\n${key}\r\n`)
    .join("");

class Fixture {
  readonly server = new InProcessServer({ sendLimitBytes: LIMIT, spareWindows: 0 });
  readonly slow = this.server.connect();
  readonly other = this.server.connect();

  constructor() {
    this.ask(this.other, ["SET", "long", LONG]);
    this.ask(this.other, ["MSET", ...keys(300).flatMap((key) => [key, key])]);
  }

  /** Sends in one piece, and answers what came in this turn. */
  ask(connection: TestConnection, ...commands: readonly string[][]): string {
    connection.feed(Buffer.concat(commands.map((args) => encodeCommand(args))));
    this.server.engine.turn();
    return connection.take().toString("latin1");
  }

  /** Has a connection blocked whose replies nobody reads, with these commands waiting. */
  block(...commands: readonly string[][]): void {
    this.slow.capacity = 0;
    const gets = [
      ["GET", "long"],
      ["GET", "long"],
    ];
    const { executor } = this.server.thread;
    const blockedBefore = executor.blockedCount;
    expect(this.ask(this.slow, ...gets, ...commands)).toBe("");
    expect(executor.blockedCount).toBe(blockedBefore + 1);
  }

  /** Its socket takes all; what came. */
  unblock(): string {
    this.slow.drain(Infinity);
    this.server.engine.turn();
    return this.slow.take().toString("latin1");
  }
}

const LONG_REPLY = `$${LONG.length}\r\n${LONG}\r\n`;

describe("a connection of RESP that is blocked", () => {
  test("begins a command of many keys anew, whatever others ask meanwhile", () => {
    for (const count of [2, 63, 64, 65, 130, 300]) {
      const fixture = new Fixture();
      // What is not there is not answered on the short way, which asks for room in the window only.
      fixture.block(["MGET", "none", ...keys(count)], ["INCR", "n"]);
      const between = fixture.ask(fixture.other, ["DEL", ...keys(200)], ["MGET", "long", "key0"]);
      expect(between).toBe(`:200\r\n*2\r\n${LONG_REPLY}$-1\r\n`);
      fixture.ask(fixture.other, ["MSET", ...keys(200).flatMap((key) => [key, key])]);
      const answer = fixture.unblock();
      const expected = `*${count + 1}\r\n$-1\r\n${values(count)}:1\r\n`;
      expect(answer).toBe(`${LONG_REPLY}${LONG_REPLY}${expected}`);
    }
  });

  test("is so before a command, and never within one", () => {
    const fixture = new Fixture();
    fixture.slow.capacity = 0;
    const many = Array.from({ length: 40 }, () => ["long", "none"]).flat();
    fixture.ask(fixture.slow, ["MGET", "none", ...many], ["MGET", "none"]);
    expect(fixture.server.thread.executor.blockedCount).toBe(1);
    const pairs = `${LONG_REPLY}$-1\r\n`.repeat(40);
    expect(fixture.unblock()).toBe(`*81\r\n$-1\r\n${pairs}*1\r\n$-1\r\n`);
  });

  test("has nothing of a write executed twice, or by half", () => {
    const fixture = new Fixture();
    fixture.block(["INCR", "n"], ["APPEND", "n", "0"], ["DEL", ...keys(100)], ["INCR", "n"]);
    expect(fixture.ask(fixture.other, ["EXISTS", "n", ...keys(100)])).toBe(":100\r\n");
    expect(fixture.unblock()).toBe(`${LONG_REPLY}${LONG_REPLY}:1\r\n:2\r\n:100\r\n:11\r\n`);
    expect(fixture.ask(fixture.other, ["EXISTS", "n", ...keys(100)])).toBe(":1\r\n");
  });

  test("waits with ordinary and inline commands as well", () => {
    for (const line of [encodeCommand(["ECHO", "x"]), Buffer.from("ECHO x\r\n")]) {
      const fixture = new Fixture();
      fixture.slow.capacity = 0;
      fixture.ask(fixture.slow, ["GET", "long"], ["GET", "long"]);
      fixture.slow.feed(line, encodeCommand(["PING"]));
      fixture.server.engine.turn();
      expect(fixture.unblock()).toBe(`${LONG_REPLY}${LONG_REPLY}$1\r\nx\r\n+PONG\r\n`);
    }
  });

  test("executes none of its commands once it is killed", () => {
    const fixture = new Fixture();
    fixture.block(["INCR", "n"], ["INCR", "n"]);
    expect(fixture.ask(fixture.other, ["CLIENT", "KILL", "TYPE", "normal"])).toBe(":1\r\n");
    expect(fixture.slow.isOpen).toBe(false);
    expect(fixture.ask(fixture.other, ["EXISTS", "n"])).toBe(":0\r\n");
  });
});

describe("what comes behind", () => {
  test("a command for the caller is executed after the rows before it, of all connections", () => {
    const fixture = new Fixture();
    const { slow: first, other: second, server } = fixture;
    first.feed(encodeCommand(["INCR", "n"]), encodeCommand(["INCR", "n"]));
    second.feed(encodeCommand(["GETSET", "n", "100"]));
    first.feed(encodeCommand(["INCR", "n"]));
    server.engine.turn();
    expect(first.take().toString()).toBe(":1\r\n:2\r\n:101\r\n");
    expect(second.take().toString()).toBe("$1\r\n2\r\n");
  });

  test("an error is not executed, and what came before is", () => {
    const fixture = new Fixture();
    const { slow, server, other } = fixture;
    slow.feed(Buffer.concat([encodeCommand(["INCR", "n"]), Buffer.from("*1\r\n\r\n")]));
    slow.feed(encodeCommand(["INCR", "n"]));
    server.engine.turn();
    const error = "-ERR Protocol error: expected '$', got ' '\r\n";
    expect(slow.take().toString()).toBe(`:1\r\n${error}`);
    expect(slow.isFinished).toBe(true);
    expect(fixture.ask(other, ["GET", "n"])).toBe("$1\r\n1\r\n");
  });

  test("a line of HTTP is not executed, and it has no reply", () => {
    const fixture = new Fixture();
    const { slow, server, other } = fixture;
    slow.feed(Buffer.from("POST / HTTP/1.1\r\nHost: a\r\n\r\nINCR n\r\n"));
    server.engine.turn();
    expect(slow.take()).toHaveLength(0);
    expect(slow.isFinished).toBe(true);
    expect(fixture.ask(other, ["EXISTS", "n"])).toBe(":0\r\n");
  });

  test("a command longer than a window is executed in its turn", () => {
    const fixture = new Fixture();
    const long = "x".repeat(200_000);
    const answer = fixture.ask(
      fixture.slow,
      ["INCR", "n"],
      ["APPEND", "big", long],
      ["INCR", "n"],
      ["STRLEN", "big"],
      ["MGET", ...keys(100)],
    );
    expect(answer).toBe(`:1\r\n:200000\r\n:2\r\n:200000\r\n*100\r\n${values(100)}`);
  });
});
