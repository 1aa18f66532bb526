import { describe, expect, test } from "bun:test";
import { ClientTable } from "../../src/redis/client-table.ts";
import type { Client } from "../../src/redis/client.ts";

function add(table: ClientTable, connection: number): Client {
  return table.add({
    connection,
    nowMs: 0,
    address: "127.0.0.1:50000",
    localAddress: "127.0.0.1:5995",
    isAuthenticated: true,
  });
}

describe("ClientTable", () => {
  test("finds clients by connection and by id", () => {
    const table = new ClientTable();
    const first = add(table, 7);
    const second = add(table, 3);
    expect([first.id, second.id]).toEqual([1, 2]);
    expect(table.ofConnection(3)).toBe(second);
    expect(table.ofConnection(4)).toBeNull();
    expect(table.withId(1)).toBe(first);
    expect(table.withId(3)).toBeNull();
    expect(table.count).toBe(2);
  });

  test("gives a connection's number again and an id never", () => {
    const table = new ClientTable();
    const first = add(table, 7);
    table.remove(first);
    expect(table.withId(1)).toBeNull();
    const second = add(table, 7);
    expect(second.id).toBe(2);
    table.remove(first);
    expect(table.ofConnection(7)).toBe(second);
    expect(table.count).toBe(1);
  });

  test("lists clients in the order of their ids", () => {
    const table = new ClientTable();
    const clients = [9, 1, 5, 2].map((connection) => add(table, connection));
    table.remove(clients[1]!);
    add(table, 1);
    expect([...table.all()].map(({ id }) => id)).toEqual([1, 3, 4, 5]);
  });

  test("has one client a connection", () => {
    const table = new ClientTable();
    add(table, 7);
    expect(() => add(table, 7)).toThrow("connection 7 has a client already");
  });

  test("gives ids that no other thread gives", () => {
    const tables = [0, 1, 2].map((thread) => new ClientTable(thread, 3));
    const ids = tables.map((table) => [add(table, 1).id, add(table, 2).id]);
    expect(ids).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });
});
