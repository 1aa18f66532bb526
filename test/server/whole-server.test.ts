import { describe, expect, test } from "bun:test";
import { JoinedServers, infoFields } from "../support/joined-servers.ts";
import type { RespPeer } from "../support/resp-fixture.ts";
import { parseInfo } from "../support/test-server.ts";
import { request } from "../support/v1-frames.ts";

/** Two threads, and a connection to each. */
function createStand() {
  const joined = new JoinedServers(2);
  const peers = [joined.connect(0), joined.connect(1)] as const;
  const tick = () => joined.tick();
  return { joined, peers, tick, servers: joined.servers };
}

function idsIn(list: string): number[] {
  return [...list.matchAll(/\bid=(\d+) /g)].map((match) => Number(match[1]));
}

const idOf = (peer: RespPeer): number => Number(/:(\d+)/.exec(peer.send("CLIENT ID\r\n"))![1]);

describe("INFO of several threads", () => {
  test("is that of the whole server, whichever answers", () => {
    const { joined, peers, tick } = createStand();
    peers[0].ask("SET a 1", "GET a", "GET none");
    peers[1].ask("GET a", "GET none", "GET none", "SELECT 1", "SET b 1");
    joined.connect(1);
    tick();
    for (const peer of peers) {
      const fields = infoFields(peer);
      expect(fields.get("keyspace_hits")).toBe("2");
      expect(fields.get("keyspace_misses")).toBe("3");
      expect(fields.get("connected_clients")).toBe("3");
      expect(fields.get("total_connections_received")).toBe("3");
      expect(fields.get("db0")).toStartWith("keys=1,");
      expect(fields.get("db1")).toStartWith("keys=1,");
    }
    tick();
    // With the INFOs above.
    expect(infoFields(peers[1]).get("total_commands_processed")).toBe("10");
  });

  test("knows what this thread has done just now, and others up to their last tick", () => {
    const { peers, tick } = createStand();
    tick();
    peers[1].ask("GET none");
    expect(infoFields(peers[0]).get("keyspace_misses")).toBe("0");
    expect(infoFields(peers[1]).get("keyspace_misses")).toBe("1");
    expect(infoFields(peers[0]).get("keyspace_misses")).toBe("1");
  });

  test("is the same server: run id, process and start", () => {
    const { joined, peers } = createStand();
    const [first, second] = peers.map((peer) => infoFields(peer));
    for (const name of ["run_id", "process_id", "uptime_in_seconds", "master_replid"]) {
      expect(second!.get(name), name).toBe(first!.get(name)!);
    }
    joined.clock.elapsed += 61_000;
    joined.clock.now += 61_000;
    expect(infoFields(peers[1]).get("uptime_in_seconds")).toBe("61");
    const other = new JoinedServers(2).connect(0);
    expect(infoFields(other).get("run_id")).not.toBe(first!.get("run_id")!);
  });

  test("counts a thread that started later from the start of the server", () => {
    const { joined, servers } = createStand();
    joined.clock.elapsed += 10_000;
    joined.clock.now += 10_000;
    expect(servers[1]!.thread.service.uptimeSeconds).toBe(servers[0]!.thread.service.uptimeSeconds);
  });

  test("tells the threads apart", () => {
    const { peers, tick } = createStand();
    peers[0].ask("SET a 1");
    peers[1].ask("SET b 1", "SET c 1");
    tick();
    const fields = infoFields(peers[0], "threads");
    expect(fields.get("threads")).toBe("2");
    expect(fields.get("threads_mode")).toBe("shared");
    const pattern = (commands: number) =>
      new RegExp(
        `^connections=1,unlisted=0,commands=${commands},lock_waits=0,lock_sleeps=0,` +
          "structure_takes=[1-9]\\d*,all_segments_takes=\\d+$",
      );
    expect(fields.get("thread_0")).toMatch(pattern(1));
    expect(fields.get("thread_1")).toMatch(pattern(2));
  });

  test("has no section about threads when there is one", () => {
    const peer = new JoinedServers(1).connect(0);
    expect(peer.send("INFO threads\r\n")).toBe("$0\r\n\r\n");
    expect(peer.send("INFO everything\r\n")).not.toContain("# Threads");
  });

  test("of v1 adds up as well, and tells of threads", () => {
    const { joined, servers } = createStand();
    for (const server of servers) {
      server.ask(server.connect(), request.set("k", "v"), request.get("k"), request.get("l"));
    }
    joined.tick();
    for (const { thread } of servers) {
      const text = thread.info();
      const info = parseInfo(text);
      expect(text).toContain("connected clients: 4 \n");
      expect(text).toContain("commands executed: 6 \n");
      expect(info.get("hits")).toBe("2");
      expect(info.get("misses")).toBe("2");
      expect(info.get("command_set")).toBe("2");
      expect(info.get("connections_accepted")).toBe("4");
      expect(info.get("keys")).toBe("1");
      expect(info.get("threads")).toBe("2");
      expect(info.get("thread_1")).toStartWith("connections=2,");
    }
  });

  test("adds up commands, errors and latencies", () => {
    const { peers, tick } = createStand();
    for (const peer of peers) peer.ask("APPEND a x", "APPEND a", "SELECT 99", "NOPE");
    tick();
    const fields = infoFields(peers[0], "commandstats", "errorstats", "latencystats", "stats");
    expect(fields.get("cmdstat_append")).toMatch(/^calls=2,.*,rejected_calls=2,failed_calls=0$/);
    expect(fields.get("cmdstat_select")).toEndWith("rejected_calls=0,failed_calls=2");
    expect(fields.get("errorstat_ERR")).toBe("count=6");
    expect(fields.get("total_error_replies")).toBe("6");
    expect(fields.has("latency_percentiles_usec_append")).toBe(true);
    expect(peers[1].send("LATENCY HISTOGRAM append\r\n")).toContain("$5\r\ncalls\r\n:2\r\n");
  });
});

