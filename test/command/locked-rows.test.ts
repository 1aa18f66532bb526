import { describe, expect, test } from "bun:test";
import { BATCH_CAPACITY } from "../../src/batch/batch.ts";
import { Random } from "../support/random.ts";
import { randomRequest } from "../support/random-requests.ts";
import { RespPeer, setUpResp } from "../support/resp-fixture.ts";
import { InProcessServer } from "../support/test-server.ts";
import { request } from "../support/v1-frames.ts";

/** Locks are taken as if there were another thread. */
const OF_TWO = { threads: { index: 0, count: 2, mode: "shared" } } as const;

function setUpLocked() {
  const server = new InProcessServer(OF_TWO);
  const locks = server.thread.store.locks!;
  const client = server.connect();
  const ask = (...requests: Buffer[]) => server.ask(client, ...requests);
  return { server, locks, ask, peer: new RespPeer(server) };
}

/** INFO tells of the memory that control memory for several threads takes. */
function isNoInfo(reply: Buffer): boolean {
  return !reply.includes("uptime");
}

/** What the locks counted while something was done. */
function countOf(locks: { structureCount: number; allCount: number }, work: () => void) {
  const { structureCount, allCount } = locks;
  work();
  return { structure: locks.structureCount - structureCount, all: locks.allCount - allCount };
}

describe("rows under locks", () => {
  test("answer as without, whatever is asked", () => {
    for (let seed = 0; seed < 10; seed++) {
      const random = new Random(seed);
      const keys = ["a", "b", "cc", "a longer key", ""];
      const [plain, locked] = [new InProcessServer(), new InProcessServer(OF_TWO)];
      const [left, right] = [plain.connect(), locked.connect()];
      for (let turn = 0; turn < 25; turn++) {
        const requests = Array.from({ length: 1 + random.below(100) }, () =>
          randomRequest(random, { keys, hasLongValues: true, hasKeysCommand: true }),
        );
        const wanted = plain.ask(left, ...requests).filter(isNoInfo);
        const found = locked.ask(right, ...requests).filter(isNoInfo);
        const isSame = Buffer.concat(wanted).equals(Buffer.concat(found));
        expect({ seed, turn, isSame }).toEqual({ seed, turn, isSame: true });
        expect(locked.thread.store.locks!.hasStructure).toBe(false);
      }
    }
  });

  test("of the short way take no more than their segment", () => {
    const { locks, ask } = setUpLocked();
    ask(request.set("key", "value"), request.set("other", "value"));
    const counted = countOf(locks, () => {
      ask(request.get("key"), request.set("key", "eulav"), request.get("other"), request.ping());
    });
    expect(counted).toEqual({ structure: 0, all: 0 });
  });

  test("that only read take no more either, unless a key has expired or its value is long", () => {
    const { server, locks, ask, peer } = setUpLocked();
    ask(request.setEx("key", "value", "10"), request.set("long", "x".repeat(20_000)));
    const reads = () => {
      ask(request.get("key"), request.get("none"), request.ttl("key"));
      peer.ask("GET key", "EXISTS key", "GET none");
    };
    expect(countOf(locks, reads)).toEqual({ structure: 0, all: 0 });
    expect(countOf(locks, () => ask(request.get("long"))).structure).toBeGreaterThan(0);
    server.clock.now += 11_000;
    expect(countOf(locks, () => ask(request.get("key")))).toEqual({ structure: 1, all: 0 });
  });

  test("that change what segments share take the structure", () => {
    const { locks, ask } = setUpLocked();
    const changes = [request.set("new", "1"), request.incr("number"), request.del("new")];
    expect(countOf(locks, () => ask(...changes))).toEqual({ structure: 3, all: 0 });
  });

  test("that count take no more than their segment while the number has room to grow", () => {
    const { locks, ask } = setUpLocked();
    ask(request.set("k", "7"), request.setEx("deadline", "7", "10"));
    const counts = [request.incr("k"), request.decr("k"), request.incr("deadline")];
    expect(countOf(locks, () => ask(...counts))).toEqual({ structure: 0, all: 0 });
    const growing = countOf(locks, () => {
      for (let i = 0; i < 120; i++) ask(request.incr("k"));
    });
    expect(growing.structure).toBeLessThan(3);
    expect(ask(request.get("k"))[0]!.toString("latin1")).toEndWith("127");
  });

  test("of KEYS take all segments, within DURABLE too", () => {
    const { locks, ask } = setUpLocked();
    for (const asked of [request.keys(), request.durable("none", request.keys())]) {
      expect(countOf(locks, () => ask(asked)).all).toBe(1);
    }
  });

  test("that count on what is being watched take the structure", () => {
    const { locks, peer } = setUpLocked();
    peer.ask("SET number 1", "WATCH number");
    expect(countOf(locks, () => peer.ask("INCR number")).structure).toBe(1);
    expect(peer.ask("MULTI", "GET number", "EXEC").at(-1)).toBe("*-1\r\n");
  });

  test("of one command take their segments together, or all when it needs several batches", () => {
    const { locks, peer } = setUpLocked();
    const keys = Array.from({ length: BATCH_CAPACITY + 1 }, (_, i) => `key:${i}`);
    const few = keys.slice(0, 5);
    expect(countOf(locks, () => peer.ask(`MGET ${few.join(" ")}`))).toEqual({
      structure: 1,
      all: 0,
    });
    expect(countOf(locks, () => peer.ask(`MGET ${keys.join(" ")}`))).toEqual({
      structure: 1,
      all: 1,
    });
    expect(locks.hasStructure).toBe(false);
  });

  test("of one command that fits a batch are never spread over two", () => {
    const { locks, peer } = setUpLocked();
    const command = `MGET ${Array.from({ length: 30 }, (_, i) => `key:${i}`).join(" ")}`;
    const commands = Array.from({ length: 20 }, () => command);
    expect(countOf(locks, () => peer.ask(...commands))).toEqual({ structure: 20, all: 0 });
  });

  test("leave the locks when a command of several keys has to wait for room to reply", () => {
    const { server, peer, thread } = setUpResp(OF_TWO);
    const writer = new RespPeer(server);
    writer.ask(`SET key ${"x".repeat(10_000)}`);
    peer.connection.capacity = 0;
    const many = Array.from({ length: 400 }, () => "MGET key key");
    peer.ask(...many);
    expect(thread.executor.blockedCount).toBeGreaterThan(0);
    expect(thread.store.locks!.hasStructure).toBe(false);
    expect(writer.ask("SET key short", "GET key")).toEqual(["+OK\r\n", "$5\r\nshort\r\n"]);
  });
});
