// What becomes of held replies and of waiting writes when the log fails, and what goes on after it.

import { describe, expect, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { DurabilityFixture, LARGE, take } from "../support/durability-fixture.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { ERROR, reply, request } from "../support/v1-frames.ts";

const OK = "+OK\r\n";
const MISCONF = "-MISCONF";

describe("when the log has failed", () => {
  test("held replies are taken back, and their clients told", () => {
    const fixture = new DurabilityFixture();
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
    const fixture = new DurabilityFixture();
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
      ["DEBUG", "POPULATE", "3", "b"],
      ["DURABLE", "none", "DEBUG", "POPULATE", "3", "b"],
    ]) {
      expect(fixture.send(other, write)).toStartWith(MISCONF);
    }
    expect(fixture.send(v1, request.set("a", "3"))).toBe(ERROR.toString("latin1"));
    const durable = request.durable("none", request.set("a", "3"));
    expect(fixture.send(v1, durable)).toBe(ERROR.toString("latin1"));
    expect(fixture.peek("a", "b", "b:0")).toBe("*3\r\n$1\r\n1\r\n$-1\r\n$-1\r\n");
    expect(fixture.server.durability.failure()).toBe("ENOSPC");
  });

  test("reads go on", () => {
    const fixture = new DurabilityFixture();
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
    const fixture = new DurabilityFixture();
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
    const fixture = new DurabilityFixture();
    fixture.fillRing();
    fixture.send(fixture.one, ["SET", "a", "1"], ["GET", "a"]);
    fixture.failLog();
    fixture.settle();
    expect(take(fixture.one)).toMatch(/^-MISCONF[^\r]*\r\n\$-1\r\n$/);
  });

  test("a client with held replies and a waiting write gets one error, and is closed", () => {
    const fixture = new DurabilityFixture();
    const values = [0, 1, 2, 3, 4].map((i) => ["SET", `k${i}`, LARGE]);
    fixture.send(fixture.one, ...values, ["GET", "k0"]);
    expect(fixture.is(fixture.one, CONNECTION.HELD)).toBe(true);
    fixture.failLog();
    fixture.settle();
    expect(take(fixture.one).match(/\r\n/g)).toHaveLength(1);
    expect(fixture.one.isFinished).toBe(true);
  });

  test("a transaction is given up, and the next command is not queued", () => {
    const fixture = new DurabilityFixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.failLog();
    fixture.settle();
    const answer = fixture.send(fixture.other, ["MULTI"], ["SET", "a", "2"], ["EXEC"]);
    expect(answer).toMatch(/^\+OK\r\n\+QUEUED\r\n-EXECABORT [^\r]*MISCONF[^\r]*\r\n$/);
    expect(fixture.send(fixture.other, ["GET", "a"])).toBe("$1\r\n1\r\n");
  });

  test("a transaction of reads is executed", () => {
    const fixture = new DurabilityFixture();
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.failLog();
    fixture.settle();
    const answer = fixture.send(fixture.other, ["MULTI"], ["GET", "a"], ["EXEC"]);
    expect(answer).toBe("+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n");
  });
});

/** As long as what was answered is not on disk: a reply to them would be taken for a barrier. */
describe("those who have asked for always get errors, for reads as well", () => {
  function expectNoBarrier(fixture: DurabilityFixture): void {
    const { server } = fixture;
    for (let i = 0; i < 2; i++) {
      const [client, v1] = [server.connect(), server.connect()];
      expect(fixture.send(client, ["DURABLE", "always", "PING"])).toStartWith(MISCONF);
      expect(client.isFinished).toBe(true);
      const barrier = request.durable("always", request.get("a"));
      expect(fixture.send(v1, barrier)).toBe(ERROR.toString("latin1"));
      for (const connection of [client, v1]) connection.disconnect();
    }
    expect(fixture.peek("a")).toBe("*1\r\n$1\r\n1\r\n");
  }

  test.each(["everysec", "none"] as const)("of a server with %s", (policy) => {
    const fixture = new DurabilityFixture({ policy });
    fixture.send(fixture.one, ["SET", "a", "1"]);
    fixture.disk.failAt("write", 1, "EIO", 1000);
    fixture.tickAfter(100);
    fixture.settle();
    fixture.tickAfter(100);
    fixture.settle();
    expect(fixture.server.durability.failure()).toBe("EIO");
    expect(fixture.send(fixture.other, ["GET", "a"])).toBe("$1\r\n1\r\n");
    expectNoBarrier(fixture);
    expect(fixture.recovered().thread.store.keyCount).toBe(0);
  });

  test("of a server with always, where the others' reads go on", () => {
    const fixture = new DurabilityFixture();
    fixture.send(fixture.relaxed(), ["SET", "a", "1"]);
    fixture.disk.failAt("write", 1, "EIO", 1000);
    fixture.settle();
    expect(fixture.send(fixture.other, ["GET", "a"])).toBe("$1\r\n1\r\n");
    expectNoBarrier(fixture);
    expect(fixture.recovered().thread.store.keyCount).toBe(0);
  });

  test("while the log has begun anew and no snapshot has been made", () => {
    const fixture = new DurabilityFixture();
    const relaxed = fixture.relaxed();
    fixture.send(relaxed, ["SET", "a", "1"]);
    relaxed.disconnect();
    fixture.disk.failAt("write", 1, "EIO", 1000);
    fixture.settle();
    fixture.disk.repair();
    fixture.disk.failAt("rename", 1, "ENOSPC");
    expect(fixture.server.durability.save()).toBe(true);
    fixture.settle();
    expect(fixture.server.durability.isSaving).toBe(false);
    expect(fixture.server.durability.journal.failure()).toBe(0);
    expect(fixture.send(fixture.other, ["GET", "a"])).toBe("$1\r\n1\r\n");
    expectNoBarrier(fixture);
    expect(fixture.server.durability.save()).toBe(true);
    fixture.settle();
    const client = fixture.server.connect();
    expect(fixture.send(client, ["DURABLE", "always", "PING"])).toBe("+PONG\r\n");
    expect(fixture.recovered().thread.store.keyCount).toBe(1);
  });
});

test("a snapshot has failed when the log cannot be begun anew for it", () => {
  const fixture = new DurabilityFixture();
  fixture.send(fixture.one, ["SET", "a", "1"]);
  fixture.disk.failAt("write", 1, "ENOSPC", 1000);
  fixture.settle();
  fixture.send(fixture.other, ["SAVE"]);
  fixture.settle();
  expect(take(fixture.other)).toStartWith("-ERR the snapshot failed");
  expect(fixture.send(fixture.other, ["INFO", "persistence"])).toContain(
    "rdb_last_bgsave_status:err\r\n",
  );
  fixture.disk.repair();
  fixture.send(fixture.other, ["SAVE"]);
  fixture.settle();
  expect(take(fixture.other)).toBe(OK);
  expect(fixture.send(fixture.other, ["INFO", "persistence"])).toContain(
    "rdb_last_bgsave_status:ok\r\n",
  );
});

describe("under everysec", () => {
  test("writes wait for room, and are refused when the log has failed", () => {
    const fixture = new DurabilityFixture({ policy: "everysec" });
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
