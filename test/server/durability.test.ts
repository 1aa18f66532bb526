// What clients see of the log: replies that wait for it, writes that wait for room in it, and what
// becomes of both when it fails. The log goes on only when a test says so.

import { describe, expect, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { DURABILITY } from "../../src/server/connection-table.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { Random } from "../support/random.ts";
import { SimulatedServer, type SimulatedServerOptions } from "../support/simulated-server.ts";
import type { TestConnection } from "../support/test-engine.ts";
import { ERROR, reply, request } from "../support/v1-frames.ts";

const OK = "+OK\r\n";
const MISCONF = "-MISCONF";
const TRYAGAIN = "-TRYAGAIN";
/** With two of these in it the ring has no room for the longest record of a key. */
const LARGE = "v".repeat(60_000);
const LONG = "w".repeat(200_000);
const LONG_REPLY = `$${LONG.length}\r\n${LONG}\r\n`;

class Fixture {
  readonly disk = new SimulatedDisk(new Random(1));
  readonly server: SimulatedServer;
  readonly one: TestConnection;
  readonly other: TestConnection;

  constructor(options: SimulatedServerOptions = {}) {
    this.server = new SimulatedServer({ disk: this.disk, ...options });
    this.one = this.server.connect();
    this.other = this.server.connect();
  }

  /** Sends and ends the turn; nothing of the log moves. */
  send(connection: TestConnection, ...requests: readonly (readonly string[] | Buffer)[]): string {
    const bytes = requests.map((one) => (Buffer.isBuffer(one) ? one : encodeCommand(one)));
    connection.feed(Buffer.concat(bytes));
    this.server.engine.turn();
    return take(connection);
  }

  /** The log goes on until it has nothing to do. */
  settle(): void {
    this.server.settle();
  }

  /** Fills the ring until no write fits, by a third connection; its replies do not matter. */
  fillRing(): TestConnection {
    const filler = this.relaxed();
    for (let i = 0; i < 3; i++) this.send(filler, ["SET", `large${i}`, LARGE]);
    return filler;
  }

  /** Without the log's doing: what a key has. */
  peek(...keys: readonly string[]): string {
    const connection = this.relaxed();
    const answer = this.send(connection, ["MGET", ...keys]);
    connection.disconnect();
    return answer;
  }

  /** A connection whose replies are never held. */
  relaxed(): TestConnection {
    const connection = this.server.connect();
    this.server.thread.connections.durabilities[connection.number] = DURABILITY.RELAXED;
    return connection;
  }

  failLog(code = "EIO"): void {
    this.disk.failAt("sync", 1, code, 1000);
  }

  is(connection: TestConnection, flags: number): boolean {
    return this.server.thread.connections.is(connection.number, flags);
  }

  tickAfter(durationMs: number): void {
    this.server.clock.elapsed += durationMs;
    this.server.clock.now += durationMs;
    this.server.thread.tick();
    this.server.engine.turn();
  }

  /** The contents after a loss of power now. */
  recovered(options: SimulatedServerOptions = {}): SimulatedServer {
    return new SimulatedServer({ disk: this.disk.crash(), clock: this.server.clock, ...options });
  }
}

function take(connection: TestConnection): string {
  return connection.take().toString("latin1");
}

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
      const fixture = new Fixture();
      expect(fixture.send(fixture.one, bytes)).toBe("");
      fixture.server.thread.tick();
      fixture.server.engine.turn();
      expect(take(fixture.one)).toBe("");
      fixture.settle();
      expect(take(fixture.one)).toBe(expected);
    }
  });

  test("of writes do not leave when they are written and not synced", () => {
    const fixture = new Fixture({ policy: "none" });
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
    const fixture = new Fixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    expect(fixture.send(fixture.other, ["GET", "a"])).toBe("");
    fixture.settle();
    expect(take(fixture.one)).toBe(OK);
    expect(take(fixture.other)).toBe("$1\r\n1\r\n");
    expect(fixture.send(fixture.other, ["GET", "a"])).toBe("$1\r\n1\r\n");
  });

  test("of reads leave at once where a connection has chosen so", () => {
    const fixture = new Fixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    expect(fixture.peek("a")).toBe("*1\r\n$1\r\n1\r\n");
    expect(take(fixture.one)).toBe("");
  });

  test("come in order, and what follows a held reply is executed after it", () => {
    const fixture = new Fixture();
    expect(fixture.send(fixture.one, ["SET", "a", "1"])).toBe("");
    expect(fixture.send(fixture.one, ["INCR", "a"], ["PING"])).toBe("");
    expect(fixture.peek("a")).toBe("*1\r\n$1\r\n1\r\n");
    expect(fixture.one.heldLength).toBeGreaterThan(0);
    fixture.settle();
    expect(take(fixture.one)).toBe(`${OK}:2\r\n+PONG\r\n`);
  });

  test("of a request between release and turn wait for their own records", () => {
    const fixture = new Fixture();
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
      const fixture = new Fixture();
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
    const fixture = new Fixture({ partitionCount: 3 });
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
    const fixture = new Fixture();
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

  test("may vanish when it is released and its number be another's in the same turn", () => {
    const fixture = new Fixture();
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
    const fixture = new Fixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.one.end();
    fixture.server.engine.turn();
    expect(fixture.one.isFinished).toBe(false);
    fixture.settle();
    expect(take(fixture.one)).toBe(OK);
    expect(fixture.one.isFinished).toBe(true);
  });

  test("keeps others from nothing: they are executed meanwhile", () => {
    const fixture = new Fixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.send(fixture.other, ["SET", "b", "2"]);
    expect(fixture.peek("a", "b")).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
  });
});

