// What a client's own durability comes to in both protocols, who SAVE keeps waiting, and what INFO
// says of the log. It moves only when told.

import { describe, expect, test } from "bun:test";
import { OPCODE } from "../../src/protocol/opcode.ts";
import { parseSnapshotName } from "../../src/wal/file-names.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { Random } from "../support/random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { SimulatedServer } from "../support/simulated-server.ts";
import type { TestConnection } from "../support/test-engine.ts";
import { ERROR, OK, reply, request } from "../support/v1-frames.ts";

function createFixture(policy: "always" | "everysec") {
  const disk = new SimulatedDisk(new Random(1));
  const server = new SimulatedServer({ disk, policy });
  const sendBytes = (connection: TestConnection, ...bytes: readonly Buffer[]): string => {
    connection.feed(Buffer.concat(bytes));
    server.engine.turn();
    return take(connection);
  };
  const send = (connection: TestConnection, ...args: string[]): string =>
    sendBytes(connection, encodeCommand(args));
  return { server, disk, connection: server.connect(), other: server.connect(), send, sendBytes };
}

function text(...frames: readonly Buffer[]): string {
  return Buffer.concat(frames).toString("latin1");
}

function isSnapshot(name: string): boolean {
  return parseSnapshotName(name) !== null;
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

  test("always of the same turn as a DURABLE stays", () => {
    const { connection, send, sendBytes, server } = createFixture("everysec");
    const durable = encodeCommand(["DURABLE", "always", "SET", "a", "1"]);
    const choice = encodeCommand(["CLIENT", "DURABILITY", "always"]);
    expect(sendBytes(connection, durable, choice)).toBe("");
    server.settle();
    expect(take(connection)).toBe("+OK\r\n+OK\r\n");
    expect(send(connection, "SET", "a", "2")).toBe("");
  });

  test("none keeps the promise of the replies before it", () => {
    const { connection, send, sendBytes, server } = createFixture("always");
    const write = encodeCommand(["SET", "a", "1"]);
    const choice = encodeCommand(["CLIENT", "DURABILITY", "none"]);
    expect(sendBytes(connection, write, choice)).toBe("");
    server.settle();
    expect(take(connection)).toBe("+OK\r\n+OK\r\n");
    expect(send(connection, "SET", "a", "2")).toBe("+OK\r\n");
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

describe("v1's DURABILITY", () => {
  test("has replies wait, or leave, as CLIENT DURABILITY does", () => {
    const { server, connection, other, sendBytes } = createFixture("everysec");
    const stored = text(reply.value("1"));
    expect(sendBytes(connection, request.durability("Always"))).toBe(text(OK));
    expect(sendBytes(connection, request.set("a", "1"))).toBe("");
    expect(sendBytes(other, request.set("b", "1"))).toBe(stored);
    server.settle();
    expect(take(connection)).toBe(stored);
    expect(sendBytes(connection, request.durability("default"))).toBe(text(OK));
    expect(sendBytes(connection, request.set("a", "1"))).toBe(stored);
  });

  test("none keeps the promise of the replies before it", () => {
    const { server, connection, sendBytes } = createFixture("always");
    const write = request.set("a", "1");
    expect(sendBytes(connection, write, request.durability("none"))).toBe("");
    server.settle();
    expect(take(connection)).toBe(text(reply.value("1"), OK));
    expect(sendBytes(connection, write)).toBe(text(reply.value("1")));
  });

  test.each(["", "no", "alway", "always\0"])("of %j is an error and changes nothing", (word) => {
    const { connection, sendBytes } = createFixture("everysec");
    expect(sendBytes(connection, request.durability(word))).toBe(text(ERROR));
    expect(sendBytes(connection, request.set("a", "1"))).toBe(text(reply.value("1")));
  });
});

describe("v1's DURABLE", () => {
  test("always has this reply wait, and no other", () => {
    const { server, connection, sendBytes } = createFixture("everysec");
    expect(sendBytes(connection, request.durable("always", request.set("a", "1")))).toBe("");
    server.settle();
    expect(take(connection)).toBe(text(reply.value("1")));
    expect(sendBytes(connection, request.set("a", "2"))).toBe(text(reply.value("2")));
    expect(server.thread.durability!.gate.strictCount).toBe(0);
  });

  test("of a read waits for what others have written", () => {
    const { server, connection, other, sendBytes } = createFixture("everysec");
    sendBytes(other, request.set("a", "1"));
    expect(sendBytes(connection, request.durable("always", request.get("a")))).toBe("");
    server.settle();
    expect(take(connection)).toBe(text(reply.value("1")));
  });

  test.each(["everysec", "none"])("%s promises no less than the connection does", (word) => {
    const { connection, sendBytes } = createFixture("always");
    expect(sendBytes(connection, request.durable(word, request.set("a", "1")))).toBe("");
  });

  test("answers and counts as the request within", () => {
    const { server, connection, sendBytes } = createFixture("everysec");
    const inner = [
      [request.set("a", "1"), reply.value("1")],
      [request.get("a"), reply.value("1")],
      [request.incr("a"), reply.value("2")],
      [request.keys(), reply.keys("1) a")],
      [request.ping("p"), reply.pong("p")],
      [request.durability("default"), OK],
      [request.del("a"), OK],
      [request.get("a"), ERROR],
    ] as const;
    for (const [asked, answer] of inner) {
      expect(sendBytes(connection, request.durable("none", asked))).toBe(text(answer));
    }
    const { executor } = server.thread;
    expect(executor.totalCount()).toBe(inner.length);
    expect(executor.executedCounts[OPCODE.GET]).toBe(2);
    expect(executor.executedCounts[OPCODE.DURABLE]).toBe(0);
  });

  test.each(["", "default", "no"])("of %j is an error, and nothing is executed", (word) => {
    const { connection, sendBytes } = createFixture("everysec");
    const durable = request.durable(word, request.set("a", "1"));
    expect(sendBytes(connection, durable, request.get("a"))).toBe(text(ERROR, ERROR));
  });
});

describe("SAVE", () => {
  test("keeps its client waiting until the snapshot has its name, and nobody else", () => {
    const { server, disk, connection, other, send, sendBytes } = createFixture("everysec");
    expect(send(connection, "SET", "a", "1")).toBe("+OK\r\n");
    const echo = encodeCommand(["ECHO", "behind"]);
    expect(sendBytes(connection, encodeCommand(["PING"]), encodeCommand(["SAVE"]), echo)).toBe(
      "+PONG\r\n",
    );
    expect(send(other, "GET", "a")).toBe("$1\r\n1\r\n");
    expect(send(other, "SAVE")).toBe("-ERR Background save already in progress\r\n");
    expect(disk.list().filter(isSnapshot)).toEqual([]);
    server.settle();
    expect(take(connection)).toBe("+OK\r\n$6\r\nbehind\r\n");
    expect(disk.list().filter(isSnapshot)).toHaveLength(1);
    expect(server.thread.persistence!.count).toBe(1);
  });

  test("that a failing disk ends is an error, and the next one may be good", () => {
    const { server, disk, connection, send } = createFixture("everysec");
    send(connection, "SET", "a", "1");
    server.settle();
    expect(send(connection, "SAVE")).toBe("");
    disk.failAt("create", 1, "ENOSPC", 1);
    server.settle();
    expect(take(connection)).toBe(
      "-ERR the snapshot failed, and the last one stays: the server's log says why\r\n",
    );
    expect(send(connection, "SAVE")).toBe("");
    server.settle();
    expect(take(connection)).toBe("+OK\r\n");
  });

  test("lets writes go on after the log has failed", () => {
    const { server, disk, connection, other, send } = createFixture("always");
    disk.failAt("sync", 1, "EIO", 1);
    expect(send(other, "SET", "a", "1")).toBe("");
    server.settle();
    expect(send(connection, "SET", "a", "1")).toStartWith("-");
    expect(send(connection, "SAVE")).toBe("");
    server.settle();
    expect(take(connection)).toBe("+OK\r\n");
    expect(send(connection, "SET", "a", "1")).toBe("");
    server.settle();
    expect(take(connection)).toBe("+OK\r\n");
  });

  test("does not wake whoever has the number of a client that did not wait", () => {
    const { server, connection, send } = createFixture("everysec");
    expect(send(connection, "SAVE")).toBe("");
    connection.disconnect();
    server.engine.turn();
    const next = server.connect();
    expect(next.number).toBe(connection.number);
    server.settle();
    expect(take(next)).toBe("");
    expect(send(next, "PING")).toBe("+PONG\r\n");
    expect(send(next, "SAVE")).toBe("");
    server.settle();
    expect(take(next)).toBe("+OK\r\n");
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
