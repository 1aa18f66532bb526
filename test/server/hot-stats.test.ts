import { describe, expect, test } from "bun:test";
import { setUpResp } from "../support/resp-fixture.ts";

/** The lines of an INFO section that begin with a text. */
function linesOf(text: string, begin: string): string[] {
  return text.split("\r\n").filter((line) => line.startsWith(begin));
}

function callsOf(text: string, command: string): string {
  return /calls=\d+/.exec(linesOf(text, `cmdstat_${command}:`)[0] ?? "calls=0")![0];
}

describe("what rows of batches have counted", () => {
  test("is in the statistics as soon as somebody asks, each command once", () => {
    const { peer } = setUpResp();
    const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
    const pairs = keys.flatMap((key) => [key, "v"]);
    peer.askAll(["MSET", ...pairs], ["MGET", ...keys], ["EXISTS", ...keys], ["DEL", ...keys]);
    peer.ask("SET a 1", "GET a", "GET b", "INCR a", "PING", "PING", "PING");
    const info = peer.send("INFO commandstats\r\n");
    const names = ["mset", "mget", "exists", "del", "set", "get", "incr", "ping"];
    expect(names.map((name) => callsOf(info, name))).toEqual(
      [1, 1, 1, 1, 1, 2, 1, 3].map((count) => `calls=${count}`),
    );
  });

  test("is counted once, however often it is looked at, and with the ordinary way's", () => {
    const { server, peer } = setUpResp();
    for (let i = 0; i < 3; i++) {
      peer.ask("GET a", "MULTI", "GET a", "EXEC");
      server.thread.tick();
    }
    const info = peer.send("INFO commandstats stats\r\n");
    expect(callsOf(info, "get")).toBe("calls=6");
    expect(linesOf(info, "total_commands_processed")).toEqual(["total_commands_processed:12"]);
    const later = peer.send("INFO stats\r\n");
    expect(linesOf(later, "total_commands_processed")).toEqual(["total_commands_processed:13"]);
  });

  test("has its errors among the others", () => {
    const { peer } = setUpResp();
    peer.ask("SET a x", "INCR a", "INCR a", "SET n 9223372036854775807", "INCR n", "FOO");
    const info = peer.send("INFO errorstats commandstats stats\r\n");
    expect(linesOf(info, "errorstat_")).toEqual(["errorstat_ERR:count=4"]);
    expect(linesOf(info, "total_error_replies")).toEqual(["total_error_replies:4"]);
    expect(linesOf(info, "cmdstat_incr:")[0]).toEndWith("rejected_calls=0,failed_calls=3");
  });

  test("begins at zero again with CONFIG RESETSTAT, what nobody has looked at included", () => {
    const { peer } = setUpResp();
    peer.ask("SET a x", "INCR a", "GET a", "CONFIG RESETSTAT", "GET a");
    const info = peer.send("INFO errorstats commandstats stats\r\n");
    expect(callsOf(info, "get")).toBe("calls=1");
    expect(callsOf(info, "set")).toBe("calls=0");
    expect(linesOf(info, "errorstat_")).toEqual([]);
    expect(linesOf(info, "total_commands_processed")).toEqual(["total_commands_processed:2"]);
    expect(linesOf(info, "keyspace_hits")).toEqual(["keyspace_hits:1"]);
  });

  test("is timed by the batches that were", () => {
    const { peer } = setUpResp();
    // Many batches of one: some of them are timed, by a clock that goes on with each look.
    for (let i = 0; i < 200; i++) peer.ask("GET a");
    const info = peer.send("INFO commandstats latencystats\r\n");
    expect(linesOf(info, "cmdstat_get:")[0]).toMatch(/usec_per_call=[1-9]/);
    expect(linesOf(info, "latency_percentiles_usec_get:")).toHaveLength(1);
  });
});
