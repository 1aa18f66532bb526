// Writes that wait for room in the log, and records of long values that do: who waits, who goes on
// meanwhile, and what becomes of those that wait too long.

import { describe, expect, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { DurabilityFixture, LARGE, take } from "../support/durability-fixture.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { ERROR, request } from "../support/v1-frames.ts";

const OK = "+OK\r\n";
const TRYAGAIN = "-TRYAGAIN";

describe("a write without room in the log", () => {
  test("waits, with nothing of it executed, and goes on when there is room", () => {
    for (const write of [
      encodeCommand(["SET", "a", "1"]),
      encodeCommand(["MSET", "a", "1", "b", "1"]),
      encodeCommand(["APPEND", "a", "1"]),
      request.set("a", "1"),
      request.durable("always", request.set("a", "1")),
    ]) {
      const fixture = new DurabilityFixture();
      fixture.fillRing();
      expect(fixture.send(fixture.one, write)).toBe("");
      expect(fixture.is(fixture.one, CONNECTION.PARKED)).toBe(true);
      expect(fixture.peek("a", "b")).toBe("*2\r\n$-1\r\n$-1\r\n");
      fixture.settle();
      expect(take(fixture.one)).not.toBe("");
      expect(fixture.peek("a")).toBe("*1\r\n$1\r\n1\r\n");
    }
  });

  test("keeps its connection's later requests waiting, and nobody else's reads", () => {
    const fixture = new DurabilityFixture();
    fixture.fillRing();
    fixture.send(fixture.one, ["SET", "a", "1"], ["GET", "a"]);
    expect(fixture.peek("large0")).toHaveLength(LARGE.length + 14);
    fixture.settle();
    expect(take(fixture.one)).toBe(`${OK}$1\r\n1\r\n`);
  });

  test("waits for all that a long value has to record, and comes behind it", () => {
    const fixture = new DurabilityFixture({ partitionCount: 2 });
    const long = "x".repeat(700_000);
    fixture.send(fixture.one, ["SET", "long", long]);
    fixture.send(fixture.other, ["SET", "a", "1"]);
    expect(fixture.server.durability.journal.backlogBytes()).toBeGreaterThan(0);
    expect(fixture.is(fixture.other, CONNECTION.PARKED)).toBe(true);
    fixture.settle();
    expect([take(fixture.one), take(fixture.other)]).toEqual([OK, OK]);
    const next = fixture.recovered();
    const answer = next.ask(next.connect(), encodeCommand(["GET", "long"]));
    expect(answer).toBe(`$${long.length}\r\n${long}\r\n`);
  });

  test("is refused when that takes too long, and never executed", () => {
    const fixture = new DurabilityFixture({ timeoutMs: 500 });
    const v1 = fixture.server.connect();
    fixture.fillRing();
    fixture.send(fixture.one, ["SET", "a", "1"], ["GET", "b"]);
    fixture.send(fixture.other, ["APPEND", "a", "2"]);
    fixture.send(v1, request.set("a", "3"));
    fixture.tickAfter(100);
    expect(fixture.is(fixture.one, CONNECTION.PARKED)).toBe(true);
    fixture.tickAfter(500);
    expect(fixture.is(fixture.one, CONNECTION.PARKED)).toBe(false);
    fixture.settle();
    expect(take(fixture.one)).toStartWith(TRYAGAIN);
    expect(take(fixture.other)).toStartWith(TRYAGAIN);
    expect(v1.take()).toEqual(ERROR);
    expect(fixture.peek("a")).toBe("*1\r\n$-1\r\n");
    // The last that filled the ring had to wait, too.
    expect(fixture.server.durability.timeoutCount).toBe(4);
    expect(fixture.server.ask(fixture.one, encodeCommand(["SET", "a", "4"]))).toBe(OK);
  });

  test("is refused when its own client has waited too long, and no other's", () => {
    const fixture = new DurabilityFixture({ timeoutMs: 500 });
    fixture.fillRing();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.tickAfter(300);
    fixture.send(fixture.other, ["SET", "b", "1"]);
    fixture.tickAfter(250);
    expect(fixture.is(fixture.one, CONNECTION.PARKED)).toBe(false);
    expect(fixture.is(fixture.other, CONNECTION.PARKED)).toBe(true);
    fixture.settle();
    expect(take(fixture.one)).toStartWith(TRYAGAIN);
    expect(take(fixture.other)).toBe(OK);
  });

  test("is not refused when it has come since the last turn, and another has waited", () => {
    const fixture = new DurabilityFixture({ timeoutMs: 500 });
    fixture.fillRing();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.server.clock.elapsed += 600;
    fixture.other.feed(encodeCommand(["SET", "b", "1"]));
    fixture.tickAfter(0);
    expect(fixture.is(fixture.other, CONNECTION.PARKED)).toBe(true);
    fixture.settle();
    expect(take(fixture.one)).toStartWith(TRYAGAIN);
    expect(take(fixture.other)).toBe(OK);
  });

  test("of a client with held replies is neither lost nor executed before they leave", () => {
    const fixture = new DurabilityFixture();
    fixture.send(fixture.one, ["PING"]);
    // The first write is executed and held, the rest of the same piece has no room.
    const values = [0, 1, 2, 3, 4].map((i) => ["SET", `k${i}`, LARGE]);
    expect(fixture.send(fixture.one, ...values.slice(0, 1), ...values.slice(1))).toBe("");
    expect(fixture.is(fixture.one, CONNECTION.HELD)).toBe(true);
    fixture.one.end();
    fixture.settle();
    expect(take(fixture.one)).toBe(OK.repeat(5));
    expect(fixture.one.isFinished).toBe(true);
  });

  test("of a client that has ended is executed all the same", () => {
    const fixture = new DurabilityFixture();
    const { server, one } = fixture;
    fixture.send(fixture.relaxed(), ["SET", "almost", "y".repeat(58_000)]);
    // The first of the two still fits; the second waits while the first one's reply is held.
    fixture.send(one, ["SET", "a", "z".repeat(30_000)], ["SET", "b", "1"]);
    expect(fixture.is(one, CONNECTION.HELD) && fixture.is(one, CONNECTION.PARKED)).toBe(true);
    one.end();
    server.engine.turn();
    // Room comes before the sync: the ring is free as soon as it is taken.
    server.durability.journal.publish();
    server.writers[0]!.partitions[0]!.ring.look();
    server.writers[0]!.partitions[0]!.write(0);
    server.durability.progress();
    server.engine.turn();
    expect(one.isFinished).toBe(false);
    fixture.settle();
    expect(take(one)).toBe(OK + OK);
    expect(fixture.peek("b")).toBe("*1\r\n$1\r\n1\r\n");
    expect(one.isFinished).toBe(true);
  });

  test("may lose its client", () => {
    const fixture = new DurabilityFixture();
    fixture.fillRing();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    const { number } = fixture.one;
    fixture.one.disconnect();
    const next = fixture.server.connect();
    expect(next.number).toBe(number);
    fixture.settle();
    expect(fixture.peek("a")).toBe("*1\r\n$-1\r\n");
    expect(fixture.server.ask(next, encodeCommand(["SET", "a", "2"]))).toBe(OK);
  });
});

describe("records that wait for room", () => {
  const long = "x".repeat(1_000_000);

  test("go on as the log moves, whether anybody waits for them or not", () => {
    const fixture = new DurabilityFixture({ policy: "everysec" });
    expect(fixture.send(fixture.one, ["SET", "long", long])).toBe(OK);
    const { journal } = fixture.server.durability;
    expect(journal.backlogBytes()).toBeGreaterThan(0);
    fixture.settle();
    expect(journal.backlogBytes()).toBe(0);
  });

  test("keep a snapshot waiting, and no turn busy meanwhile", () => {
    const fixture = new DurabilityFixture({ policy: "everysec" });
    const { server } = fixture;
    fixture.send(fixture.one, ["SET", "long", long]);
    expect(server.durability.save()).toBe(true);
    server.engine.turn();
    expect(server.messages).toEqual([]);
    fixture.settle();
    expect(server.durability.isSaving).toBe(false);
    expect(fixture.recovered().recovery.snapshot?.number).toBe(1);
  });

  test("that a failed log will never take keep no snapshot from beginning anew", () => {
    const fixture = new DurabilityFixture();
    const { server } = fixture;
    fixture.send(fixture.one, ["SET", "long", long]);
    expect(server.durability.save()).toBe(true);
    fixture.failLog();
    fixture.settle();
    expect(server.durability.isSaving).toBe(false);
    fixture.disk.repair();
    expect(server.durability.save()).toBe(true);
    fixture.settle();
    expect(fixture.server.ask(fixture.other, encodeCommand(["SET", "a", "1"]))).toBe(OK);
    const next = fixture.recovered();
    const lengths = encodeCommand(["MGET", "long", "a"]);
    expect(next.ask(next.connect(), lengths)).toBe(
      `*2\r\n$${long.length}\r\n${long}\r\n$1\r\n1\r\n`,
    );
  });
});
