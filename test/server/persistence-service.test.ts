// What a client's own durability comes to, and what INFO says of the log. It moves only when told.

import { describe, expect, test } from "bun:test";
import { encodeCommand } from "../support/resp-client.ts";
import { Random } from "../support/random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { SimulatedServer } from "../support/simulated-server.ts";
import type { TestConnection } from "../support/test-engine.ts";

function createFixture(policy: "always" | "everysec") {
  const server = new SimulatedServer({ disk: new SimulatedDisk(new Random(1)), policy });
  const send = (connection: TestConnection, ...args: string[]): string => {
    connection.feed(encodeCommand(args));
    server.engine.turn();
    return take(connection);
  };
  return { server, connection: server.connect(), other: server.connect(), send };
}

function take(connection: TestConnection): string {
  return connection.take().toString("latin1");
}

describe("CLIENT DURABILITY", () => {
  test("always has replies wait that the server would let go", () => {
    const { server, connection, other, send } = createFixture("everysec");
    expect(send(connection, "CLIENT", "DURABILITY", "always")).toBe("+OK\r\n");
    expect(send(connection, "SET", "a", "1")).toBe("");
    expect(send(other, "SET", "b", "1")).toBe("+OK\r\n");
    server.settle();
    expect(take(connection)).toBe("+OK\r\n");
    expect(send(connection, "CLIENT", "DURABILITY", "default")).toBe("+OK\r\n");
    expect(send(connection, "SET", "a", "2")).toBe("+OK\r\n");
    expect(server.thread.durability!.gate.strictCount).toBe(0);
  });

  test("none has replies leave that the server would hold", () => {
    const { server, connection, other, send } = createFixture("always");
    expect(send(connection, "CLIENT", "DURABILITY", "none")).toBe("+OK\r\n");
    expect(send(connection, "SET", "a", "1")).toBe("+OK\r\n");
    expect(send(other, "SET", "b", "1")).toBe("");
    server.settle();
    expect(take(other)).toBe("+OK\r\n");
  });

  test("goes with the connection", () => {
    const { server, connection, send } = createFixture("everysec");
    send(connection, "CLIENT", "DURABILITY", "always");
    expect(server.thread.durability!.gate.strictCount).toBe(1);
    connection.disconnect();
    server.engine.turn();
    expect(server.thread.durability!.gate.strictCount).toBe(0);
  });
});

describe("DURABLE", () => {
  test("always has this reply wait, and no other", () => {
    const { server, connection, send } = createFixture("everysec");
    expect(send(connection, "DURABLE", "always", "SET", "a", "1")).toBe("");
    server.settle();
    expect(take(connection)).toBe("+OK\r\n");
    expect(send(connection, "SET", "a", "2")).toBe("+OK\r\n");
    expect(server.thread.durability!.gate.strictCount).toBe(0);
  });
});

describe("INFO persistence", () => {
  test("tells positions, and connections whose replies wait", () => {
    const { server, connection, other, send } = createFixture("always");
    expect(send(connection, "SET", "a", "1")).toBe("");
    send(other, "CLIENT", "DURABILITY", "none");
    const before = server.thread.persistence!.figures();
    expect(before.heldCount).toBe(1);
    expect(before.partitions[0]!.recorded).toBeGreaterThan(before.partitions[0]!.synced);
    server.settle();
    const after = server.thread.persistence!.figures();
    expect(after.heldCount).toBe(0);
    expect(after.partitions[0]!.synced).toBe(after.partitions[0]!.recorded);
    expect(after.failure).toBe("");
    expect(server.thread.persistence!.changesSinceLast()).toBe(1);
  });
});
