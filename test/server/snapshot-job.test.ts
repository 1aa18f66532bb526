// Snapshots as a whole server makes them; what they hold under traffic is test/simulation's matter.

import { describe, expect, test } from "bun:test";
import { encodeCommand } from "../support/resp-client.ts";
import { Random } from "../support/random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { SimulatedServer } from "../support/simulated-server.ts";

class Fixture {
  disk = new SimulatedDisk(new Random(1));
  server = new SimulatedServer({ disk: this.disk });
  readonly outcomes: boolean[] = [];

  set(key: string): string {
    const connection = this.server.connect();
    const answer = this.server.ask(connection, encodeCommand(["SET", key, "value"]));
    connection.disconnect();
    return answer;
  }

  get job() {
    return this.server.durability.job!;
  }

  /** Until it ends, one way or the other. */
  save(): string {
    expect(this.server.durability.save()).toBe(true);
    for (let turns = 0; this.server.durability.isSaving; turns++) {
      if (turns > 1000) throw new Error("the snapshot has no end");
      this.server.settle();
      this.server.clock.elapsed += 10;
    }
    return this.job.lastStatus;
  }

  restart(): number {
    this.server.dispose();
    this.disk = this.disk.crash(new Random(2));
    this.server = new SimulatedServer({ disk: this.disk });
    return this.server.thread.store.keyCount;
  }
}

describe("a snapshot", () => {
  test("holds what there was, and the log goes on from there", () => {
    const fixture = new Fixture();
    for (let i = 0; i < 100; i++) fixture.set(`${i}`);
    expect(fixture.job.bytesSinceLast).toBeGreaterThan(0);
    expect(fixture.save()).toBe("ok");
    expect(fixture.job.lastRecordCount).toBe(100);
    expect(fixture.job.bytesSinceLast).toBe(0);
    fixture.set("later");
    expect(fixture.restart()).toBe(101);
    expect(fixture.server.recovery.snapshot).toMatchObject({ number: 1, recordCount: 100 });
    expect(fixture.server.recovery.recordCount).toBe(101);
    fixture.server.dispose();
  });

  test("may fail any number of times before one is made", () => {
    const fixture = new Fixture();
    fixture.set("a");
    for (let i = 0; i < 3; i++) {
      fixture.disk.failAt("rename", 1, "ENOSPC");
      expect(fixture.save()).toBe("err");
      expect(fixture.set(`${i}`)).toBe("+OK\r\n");
    }
    expect(fixture.save()).toBe("ok");
    expect(fixture.restart()).toBe(4);
    expect(fixture.server.recovery.snapshot?.recordCount).toBe(4);
    fixture.server.dispose();
  });

  test("that is due and has failed is not tried again at once", () => {
    const disk = new SimulatedDisk(new Random(1));
    const server = new SimulatedServer({ disk, snapshotWalBytes: 100 });
    const job = server.durability.job!;
    server.ask(server.connect(), encodeCommand(["SET", "a", "v".repeat(200)]));
    disk.failAt("rename", 1, "ENOSPC", 1000);
    const tickFor = (durationMs: number): void => {
      for (let passedMs = 0; passedMs < durationMs; passedMs += 100) {
        server.clock.elapsed += 100;
        server.thread.tick();
        server.settle();
      }
    };
    tickFor(4000);
    expect(job.lastStatus).toBe("err");
    expect(job.nextNumber).toBe(2);
    tickFor(6000);
    expect(job.nextNumber).toBe(3);
    disk.repair();
    tickFor(6000);
    expect([job.lastStatus, job.nextNumber]).toEqual(["ok", 4]);
    server.dispose();
  });

  test("is due after an interval, wherever the system's clock is set to meanwhile", () => {
    const server = new SimulatedServer({ snapshotIntervalMs: 60_000 });
    const job = server.durability.job!;
    server.ask(server.connect(), encodeCommand(["SET", "a", "v"]));
    const tickAfter = (durationMs: number): void => {
      server.clock.elapsed += durationMs;
      server.thread.tick();
      server.settle();
    };
    server.clock.now += 3_600_000;
    tickAfter(59_999);
    expect(job.goodCount).toBe(0);
    server.clock.now -= 7_200_000;
    tickAfter(1);
    expect(job.goodCount).toBe(1);
    server.dispose();
  });

  test("is what writes wait for after the log has failed, and may fail as well", () => {
    const fixture = new Fixture();
    fixture.set("a");
    fixture.disk.failAt("sync", 1, "EIO");
    expect(fixture.set("unlogged")).toStartWith("-MISCONF");
    for (let i = 0; i < 2; i++) {
      expect(fixture.server.durability.failure()).toBe("EIO");
      fixture.disk.failAt("rename", 1, "ENOSPC");
      expect(fixture.save()).toBe("err");
      expect(fixture.set("refused")).toStartWith("-MISCONF");
    }
    expect(fixture.save()).toBe("ok");
    expect(fixture.server.durability.failure()).toBe("");
    expect(fixture.set("b")).toBe("+OK\r\n");
    expect(fixture.restart()).toBe(3);
    fixture.server.dispose();
  });

  test("that failed after a failure of the log leaves what can be recovered", () => {
    const fixture = new Fixture();
    fixture.set("a");
    fixture.disk.failAt("write", 1, "ENOSPC");
    expect(fixture.set("unlogged")).toStartWith("-MISCONF");
    fixture.disk.failAt("rename", 1, "ENOSPC");
    expect(fixture.save()).toBe("err");
    expect(fixture.restart()).toBe(1);
    expect(fixture.set("b")).toBe("+OK\r\n");
    expect(fixture.restart()).toBe(2);
    fixture.server.dispose();
  });

  test("keeps no reader from its answer when the log is begun anew", () => {
    const fixture = new Fixture();
    fixture.set("a");
    fixture.disk.failAt("sync", 1, "EIO");
    fixture.set("unlogged");
    const { server } = fixture;
    const reader = server.connect();
    expect(server.durability.save()).toBe(true);
    for (let turns = 0; server.durability.isSaving; turns++) {
      reader.feed(encodeCommand(["GET", "a"]));
      server.engine.turn();
      expect(reader.take().toString()).toBe("$5\r\nvalue\r\n");
      server.stepKeeper();
      if (server.isRung) server.hearRing();
      server.stepWriters();
      if (turns > 1000) throw new Error("the snapshot has no end");
    }
    expect(fixture.job.lastStatus).toBe("ok");
    server.dispose();
  });
});
