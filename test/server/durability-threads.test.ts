// What clients of two data threads see of the log that both write.

import { describe, expect, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { SimulatedThreads } from "../support/simulated-threads.ts";
import type { TestConnection } from "../support/test-engine.ts";

const OK = "+OK\r\n";
const MISCONF = "-MISCONF";
const LARGE = "v".repeat(100_000);
/** More than a ring of two threads. */
const LONG = "w".repeat(1_500_000);

function take(connection: TestConnection): string {
  return connection.take().toString("latin1");
}

function isParked(server: SimulatedThreads, thread: number, { number }: TestConnection): boolean {
  return server.threads[thread]!.connections.is(number, CONNECTION.PARKED);
}

describe("a reply", () => {
  test("of one thread waits for what another has recorded", () => {
    const server = new SimulatedThreads();
    const [one, other] = [server.connect(0), server.connect(1)];
    expect(server.send(0, one, "SET", "a", "1")).toBe("");
    expect(server.send(1, other, "GET", "a")).toBe("");
    server.settle();
    expect([take(one), take(other)]).toEqual([OK, "$1\r\n1\r\n"]);
    expect(server.send(0, one, "GET", "a")).toBe("$1\r\n1\r\n");
    expect(server.recoveredKeyCount()).toBe(1);
  });

  test("waits for records of another that wait themselves", () => {
    const server = new SimulatedThreads({ partitionCount: 2 });
    const [one, other] = [server.connect(0), server.connect(1)];
    expect(server.send(1, other, "SET", "long", LONG)).toBe("");
    expect(server.durabilityOf(1).journal.backlogBytes()).toBeGreaterThan(0);
    expect(server.send(0, one, "STRLEN", "long")).toBe("");
    // What is in the rings becomes durable, and that is not all.
    server.isSecondDeaf = true;
    server.settle();
    expect(take(one)).toBe("");
    const reader = server.connect(0);
    expect(server.send(0, reader, "PING")).toBe("");
    server.isSecondDeaf = false;
    server.isRung = true;
    server.settle();
    expect(take(reader)).toBe("+PONG\r\n");
    expect([take(one), take(other)]).toEqual([`:${LONG.length}\r\n`, OK]);
    expect(server.recoveredKeyCount()).toBe(1);
  });

  test("of whoever wants less leaves at once", () => {
    const server = new SimulatedThreads();
    server.send(0, server.connect(0), "SET", "a", "1");
    expect(server.send(1, server.connectRelaxed(1), "GET", "a")).toBe("$1\r\n1\r\n");
  });
});

describe("a write without room in the log", () => {
  test("waits on one thread for what another has recorded", () => {
    const server = new SimulatedThreads();
    const filler = server.connectRelaxed(0);
    const other = server.connect(1);
    for (let i = 0; i < 8; i++) server.send(0, filler, "SET", `large${i}`, LARGE);
    expect(server.send(1, other, "SET", "a", "1")).toBe("");
    expect(isParked(server, 1, other)).toBe(true);
    server.settle();
    expect(take(other)).toBe(OK);
  });

  test("waits while records of another thread wait, and comes behind them", () => {
    const server = new SimulatedThreads();
    const [one, other] = [server.connect(0), server.connect(1)];
    server.send(0, one, "SET", "a", LONG);
    server.send(1, other, "SET", "a", "1");
    expect(isParked(server, 1, other)).toBe(true);
    server.settle();
    expect([take(one), take(other)]).toEqual([OK, OK]);
    expect(server.send(0, one, "GET", "a")).toBe("$1\r\n1\r\n");
  });
});

test("DEBUG POPULATE waits like any write, and all that it makes is recorded", () => {
  const server = new SimulatedThreads();
  const [one, other] = [server.connect(0), server.connect(1)];
  server.send(0, one, "SET", "a", LONG);
  expect(server.send(1, other, "DEBUG", "POPULATE", "5000", "key", "100")).toBe("");
  expect(isParked(server, 1, other)).toBe(true);
  server.settle();
  expect([take(one), take(other)]).toEqual([OK, OK]);
  expect(server.recoveredKeyCount()).toBe(5001);
});

describe("a snapshot", () => {
  test("begins when no record of any thread waits, and has what all have written", () => {
    const server = new SimulatedThreads({ policy: "everysec" });
    const [one, other] = [server.connect(0), server.connect(1)];
    for (let i = 0; i < 50; i++) {
      server.send(0, one, "SET", `one${i}`, "1");
      server.send(1, other, "SET", `other${i}`, "1");
    }
    server.send(1, other, "SET", "long", LONG);
    expect(server.durabilityOf(0).save()).toBe(true);
    server.engineOf(0).turn();
    expect(server.messages).toEqual([]);
    for (let turns = 0; server.durabilityOf(0).isSaving; turns++) {
      if (turns > 1000) throw new Error("the snapshot has no end");
      server.settle();
      server.tickAfter(10);
    }
    expect(server.durabilityOf(0).job!.lastStatus).toBe("ok");
    expect(server.durabilityOf(0).job!.lastRecordCount).toBeGreaterThan(100);
    expect(server.durabilityOf(0).job!.changesSinceLast).toBe(0);
    expect(server.recoveredKeyCount()).toBe(101);
  });

  test("is made under any policy, though records of another wait when all has been walked", () => {
    const server = new SimulatedThreads({ policy: "none" });
    const [one, other] = [server.connect(0), server.connect(1)];
    server.send(0, one, "SET", "a", "1");
    expect(server.durabilityOf(0).save()).toBe(true);
    server.durabilityOf(0).job!.step();
    expect(server.messages.map(({ kind }) => kind)).toEqual(["snapshot-begin"]);
    server.send(1, other, "SET", "long", LONG);
    // Nobody records the rest while all is walked.
    server.isSecondDeaf = true;
    for (let turns = 0; turns < 100; turns++) {
      server.settle();
      server.clock.elapsed += 10;
      server.isRung = true;
    }
    expect(server.durabilityOf(0).isSaving).toBe(true);
    expect(server.durabilityOf(1).journal.backlogBytes()).toBeGreaterThan(0);
    server.isSecondDeaf = false;
    for (let turns = 0; server.durabilityOf(0).isSaving; turns++) {
      if (turns > 100) throw new Error("the snapshot has no end");
      server.settle();
      server.tickAfter(10);
    }
    expect(server.durabilityOf(0).job!.lastStatus).toBe("ok");
    expect(server.recoveredKeyCount()).toBe(2);
  });

  test("is not made by the others", () => {
    const server = new SimulatedThreads();
    expect(server.durabilityOf(1).save()).toBe(false);
    expect(server.durabilityOf(1).isSaving).toBe(false);
  });
});

describe("when the log has failed", () => {
  function failed(): SimulatedThreads {
    const server = new SimulatedThreads();
    server.send(0, server.connect(0), "SET", "before", "1");
    server.settle();
    server.disk.failAt("sync", 1, "EIO");
    return server;
  }

  function save(server: SimulatedThreads): void {
    expect(server.durabilityOf(0).save()).toBe(true);
    for (let turns = 0; server.durabilityOf(0).isSaving; turns++) {
      if (turns > 1000) throw new Error("the snapshot has no end");
      server.settle();
      server.tickAfter(10);
    }
  }

  test("all threads refuse writes until a snapshot has been made, and one of them says so", () => {
    const server = failed();
    const [one, other] = [server.connect(0), server.connect(1)];
    server.send(1, other, "SET", "a", "1");
    server.settle();
    expect(take(other)).toStartWith(MISCONF);
    const next = server.connect(1);
    expect(server.send(0, one, "SET", "a", "2")).toStartWith(MISCONF);
    expect(server.send(1, next, "SET", "a", "2")).toStartWith(MISCONF);
    expect(server.logged.filter((line) => line.includes("the log has failed"))).toHaveLength(1);
    server.disk.failAt("rename", 1, "ENOSPC");
    save(server);
    expect(server.durabilityOf(0).job!.lastStatus).toBe("err");
    expect(server.send(0, one, "SET", "a", "3")).toStartWith(MISCONF);
    expect(server.send(1, next, "SET", "a", "3")).toStartWith(MISCONF);
    expect(server.durabilityOf(1).failure()).toBe("EIO");
    save(server);
    server.send(0, one, "SET", "b", "4");
    server.send(1, next, "SET", "c", "4");
    server.settle();
    expect([take(one), take(next)]).toEqual([OK, OK]);
    expect(server.recoveredKeyCount()).toBe(4);
  });

  test("replies that a thread held for the old epoch are failed when it follows", () => {
    const server = failed();
    const other = server.connect(1);
    server.isSecondDeaf = true;
    expect(server.send(1, other, "SET", "a", "1")).toBe("");
    server.settle();
    save0(server);
    expect(take(other)).toBe("");
    // Its ring is whole again, and ends beyond what it waits for.
    const { journal } = server.durabilityOf(1);
    expect(journal.producers[0]!.failure()).toBe(0);
    server.isSecondDeaf = false;
    server.isRung = true;
    server.settle();
    expect(take(other)).toStartWith(MISCONF);
    expect(journal.isBehind()).toBe(false);
    const next = server.connect(1);
    server.send(1, next, "SET", "b", "1");
    server.settle();
    expect(take(next)).toBe(OK);
  });

  test("nor are they released when all that happens while it looks", () => {
    const server = failed();
    const other = server.connect(1);
    server.isSecondDeaf = true;
    expect(server.send(1, other, "SET", "a", "1")).toBe("");
    const { gate } = server.durabilityOf(1);
    const look = gate.progress.bind(gate);
    gate.progress = () => {
      gate.progress = look;
      look();
      // The system lets it go on only when the first thread has begun the log anew.
      server.settle();
      save0(server);
    };
    server.durabilityOf(1).progress();
    server.isSecondDeaf = false;
    server.settle();
    server.tickAfter(10);
    expect(take(other)).toStartWith(MISCONF);
  });

  /** Thread 0 alone: the other does not tick either. */
  function save0(server: SimulatedThreads): void {
    const first = server.durabilityOf(0);
    expect(first.save()).toBe(true);
    for (let turns = 0; first.isSaving; turns++) {
      if (turns > 1000) throw new Error("the snapshot has no end");
      server.settle();
      server.clock.elapsed += 10;
      first.tick();
      server.engineOf(0).turn();
    }
  }

  test("records that waited have no place in the new epoch, and keep its snapshot waiting", () => {
    const server = failed();
    const [one, other] = [server.connect(0), server.connect(1)];
    server.send(1, other, "SET", "long", LONG);
    server.settle();
    expect(server.durabilityOf(1).journal.backlogBytes()).toBeGreaterThan(0);
    save(server);
    expect(server.durabilityOf(1).journal.backlogBytes()).toBe(0);
    expect(server.durabilityOf(0).failure()).toBe("");
    server.send(0, one, "SET", "a", "1");
    server.settle();
    expect(take(one)).toBe(OK);
    expect(server.recoveredKeyCount()).toBe(3);
  });
});
