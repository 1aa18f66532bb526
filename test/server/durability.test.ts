// What clients see of the log: replies that wait for it under always, and that wait for nothing
// under everysec. Writes that wait for room in it are in durability-room.test.ts, and what becomes
// of all of them when it fails in durability-failure.test.ts.

import { describe, expect, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { DURABILITY } from "../../src/server/connection-table.ts";
import { DurabilityFixture, take } from "../support/durability-fixture.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { reply, request } from "../support/v1-frames.ts";

const OK = "+OK\r\n";
const LONG = "w".repeat(200_000);
const LONG_REPLY = `$${LONG.length}\r\n${LONG}\r\n`;

describe("under always, replies", () => {
  test("of writes leave when they are synced, on all ways", () => {
    const ways: readonly (readonly [Buffer, string])[] = [
      [request.set("a", "1"), reply.value("1").toString("latin1")],
      [request.incr("n"), reply.value("1").toString("latin1")],
      [encodeCommand(["SET", "a", "2"]), OK],
      [encodeCommand(["INCR", "n"]), ":1\r\n"],
      [encodeCommand(["MSET", "a", "1", "b", "2"]), OK],
      [encodeCommand(["APPEND", "a", "x"]), ":1\r\n"],
      [encodeCommand(["SET", "long", LONG]), OK],
      [Buffer.from("SET inline 1\r\n"), OK],
    ];
    for (const [bytes, expected] of ways) {
      const fixture = new DurabilityFixture();
      expect(fixture.send(fixture.one, bytes)).toBe("");
      fixture.server.thread.tick();
      fixture.server.engine.turn();
      expect(take(fixture.one)).toBe("");
      fixture.settle();
      expect(take(fixture.one)).toBe(expected);
    }
  });

  test("of writes do not leave when they are written and not synced", () => {
    const fixture = new DurabilityFixture({ policy: "none" });
    const { thread } = fixture.server;
    thread.connections.durabilities[fixture.one.number] = DURABILITY.STRICT;
    thread.durability!.gate.strictCount = 1;
    expect(fixture.send(fixture.one, ["SET", "a", "1"])).toBe("");
    expect(fixture.disk.counts.sync).toBeLessThan(4);
    const syncCount = fixture.disk.counts.sync;
    fixture.settle();
    expect(take(fixture.one)).toBe(OK);
    expect(fixture.disk.counts.sync).toBeGreaterThan(syncCount);
  });

  test("of reads wait for what they may have read, and for nothing once it is synced", () => {
    const fixture = new DurabilityFixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    expect(fixture.send(fixture.other, ["GET", "a"])).toBe("");
    fixture.settle();
    expect(take(fixture.one)).toBe(OK);
    expect(take(fixture.other)).toBe("$1\r\n1\r\n");
    expect(fixture.send(fixture.other, ["GET", "a"])).toBe("$1\r\n1\r\n");
  });

  test("of reads leave at once where a connection has chosen so", () => {
    const fixture = new DurabilityFixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    expect(fixture.peek("a")).toBe("*1\r\n$1\r\n1\r\n");
    expect(take(fixture.one)).toBe("");
  });

  test("come in order, and what follows a held reply is executed after it", () => {
    const fixture = new DurabilityFixture();
    expect(fixture.send(fixture.one, ["SET", "a", "1"])).toBe("");
    expect(fixture.send(fixture.one, ["INCR", "a"], ["PING"])).toBe("");
    expect(fixture.peek("a")).toBe("*1\r\n$1\r\n1\r\n");
    expect(fixture.one.heldLength).toBeGreaterThan(0);
    fixture.settle();
    expect(take(fixture.one)).toBe(`${OK}:2\r\n+PONG\r\n`);
  });

  test("of a request between release and turn wait for their own records", () => {
    const fixture = new DurabilityFixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.server.stepWriters();
    fixture.server.durability.progress();
    // The engine reads before the turn ends in which the released replies leave.
    fixture.one.feed(encodeCommand(["APPEND", "a", "2"]));
    fixture.server.engine.oneTurn();
    expect(take(fixture.one)).toBe(OK);
    fixture.settle();
    expect(take(fixture.one)).toBe(":2\r\n");
  });

  test("that were under way, or did not fit the socket, come before those that were held", () => {
    for (const isDeferred of [false, true]) {
      const fixture = new DurabilityFixture();
      const { engine } = fixture.server;
      const { one } = fixture;
      engine.isDeferred = isDeferred;
      one.capacity = 3;
      let answer = fixture.send(one, ["PING"]);
      answer += fixture.send(one, ["SET", "a", "1"], ["GET", "a"]);
      one.drain(Infinity);
      while (engine.offerCount > 0) engine.complete(0);
      engine.turn();
      while (engine.offerCount > 0) engine.complete(0);
      fixture.server.settle();
      for (let i = 0; i < 3; i++) {
        while (engine.offerCount > 0) engine.complete(0);
        fixture.settle();
      }
      expect(answer + take(one)).toBe(`+PONG\r\n${OK}$1\r\n1\r\n`);
    }
  });

  test("survive a loss of power once they have left", () => {
    const fixture = new DurabilityFixture({ partitionCount: 3 });
    fixture.send(fixture.one, ["MSET", "a", "1", "b", "2", "c", "3"], ["SET", "long", LONG]);
    fixture.settle();
    expect(take(fixture.one)).toBe(OK + OK);
    const next = fixture.recovered({ partitionCount: 2 });
    const answer = next.ask(next.connect(), encodeCommand(["MGET", "a", "b", "c", "long"]));
    expect(answer).toBe(`*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n${LONG_REPLY}`);
  });
});

describe("a connection with held replies", () => {
  test("may vanish, and its number be used again, without the next one's replies leaving", () => {
    const fixture = new DurabilityFixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    const { number } = fixture.one;
    fixture.one.disconnect();
    const next = fixture.server.connect();
    expect(next.number).toBe(number);
    fixture.server.stepWriters();
    expect(fixture.send(next, ["SET", "a", "2"])).toBe("");
    fixture.server.durability.progress();
    fixture.server.engine.turn();
    expect(take(next)).toBe("");
    fixture.settle();
    expect(take(next)).toBe(OK);
  });

  test("is not executed any further when its socket turns out to have failed", () => {
    const fixture = new DurabilityFixture();
    const { one, other } = fixture;
    fixture.send(one, ["SET", "long", LONG]);
    fixture.settle();
    take(one);
    const reads = Array.from({ length: 8 }, () => ["GET", "long"]);
    fixture.send(one, ["SET", "a", "1"], ...reads, ["APPEND", "a", "2"]);
    expect(fixture.is(one, CONNECTION.HELD) && fixture.is(one, CONNECTION.BLOCKED)).toBe(true);
    one.isReset = true;
    fixture.settle();
    expect(one.isOpen).toBe(false);
    expect(fixture.send(other, ["GET", "a"])).toBe("$1\r\n1\r\n");
  });

  test("may vanish when it is released and its number be another's in the same turn", () => {
    const fixture = new DurabilityFixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.server.stepWriters();
    fixture.server.durability.progress();
    fixture.one.disconnect();
    const next = fixture.server.connect();
    next.feed(encodeCommand(["APPEND", "a", "2"]));
    fixture.server.engine.oneTurn();
    expect(take(next)).toBe("");
    fixture.settle();
    expect(take(next)).toBe(":2\r\n");
  });

  test("may end: it is closed behind its replies", () => {
    const fixture = new DurabilityFixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.one.end();
    fixture.server.engine.turn();
    expect(fixture.one.isFinished).toBe(false);
    fixture.settle();
    expect(take(fixture.one)).toBe(OK);
    expect(fixture.one.isFinished).toBe(true);
  });

  test("keeps others from nothing: they are executed meanwhile", () => {
    const fixture = new DurabilityFixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.send(fixture.other, ["SET", "b", "2"]);
    expect(fixture.peek("a", "b")).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
  });
});

describe("under everysec", () => {
  test("replies leave at once", () => {
    const fixture = new DurabilityFixture({ policy: "everysec" });
    expect(fixture.send(fixture.one, ["SET", "a", "1"], ["GET", "a"])).toBe(`${OK}$1\r\n1\r\n`);
  });
});
