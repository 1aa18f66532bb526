import { describe, expect, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { ClientCount } from "../../src/server/client-count.ts";
import { ConnectionTable, DROP, DROP_NAMES } from "../../src/server/connection-table.ts";

describe("ConnectionTable", () => {
  test("hands out numbers from 0, and the one given back last first", () => {
    const table = new ConnectionTable(4);
    expect([table.open(), table.open(), table.open()]).toEqual([0, 1, 2]);
    table.close(0);
    table.close(1);
    expect([table.open(), table.open(), table.open()]).toEqual([1, 0, 3]);
  });

  test("refuses one more than it has, and counts it", () => {
    const table = new ConnectionTable(2);
    table.open();
    table.open();
    expect(table.open()).toBe(-1);
    expect(table.refusedCount).toBe(1);
    expect(table.acceptedCount).toBe(2);
    table.close(1);
    expect(table.open()).toBe(1);
  });

  test("counts what is open, came and went", () => {
    const table = new ConnectionTable(3);
    for (let i = 0; i < 10; i++) table.close(table.open());
    table.open();
    expect(table.openCount).toBe(1);
    expect(table.acceptedCount).toBe(11);
    expect(table.closedCount).toBe(10);
    expect([...table.flags]).toEqual([CONNECTION.OPEN, 0, 0]);
  });

  test("refuses one that all threads together have no place for, and gives its place back", () => {
    const buffer = ClientCount.reserve();
    const [one, other] = [0, 1].map(() => new ConnectionTable(3, new ClientCount(3, buffer))) as [
      ConnectionTable,
      ConnectionTable,
    ];
    expect([one.open(), one.open(), other.open()]).toEqual([0, 1, 0]);
    expect([one.open(), other.open()]).toEqual([-1, -1]);
    expect([one.refusedCount, other.refusedCount]).toEqual([1, 1]);
    one.close(0);
    expect(other.open()).toBe(1);
    expect(one.open()).toBe(-1);
  });

  test("begins a connection without the states of the one before", () => {
    const table = new ConnectionTable(1);
    const connection = table.open();
    for (const flag of Object.values(CONNECTION)) table.set(connection, flag);
    table.unsentSinceMs[connection] = 5;
    table.close(connection);
    table.open();
    expect([table.flags[0], table.unsentSinceMs[0]]).toEqual([CONNECTION.OPEN, 0]);
  });

  test("has a name and a count for every reason to drop one", () => {
    const table = new ConnectionTable(1);
    expect(Object.values(DROP)).toEqual([0, 1, 2, 3]);
    expect(DROP_NAMES).toHaveLength(4);
    expect(table.droppedCounts).toHaveLength(4);
  });
});
