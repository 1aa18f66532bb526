import { describe, expect, test } from "bun:test";
import { createSettings, type SettingSource } from "../../src/redis/setting-table.ts";
import { createSettingSource } from "../support/setting-source.ts";

const INTEGER_MAX = "9223372036854775807";

function createStand(changes: Partial<SettingSource> = {}) {
  const source = createSettingSource(changes);
  const settings = createSettings(source);
  const get = (name: string) => settings.get([Buffer.from(name)])[0]?.[1];
  return {
    source,
    settings,
    get,
    set: (name: string, value: string) => settings.set([[name, value]]),
  };
}

function failure(name: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;
}

describe("the settings", () => {
  test("have the values that clients and exporters ask for", () => {
    const { settings } = createStand();
    expect(Object.fromEntries(settings.get([Buffer.from("*")]))).toEqual({
      appendfsync: "no",
      appendonly: "no",
      bind: "127.0.0.1",
      "cluster-enabled": "no",
      daemonize: "no",
      databases: "16",
      dir: "/srv/fkvs",
      "enable-debug-command": "no",
      hz: "10",
      "io-threads": "1",
      "latency-monitor-threshold": "0",
      "latency-tracking": "yes",
      "latency-tracking-info-percentiles": "50 99 99.9",
      loglevel: "notice",
      maxclients: "10000",
      maxmemory: "1073741824",
      "maxmemory-policy": "noeviction",
      "notify-keyspace-events": "",
      port: "5995",
      "protected-mode": "yes",
      "proto-max-bulk-len": "16777216",
      requirepass: "",
      save: "",
      "slowlog-log-slower-than": "10000",
      "slowlog-max-len": "128",
      supervised: "no",
      timeout: "0",
      "tls-port": "0",
      unixsocket: "",
    });
  });

  test("follow how the server was started", () => {
    const { get } = createStand({
      port: () => null,
      unix: "/run/fkvs.sock",
      isDebugAllowed: true,
      isProtected: false,
      logLevel: "warn",
    });
    expect([get("port"), get("bind"), get("unixsocket")]).toEqual(["0", "", "/run/fkvs.sock"]);
    expect([get("enable-debug-command"), get("protected-mode")]).toEqual(["yes", "no"]);
    expect(get("loglevel")).toBe("warning");
  });

  test.each([
    ["always", "always"],
    ["everysec", "everysec"],
    ["none", "no"],
  ] as const)(
    "tell that a server with durability %s keeps what it is given",
    (durability, sync) => {
      const { get, set } = createStand({
        persistence: { directory: "/data", durability, snapshotIntervalSeconds: 3600 },
      });
      expect(["appendonly", "appendfsync", "dir", "save"].map(get)).toEqual([
        "yes",
        sync,
        "/data",
        "3600 1",
      ]);
      expect(set("appendonly", "no")).toBe(
        failure("appendonly", "this server supports only 'yes'"),
      );
      expect(set("appendonly", "yes")).toBeNull();
    },
  );

  test("tell of no save when none is taken by time", () => {
    const { get } = createStand({
      persistence: { directory: "/data", durability: "none", snapshotIntervalSeconds: 0 },
    });
    expect(get("save")).toBe("");
  });

  test("that can be changed are put into effect", () => {
    const { source, get, set } = createStand();
    expect(set("slowlog-log-slower-than", "-1")).toBeNull();
    expect(set("slowlog-max-len", "7")).toBeNull();
    expect(set("latency-tracking", "NO")).toBeNull();
    const { slowLog, stats } = source;
    expect([slowLog.thresholdMicroseconds, slowLog.lengthMax]).toEqual([-1, 7]);
    expect([stats.isLatencyTracked, get("latency-tracking")]).toEqual([false, "no"]);
    expect(set("latency-tracking", "yes")).toBeNull();
    expect(stats.isLatencyTracked).toBe(true);
  });

  test.each([
    ["slowlog-log-slower-than", "x", "argument couldn't be parsed into an integer"],
    ["slowlog-log-slower-than", "1.5", "argument couldn't be parsed into an integer"],
    ["slowlog-max-len", "1kb", "argument couldn't be parsed into an integer"],
    [
      "slowlog-log-slower-than",
      "9223372036854775808",
      "argument couldn't be parsed into an integer",
    ],
    ["slowlog-log-slower-than", "-2", `argument must be between -1 and ${INTEGER_MAX} inclusive`],
    ["slowlog-max-len", "-1", `argument must be between 0 and ${INTEGER_MAX} inclusive`],
    ["latency-tracking", "maybe", "argument must be 'yes' or 'no'"],
    ["databases", "16", "can't set immutable config"],
    ["unixsocket", "/tmp/s", "can't set immutable config"],
    ["bind", "0.0.0.0", "can't set immutable config"],
    ["port", "1", "can't set immutable config"],
    ["requirepass", "opensesame", "can't set immutable config"],
    ["maxmemory", "1gb", "can't set immutable config"],
    ["dir", "/tmp", "can't set protected config"],
    ["appendonly", "yes", "this server supports only 'no'"],
    ["timeout", "5", "this server supports only '0'"],
    ["save", "60 1", "this server supports only ''"],
  ])("refuse %s %s: %s", (name, value, reason) => {
    expect(createStand().set(name, value)).toBe(failure(name, reason));
  });

  test.each(["save", "appendonly", "timeout", "maxmemory-policy", "notify-keyspace-events"])(
    "take for %s the value it has",
    (name) => {
      const { get, set } = createStand();
      expect(set(name, get(name)!)).toBeNull();
    },
  );
});

describe("maxmemory", () => {
  const range = { minBytes: 1000, maxBytes: 2 ** 31 };
  function createMemory() {
    const changes: number[] = [];
    const memory = {
      read: () => changes.at(-1) ?? 5000,
      range,
      change: (b: number) => void changes.push(b),
    };
    return createStand({ memory });
  }

  test.each([
    ["1000", "1000"],
    ["1k", "1000"],
    ["1KB", "1024"],
    ["100mb", "104857600"],
    ["2m", "2000000"],
    ["2gb", "2147483648"],
    ["2g", "2000000000"],
    ["2000b", "2000"],
  ])("may be %s where the store can", (text, bytes) => {
    const { get, set } = createMemory();
    expect(set("maxmemory", text)).toBeNull();
    expect(get("maxmemory")).toBe(bytes);
  });

  test.each([
    ["1q", "argument must be a memory value"],
    ["", "argument must be a memory value"],
    ["-1", "argument must be a memory value"],
    ["1.5gb", "argument must be a memory value"],
    ["999", "argument must be between 1000 and 2147483648 inclusive"],
    ["3g", "argument must be between 1000 and 2147483648 inclusive"],
  ])("may not be %p", (text, reason) => {
    const { get, set } = createMemory();
    expect(set("maxmemory", text)).toBe(failure("maxmemory", reason));
    expect(get("maxmemory")).toBe("5000");
  });
});