describe("a write without room in the log", () => {
  test("waits, with nothing of it executed, and goes on when there is room", () => {
    for (const write of [
      encodeCommand(["SET", "a", "1"]),
      encodeCommand(["MSET", "a", "1", "b", "1"]),
      encodeCommand(["APPEND", "a", "1"]),
      request.set("a", "1"),
      request.durable("always", request.set("a", "1")),
    ]) {
      const fixture = new Fixture();
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
    const fixture = new Fixture();
    fixture.fillRing();
    fixture.send(fixture.one, ["SET", "a", "1"], ["GET", "a"]);
    expect(fixture.peek("large0")).toHaveLength(LARGE.length + 14);
    fixture.settle();
    expect(take(fixture.one)).toBe(`${OK}$1\r\n1\r\n`);
  });

  test("waits for all that a long value has to record, and comes behind it", () => {
    const fixture = new Fixture({ partitionCount: 2 });
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
    const fixture = new Fixture({ timeoutMs: 500 });
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
    const fixture = new Fixture({ timeoutMs: 500 });
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

  test("of a client with held replies is neither lost nor executed before they leave", () => {
    const fixture = new Fixture();
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
    const fixture = new Fixture();
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
    const fixture = new Fixture();
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

describe("when the log has failed", () => {
  test("held replies are taken back, and their clients told", () => {
    const fixture = new Fixture();
    const v1 = fixture.server.connect();
    fixture.send(fixture.one, ["SET", "a", "1"], ["GET", "a"]);
    fixture.send(v1, request.set("b", "1"));
    fixture.failLog();
    fixture.settle();
    const answer = take(fixture.one);
    expect(answer).toStartWith(MISCONF);
    expect(answer.match(/\r\n/g)).toHaveLength(1);
    expect(v1.take()).toEqual(ERROR);
    expect(fixture.one.isFinished && v1.isFinished).toBe(true);
  });

  test("writes are refused on all ways, and not executed", () => {
    const fixture = new Fixture();
    const v1 = fixture.server.connect();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.failLog("ENOSPC");
    fixture.settle();
    const { other } = fixture;
    for (const write of [
      ["SET", "a", "2"],
      ["MSET", "a", "2", "b", "3"],
      ["APPEND", "a", "2"],
      ["DEL", "a"],
      ["FLUSHALL"],
    ]) {
      expect(fixture.send(other, write)).toStartWith(MISCONF);
    }
    expect(fixture.send(v1, request.set("a", "3"))).toBe(ERROR.toString("latin1"));
    const durable = request.durable("none", request.set("a", "3"));
    expect(fixture.send(v1, durable)).toBe(ERROR.toString("latin1"));
    expect(fixture.peek("a", "b")).toBe("*2\r\n$1\r\n1\r\n$-1\r\n");
    expect(fixture.server.durability.failure()).toBe("ENOSPC");
  });

  test("reads go on", () => {
    const fixture = new Fixture();
    const v1 = fixture.server.connect();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.failLog();
    fixture.settle();
    expect(fixture.send(fixture.other, ["GET", "a"])).toBe("$1\r\n1\r\n");
    expect(fixture.send(fixture.other, ["STRLEN", "a"], ["PING"])).toBe(":1\r\n+PONG\r\n");
    const answer = fixture.send(v1, request.get("a"));
    expect(answer).toBe(reply.value("1").toString("latin1"));
    fixture.server.thread.tick();
    expect(fixture.send(fixture.other, ["GET", "a"])).toBe("$1\r\n1\r\n");
  });

  test("what was executed in the turn that met the failure is not promised", () => {
    const fixture = new Fixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.failLog();
    // An ordinary command is executed when it comes; the failure is heard of before the turn ends.
    fixture.other.feed(encodeCommand(["APPEND", "b", "2"]));
    fixture.server.stepWriters();
    fixture.server.durability.progress();
    fixture.server.engine.turn();
    expect(take(fixture.other)).toStartWith(MISCONF);
    expect(take(fixture.one)).toStartWith(MISCONF);
  });

  test("writes that waited for room are refused", () => {
    const fixture = new Fixture();
    fixture.fillRing();
    fixture.send(fixture.one, ["SET", "a", "1"], ["GET", "a"]);
    fixture.failLog();
    fixture.settle();
    expect(take(fixture.one)).toMatch(/^-MISCONF[^\r]*\r\n\$-1\r\n$/);
  });

  test("a client with held replies and a waiting write gets one error, and is closed", () => {
    const fixture = new Fixture();
    const values = [0, 1, 2, 3, 4].map((i) => ["SET", `k${i}`, LARGE]);
    fixture.send(fixture.one, ...values, ["GET", "k0"]);
    expect(fixture.is(fixture.one, CONNECTION.HELD)).toBe(true);
    fixture.failLog();
    fixture.settle();
    expect(take(fixture.one).match(/\r\n/g)).toHaveLength(1);
    expect(fixture.one.isFinished).toBe(true);
  });

  test("a transaction is given up, and the next command is not queued", () => {
    const fixture = new Fixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.failLog();
    fixture.settle();
    const answer = fixture.send(fixture.other, ["MULTI"], ["SET", "a", "2"], ["EXEC"]);
    expect(answer).toMatch(/^\+OK\r\n\+QUEUED\r\n-EXECABORT [^\r]*MISCONF[^\r]*\r\n$/);
    expect(fixture.send(fixture.other, ["GET", "a"])).toBe("$1\r\n1\r\n");
  });

  test("a transaction of reads is executed", () => {
    const fixture = new Fixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.failLog();
    fixture.settle();
    const answer = fixture.send(fixture.other, ["MULTI"], ["GET", "a"], ["EXEC"]);
    expect(answer).toBe("+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n");
  });
});

describe("under everysec", () => {
  test("replies leave at once", () => {
    const fixture = new Fixture({ policy: "everysec" });
    expect(fixture.send(fixture.one, ["SET", "a", "1"], ["GET", "a"])).toBe(`${OK}$1\r\n1\r\n`);
  });

  test("writes wait for room, and are refused when the log has failed", () => {
    const fixture = new Fixture({ policy: "everysec" });
    fixture.fillRing();
    expect(fixture.send(fixture.one, ["SET", "a", "1"])).toBe("");
    fixture.settle();
    expect(take(fixture.one)).toBe(OK);
    fixture.disk.failAt("write", 1, "EIO", 1000);
    fixture.send(fixture.one, ["SET", "a", "2"]);
    fixture.server.clock.elapsed += 100;
    fixture.settle();
    fixture.server.clock.elapsed += 100;
    expect(fixture.send(fixture.one, ["SET", "a", "3"])).toStartWith(MISCONF);
    expect(fixture.send(fixture.one, ["GET", "a"])).toBe("$1\r\n2\r\n");
  });
});

describe("records that wait for room", () => {
  const long = "x".repeat(1_000_000);

  test("go on as the log moves, whether anybody waits for them or not", () => {
    const fixture = new Fixture({ policy: "everysec" });
    expect(fixture.send(fixture.one, ["SET", "long", long])).toBe(OK);
    const { journal } = fixture.server.durability;
    expect(journal.backlogBytes()).toBeGreaterThan(0);
    fixture.settle();
    expect(journal.backlogBytes()).toBe(0);
  });

  test("keep a snapshot waiting, and no turn busy meanwhile", () => {
    const fixture = new Fixture({ policy: "everysec" });
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
    const fixture = new Fixture();
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
