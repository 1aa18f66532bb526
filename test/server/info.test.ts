import { describe, expect, test } from "bun:test";
import { OPCODE_NAMES } from "../../src/protocol/opcode.ts";
import { InProcessServer } from "../support/test-server.ts";
import { frame, request } from "../support/v1-frames.ts";

const MIB = 2 ** 20;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

describe("INFO", () => {
  test("begins with the original server's lines, byte for byte in its layout", () => {
    const server = new InProcessServer({ configFile: "/etc/fkvs.toml" });
    const client = server.connect();
    server.ask(client, request.ping(), request.ping());
    server.connect().disconnect();
    server.clock.elapsed += 2 * DAY_MS + 3 * 60 * MINUTE_MS + 4 * MINUTE_MS + 5500;
    const text = server.thread.info();
    expect(text).toMatch(
      new RegExp(
        `^# Server \\npid: ${process.pid} \\nport: 0 \\nconfig file: /etc/fkvs\\.toml \\n` +
          `Uptime: 2 days, 3 hours, 4 min, 5 sec \\nevent_loop_max_events: 1024 \\n` +
          `event_dispatcher_kind: none \\n\\n# Clients \\nconnected clients: 1 \\n` +
          `disconnected clients: 1 \\n\\n#Stats \\ncommands executed: 2 \\n\\n# Memory \\n` +
          `Memory Usage: \\d+ bytes \\(\\d+ KiB\\)\\nmem_allocator: arena \\n\\n# `,
      ),
    );
    const [, bytes, kibibytes] = /Memory Usage: (\d+) bytes \((\d+) KiB\)/.exec(text)!;
    expect(Number(kibibytes)).toBe(Math.floor(Number(bytes) / 1024));
  });

  test("goes on with sections of one key and value a line, each key once", () => {
    const server = new InProcessServer();
    const ours = server.thread.info().split("mem_allocator: arena \n\n")[1]!;
    expect(ours).toEndWith("\n");
    const keys: string[] = [];
    for (const section of ours.trimEnd().split("\n\n")) {
      const [title, ...lines] = section.split("\n");
      expect(title).toMatch(/^# [A-Z a-z]+$/);
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) {
        expect(line).toMatch(/^[a-z0-9_]+:\S*$/);
        keys.push(line.split(":")[0]!);
      }
    }
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("counts refused connections among the disconnected, as the original does", () => {
    const server = new InProcessServer({ maxClients: 1 });
    server.connect();
    expect(server.engine.tryConnect()).toBeNull();
    expect(server.thread.info()).toContain("disconnected clients: 1 \n");
    const info = server.info();
    expect(info.get("connections_open")).toBe("1");
    expect(info.get("connections_accepted")).toBe("1");
    expect(info.get("connections_closed")).toBe("0");
    expect(info.get("connections_refused_max_clients")).toBe("1");
  });

  test("counts batches, their size and the paths taken", () => {
    const server = new InProcessServer();
    const clients = [server.connect(), server.connect()];
    for (const client of clients) client.feed(request.ping(), request.ping(), request.ping());
    server.engine.turn();
    server.ask(clients[0]!, ...Array.from({ length: 10 }, () => request.ping()));
    server.ask(clients[0]!, request.ping());
    const info = server.info();
    expect(info.get("batches")).toBe("2");
    expect(info.get("batch_size_avg")).toBe("8.00");
    expect(info.get("path_batched_commands")).toBe("16");
    expect(info.get("path_single_commands")).toBe("1");
    expect(info.get("path_mixed_batches")).toBe("1");
    expect(info.get("path_writes")).toBe("4");
    expect(info.get("path_vectored_writes")).toBe("0");
    expect(info.get("path_blocked")).toBe("0");
  });

  test("counts commands by kind, invalid ones too", () => {
    const server = new InProcessServer();
    const client = server.connect();
    server.ask(client, request.set("k", "v"), request.get("k"), request.get("l"), frame());
    const info = server.info();
    for (const name of OPCODE_NAMES) {
      const count = { set: 1, get: 2, invalid: 1 }[name] ?? 0;
      expect(info.get(`command_${name}`), name).toBe(`${count}`);
    }
    expect(info.get("hits")).toBe("1");
    expect(info.get("misses")).toBe("1");
  });

  test("counts keys, deadlines and what has expired", () => {
    const server = new InProcessServer();
    const client = server.connect();
    server.ask(
      client,
      request.set("k", "v"),
      request.setEx("e", "v", 1),
      request.setEx("f", "v", 1),
    );
    expect(server.info().get("keys")).toBe("3");
    expect(server.info().get("keys_with_deadline")).toBe("2");
    server.clock.now += 1000;
    server.ask(client, request.get("e"));
    expect(server.info().get("expired")).toBe("1");
    server.clock.now += 1000;
    server.maintain();
    expect(server.info().get("expired")).toBe("2");
    expect(server.info().get("keys")).toBe("1");
  });

  test("accounts for memory by kind: the kinds add up", () => {
    const server = new InProcessServer({ maxMemoryBytes: 32 * MIB });
    const client = server.connect();
    const sets = Array.from({ length: 1000 }, (_, i) => request.setEx(`${i}`, "v".repeat(100), 9));
    server.ask(client, ...sets);
    const info = server.info();
    const bytes = (name: string) => Number(info.get(`memory_${name}_bytes`));
    expect(bytes("limit")).toBe(32 * MIB);
    expect(bytes("entries")).toBeGreaterThan(1000 * 100);
    expect(bytes("slots")).toBeGreaterThan(0);
    expect(bytes("expiry")).toBeGreaterThan(0);
    expect(bytes("windows")).toBeGreaterThan(0);
    const kinds = ["entries", "slots", "expiry", "unused_in_pages", "windows"].map(bytes);
    expect(bytes("used")).toBe(kinds.reduce((sum, kind) => sum + kind, 0));
  });

  test("shows the histogram of internal work", () => {
    const server = new InProcessServer();
    const client = server.connect();
    server.ask(client, ...Array.from({ length: 500 }, (_, i) => request.setEx(`${i}`, "v", 1)));
    server.clock.now += 2000;
    server.maintain();
    const info = server.info();
    const names = [...info.keys()].filter((name) => name.startsWith("slice_"));
    expect(names).toContain("slice_expire_us");
    expect(info.get("slice_expire_us")).toMatch(/^le_\d+=\d+(,le_\d+=\d+)*$/);
    expect(Number(info.get("slice_expire_max_us"))).toBeGreaterThan(0);
  });
});
