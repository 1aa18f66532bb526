import { describe, expect, test } from "bun:test";
import { PAGE_SIZE } from "../../src/store/arena.ts";
import { setUpResp, type RespPeer } from "../support/resp-fixture.ts";
import { request } from "../support/v1-frames.ts";

const MIB = 2 ** 20;

/** Fields of INFO by name; those of all its sections. */
function info(peer: RespPeer): Map<string, string> {
  const lines = peer.send("INFO everything\r\n").split("\r\n");
  return new Map(
    lines
      .map((line) => line.split(":") as [string, string])
      .filter((pair) => pair.length === 2)
      .toReversed(),
  );
}

const numberIn = (fields: Map<string, string>, name: string): number => Number(fields.get(name));

describe("INFO's counts", () => {
  test("are those of both protocols", () => {
    const { server, peer } = setUpResp();
    const old = server.connect();
    server.ask(old, request.set("a", "1"), request.get("a"), request.get("none"), request.ping());
    peer.ask("GET a", "GET none", "MGET a none none", "SELECT 1", "SET b 1 EX 10");
    const fields = info(peer);
    expect(fields.get("total_commands_processed")).toBe("9");
    expect(fields.get("keyspace_hits")).toBe("3");
    expect(fields.get("keyspace_misses")).toBe("4");
    expect(fields.get("connected_clients")).toBe("2");
    expect(fields.get("total_connections_received")).toBe("2");
    expect(fields.get("db0")).toStartWith("keys=1,expires=0");
    expect(fields.get("db1")).toStartWith("keys=1,expires=1");
  });

  test("begin at zero again with CONFIG RESETSTAT, but not what is", () => {
    const { server, peer } = setUpResp();
    server.ask(server.connect(), request.set("a", "1"), request.get("a"), request.get("none"));
    peer.ask("GET a", "GET none", "SET b 1 PX 1");
    server.clock.now += 100;
    peer.ask("GET b");
    expect(info(peer).get("expired_keys")).toBe("1");
    peer.ask("CONFIG RESETSTAT");
    const fields = info(peer);
    expect(fields.get("total_commands_processed")).toBe("1");
    const names = [
      "keyspace_hits",
      "keyspace_misses",
      "expired_keys",
      "total_connections_received",
    ];
    expect(names.map((name) => fields.get(name))).toEqual(["0", "0", "0", "0"]);
    expect(numberIn(fields, "total_net_input_bytes")).toBeLessThan(100);
    expect(fields.get("connected_clients")).toBe("2");
    expect(fields.get("db0")).toStartWith("keys=1,");
  });

  test("of a second are means of what was sampled", () => {
    const { server, peer } = setUpResp();
    const second = (): void => {
      for (let tick = 0; tick < 10; tick++) {
        server.clock.elapsed += 100;
        server.thread.tick();
      }
    };
    const rate = () => numberIn(info(peer), "instantaneous_ops_per_sec");
    expect(rate()).toBe(0);
    for (let i = 0; i < 1000; i++) peer.ask("GET a", "SELECT 0");
    second();
    expect(rate()).toBeGreaterThan(100);
    second();
    second();
    // But for the INFOs themselves.
    expect(rate()).toBeLessThan(5);
    peer.ask("CONFIG RESETSTAT");
    second();
    expect(rate()).toBeLessThan(5);
  });
});

describe("INFO's memory", () => {
  test("knows values in pieces, and the most there was", () => {
    const { peer } = setUpResp();
    const before = info(peer);
    peer.askAll(["SET", "k", "v".repeat(8 * PAGE_SIZE)]);
    const with8 = info(peer);
    expect(numberIn(with8, "used_memory") - numberIn(before, "used_memory")).toBeGreaterThanOrEqual(
      8 * PAGE_SIZE,
    );
    expect(numberIn(with8, "used_memory_dataset")).toBeGreaterThanOrEqual(8 * PAGE_SIZE);
    peer.ask("DEL k");
    const after = info(peer);
    expect(numberIn(after, "used_memory")).toBeLessThan(numberIn(with8, "used_memory"));
    expect(numberIn(after, "used_memory_peak")).toBeGreaterThanOrEqual(
      numberIn(with8, "used_memory"),
    );
    expect(numberIn(after, "used_memory_startup")).toBeLessThan(8 * PAGE_SIZE);
  });

  test("tells the limit, which CONFIG SET changes", () => {
    const { peer } = setUpResp({ maxMemoryBytes: 64 * MIB });
    expect(info(peer).get("maxmemory")).toBe(`${64 * MIB}`);
    expect(peer.ask("CONFIG SET maxmemory 32mb")).toEqual(["+OK\r\n"]);
    expect(info(peer).get("maxmemory")).toBe(`${32 * MIB}`);
  });
});

describe("INFO's server", () => {
  test("is who answers", () => {
    const { server, peer } = setUpResp({ version: "9.9.9-test", configFile: "/etc/fkvs.conf" });
    server.thread.service.listening(4711);
    server.clock.elapsed += 61_000;
    const fields = info(peer);
    expect(fields.get("tcp_port")).toBe("4711");
    expect(fields.get("process_id")).toBe(`${process.pid}`);
    expect(fields.get("run_id")).toMatch(/^[0-9a-f]{40}$/);
    expect(fields.get("config_file")).toBe("/etc/fkvs.conf");
    expect(fields.get("uptime_in_seconds")).toBe("61");
    expect(fields.get("hz")).toBe("10");
    expect(fields.get("multiplexing_api")).toBe("none");
    expect(fields.get("run_id")).not.toBe(info(setUpResp().peer).get("run_id"));
  });
});
