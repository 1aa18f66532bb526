import { describe, expect, test } from "bun:test";
import { CommandStats } from "../../src/redis/command-stats.ts";
import { renderInfo } from "../../src/redis/info-text.ts";
import { createInfoFigures } from "../support/info-figures.ts";

const DEFAULT = [
  ...["Server", "Clients", "Memory", "Persistence", "Stats", "Replication", "CPU", "Modules"],
  ...["Errorstats", "Cluster", "Keyspace"],
];
const ALL = [
  ...["Server", "Clients", "Memory", "Persistence", "Stats", "Replication", "CPU", "Modules"],
  ...["Commandstats", "Errorstats", "Latencystats", "Cluster", "Keyspace", "Batches", "Slices"],
];

function createStand() {
  const stats = new CommandStats(["get", "set", "config|get"]);
  let figuresCount = 0;
  const source = {
    stats: () => stats,
    figures: () => {
      figuresCount++;
      return createInfoFigures();
    },
    ownSections: () => "# Batches\nturns:1\n\n# Slices\ntable_max_us:2\n",
  };
  const info = (...names: string[]) => renderInfo(source, names);
  return { stats, info, asked: () => figuresCount };
}

function titlesOf(text: string): string[] {
  return [...text.matchAll(/^# (.*)\r$/gm)].map((match) => match[1]!);
}

describe("renderInfo", () => {
  // The titles, and what names choose, are those of redis-server 7.0.15, but for the server's own.
  test.each<[string[], string[]]>([
    [[], DEFAULT],
    [["default"], DEFAULT],
    [["all"], ALL],
    [["everything"], ALL],
    [["keyspace", "default"], DEFAULT],
    [["nope", "all"], ALL],
    [["modules"], ["Modules"]],
    [["module_list"], ["Modules"]],
    [
      ["latencystats", "cpu", "commandstats"],
      ["CPU", "Commandstats", "Latencystats"],
    ],
    [["fkvs"], ["Batches", "Slices"]],
    [
      ["fkvs", "cluster", "cluster"],
      ["Cluster", "Batches", "Slices"],
    ],
    [["nothing"], []],
  ])("for %j shows %j", (names, titles) => {
    expect(titlesOf(createStand().info(...names))).toEqual(titles);
  });

  // The texts of redis-server 7.0.15.
  test.each<[string[], string]>([
    [["nothing"], ""],
    [["cluster", "nothing", "cluster"], "# Cluster\r\ncluster_enabled:0\r\n"],
    [["cluster", "modules"], "# Modules\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n"],
    [["keyspace"], "# Keyspace\r\ndb0:keys=3,expires=1,avg_ttl=99\r\n"],
    [["fkvs"], "# Batches\r\nturns:1\r\n\r\n# Slices\r\ntable_max_us:2\r\n"],
  ])("renders %j", (names, text) => {
    expect(createStand().info(...names)).toBe(text);
  });

  test("has a field and a value, or a heading, on every line that is not empty", () => {
    const { stats, info } = createStand();
    stats.record(0, 1, false);
    stats.countError("ERR");
    for (const line of info("all").split("\r\n")) {
      expect(line).toMatch(
        /^$|^# [A-Z][A-Za-z]+$|^[a-z][\w|]*:[^:]*$|^errorstat_[A-Z]+:count=\d+$/,
      );
    }
  });

  test("asks for the figures once at most", () => {
    const { info, asked } = createStand();
    info("nothing");
    info("fkvs");
    expect(asked()).toBe(0);
    info();
    expect(asked()).toBe(1);
  });
});

describe("commandstats", () => {
  test("has a line for each command that was called or refused", () => {
    const { stats, info } = createStand();
    for (let call = 0; call < 4; call++) stats.record(1, 8.5, false);
    stats.record(1, 0.4, true);
    stats.reject(2);
    expect(info("commandstats")).toBe(
      "# Commandstats\r\n" +
        "cmdstat_set:calls=5,usec=34,usec_per_call=6.88,rejected_calls=0,failed_calls=1\r\n" +
        "cmdstat_config|get:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0\r\n",
    );
  });
});

describe("errorstats", () => {
  test("has a line for each code, made harmless", () => {
    const { stats, info } = createStand();
    for (const code of ["ERR", "ERR", "a:b#c"]) stats.countError(code);
    expect(info("errorstats")).toBe(
      "# Errorstats\r\nerrorstat_ERR:count=2\r\nerrorstat_a_b_c:count=1\r\n",
    );
    expect(info("stats")).toContain("\r\ntotal_error_replies:3\r\n");
  });
});

describe("latencystats", () => {
  test("has the percentiles of each command", () => {
    const { stats, info } = createStand();
    for (const microseconds of [8, 8, 8, 10]) stats.record(1, microseconds, false);
    expect(info("latencystats")).toBe(
      "# Latencystats\r\nlatency_percentiles_usec_set:p50=8.031,p99=10.047,p99.9=10.047\r\n",
    );
    stats.isLatencyTracked = false;
    expect(info("latencystats")).toBe("# Latencystats\r\n");
  });
});