describe("CONFIG on one of several threads", () => {
  test("RESETSTAT is for all of them, at once", () => {
    const { peers, tick } = createStand();
    for (const peer of peers) peer.ask("GET none", "APPEND a x", "NOPE");
    tick();
    peers[0].ask("CONFIG RESETSTAT");
    const names = ["keyspace_misses", "total_connections_received", "total_error_replies"];
    const counts = (peer: RespPeer) => {
      const fields = infoFields(peer, "stats", "commandstats", "errorstats");
      expect(fields.has("cmdstat_append")).toBe(false);
      expect(fields.has("errorstat_ERR")).toBe(false);
      return names.map((name) => fields.get(name));
    };
    expect(counts(peers[0])).toEqual(["0", "0", "0"]);
    expect(counts(peers[1])).toEqual(["0", "0", "0"]);
    expect(infoFields(peers[0]).get("connected_clients")).toBe("2");
    peers[1].ask("GET none");
    tick();
    expect(infoFields(peers[0]).get("keyspace_misses")).toBe("1");
  });

  test("SET is seen by all", () => {
    const { peers, tick } = createStand();
    expect(
      peers[0].ask("CONFIG SET slowlog-log-slower-than 7 slowlog-max-len 3 latency-tracking no"),
    ).toEqual(["+OK\r\n"]);
    peers[0].ask(`CONFIG SET maxmemory ${32 * 2 ** 20}`);
    tick();
    const value = (name: string) => peers[1].send(`CONFIG GET ${name}\r\n`).split("\r\n").at(-2);
    expect(value("slowlog-log-slower-than")).toBe("7");
    expect(value("slowlog-max-len")).toBe("3");
    expect(value("latency-tracking")).toBe("no");
    expect(value("maxmemory")).toBe(`${32 * 2 ** 20}`);
  });

  test("DEBUG SET-ACTIVE-EXPIRE is for all", () => {
    const { peers, servers, tick } = createStand();
    peers[0].ask("DEBUG SET-ACTIVE-EXPIRE 0");
    tick();
    expect(servers.map(({ thread }) => thread.store.isExpiryActive)).toEqual([false, false]);
    peers[1].ask("DEBUG SET-ACTIVE-EXPIRE 1");
    tick();
    expect(servers.map(({ thread }) => thread.store.isExpiryActive)).toEqual([true, true]);
  });

  test("SLOWLOG is one for all", () => {
    const { peers } = createStand();
    peers[0].ask("CONFIG SET slowlog-log-slower-than 0");
    peers[0].ask("SLOWLOG RESET", "ECHO first");
    peers[1].ask("ECHO second");
    const log = peers[0].send("SLOWLOG GET\r\n");
    expect(log.indexOf("second")).toBeGreaterThan(0);
    expect(log.indexOf("first")).toBeGreaterThan(log.indexOf("second"));
    peers[1].ask("CONFIG SET slowlog-log-slower-than -1", "SLOWLOG RESET");
    expect(peers[0].send("SLOWLOG LEN\r\n")).toBe(":0\r\n");
  });
});

