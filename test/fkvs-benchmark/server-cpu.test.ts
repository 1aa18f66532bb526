import { describe, expect, test } from "bun:test";
import { cpuMsBetween, openServerCpu } from "../../fkvs-benchmark/server-cpu.ts";
import { FakeProc } from "../support/fake-proc.ts";

const sample = (threads: Record<string, number>) => ({
  threadNs: new Map(Object.entries(threads)),
  atMs: 0,
});

describe("openServerCpu", () => {
  test.skipIf(process.platform !== "linux")("sees this process work", () => {
    const reader = openServerCpu(process.pid)!;
    const before = reader.read()!;
    let rounds = 0;
    // Ends because what it does is what it waits for.
    while (cpuMsBetween(before, reader.read()!) === 0) rounds += 1;
    expect(rounds).toBeGreaterThanOrEqual(0);
    expect(reader.pid).toBe(process.pid);
  });

  test("finds nothing of a process that is not there", () => {
    using proc = new FakeProc();
    expect(openServerCpu(12, proc.path)).toBeNull();
  });

  test("adds up the threads, and not their waiting", () => {
    using proc = new FakeProc();
    proc.write("12/task/12/schedstat", "1000000 9 9\n");
    proc.write("12/task/13/schedstat", "2000000 9 9\n");
    const reader = openServerCpu(12, proc.path)!;
    const before = reader.read()!;
    proc.write("12/task/13/schedstat", "5500000 9 9\n");
    expect(cpuMsBetween(before, reader.read()!)).toBe(3.5);
  });

  test("goes on when a thread has ended, and when all have", () => {
    using proc = new FakeProc();
    proc.write("12/task/12/schedstat", "1000000 9 9\n");
    proc.write("12/task/13/schedstat", "2000000 9 9\n");
    const reader = openServerCpu(12, proc.path)!;
    const before = reader.read()!;
    proc.remove("12/task/13");
    proc.write("12/task/12/schedstat", "1500000 9 9\n");
    expect(cpuMsBetween(before, reader.read()!)).toBe(0.5);
    proc.remove("12");
    expect(reader.read()).toBeNull();
  });

  test("reads clock ticks where there is no schedstat", () => {
    using proc = new FakeProc();
    const stat = (user: number, system: number) =>
      `12 (a (strange) name) S 1 12 12 0 -1 4194560 100 0 0 0 ${user} ${system} 0 0 20 0 5\n`;
    proc.write("12/stat", stat(10, 5));
    const reader = openServerCpu(12, proc.path)!;
    const before = reader.read()!;
    proc.write("12/stat", stat(13, 6));
    expect(cpuMsBetween(before, reader.read()!)).toBe(40);
  });
});

describe("cpuMsBetween", () => {
  test("counts a new thread whole and one that ended not at all", () => {
    expect(cpuMsBetween(sample({ a: 5e6, b: 9e6 }), sample({ a: 6e6, c: 2e6 }))).toBe(3);
  });

  test("is never negative", () => {
    expect(cpuMsBetween(sample({ a: 5e6 }), sample({ a: 4e6 }))).toBe(0);
  });
});