describe("CLIENT on one of several threads", () => {
  test("gives every client of the server another id", () => {
    const { joined, peers } = createStand();
    const all = [...peers, joined.connect(0), joined.connect(1), joined.connect(1)];
    expect(all.map(idOf)).toEqual([1, 2, 3, 4, 6]);
  });

  test("LIST has those of all threads, in the order of their ids", () => {
    const { joined, peers, tick } = createStand();
    const all = [...peers, joined.connect(1), joined.connect(1), joined.connect(0)];
    for (const peer of all) peer.ask("PING");
    peers[1].ask("CLIENT SETNAME second");
    tick();
    expect(idsIn(peers[0].send("CLIENT LIST\r\n"))).toEqual([1, 2, 3, 4, 6]);
    expect(idsIn(peers[1].send("CLIENT LIST TYPE normal\r\n"))).toEqual([1, 2, 3, 4, 6]);
    const listed = peers[0].send("CLIENT LIST ID 6 2 99 1\r\n");
    expect(idsIn(listed)).toEqual([6, 2, 1]);
    expect(listed).toContain(" name=second ");
  });

  test("LIST has clients of other threads as soon as they come, and until they go", () => {
    const { joined, peers, tick } = createStand();
    for (const peer of peers) peer.ask("PING");
    tick();
    joined.clock.elapsed += 100;
    const late = joined.connect(1);
    late.ask("PING");
    expect(idsIn(peers[0].send("CLIENT LIST\r\n"))).toEqual([1, 2, 4]);
    joined.clock.elapsed += 100;
    late.connection.disconnect();
    expect(idsIn(peers[0].send("CLIENT LIST\r\n"))).toEqual([1, 2]);
  });

  test("KILL closes a client of another thread at its next tick", () => {
    const { peers, tick } = createStand();
    for (const peer of peers) peer.ask("PING");
    tick();
    expect(peers[0].send("CLIENT KILL ID 2\r\n")).toBe(":1\r\n");
    expect(peers[0].send("CLIENT KILL ID 4\r\n")).toBe(":0\r\n");
    expect(peers[1].connection.isOpen).toBe(true);
    tick();
    expect(peers[1].connection.isOpen).toBe(false);
    expect(idsIn(peers[0].send("CLIENT LIST\r\n"))).toEqual([1]);
  });

  test("KILL with a filter counts and closes those of all threads, and spares the caller", () => {
    const { joined, peers, tick } = createStand();
    const others = [joined.connect(0), joined.connect(1)];
    for (const peer of [...peers, ...others]) peer.ask("PING");
    tick();
    expect(peers[0].send("CLIENT KILL TYPE normal\r\n")).toBe(":3\r\n");
    tick();
    const open = [...peers, ...others].map(({ connection }) => connection.isOpen);
    expect(open).toEqual([true, false, false, false]);
  });

  test("KILL of an address may be another thread's", () => {
    const { peers, tick } = createStand();
    for (const peer of peers) peer.ask("PING");
    tick();
    const address = /\bid=2 addr=(\S+) /.exec(peers[0].send("CLIENT LIST ID 2\r\n"))![1];
    expect(peers[0].send(`CLIENT KILL LADDR nowhere ADDR ${address}\r\n`)).toBe(":0\r\n");
    expect(peers[0].send(`CLIENT KILL ID 2 ADDR ${address} USER default\r\n`)).toBe(":1\r\n");
  });
});
