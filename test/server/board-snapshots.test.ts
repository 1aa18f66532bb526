import { describe, expect, test } from "bun:test";
import { Client } from "../../src/redis/client.ts";
import type { Snapshots } from "../../src/redis/snapshots.ts";
import { reserveBoard } from "../../src/server/board-memory.ts";
import { BoardSnapshots, snapshotFigures } from "../../src/server/board-snapshots.ts";
import { ServerBoard } from "../../src/server/server-board.ts";
import { putFigures } from "../../src/server/thread-figures.ts";
import { setUpThreads } from "../../src/server/thread-setup.ts";

const IDLE: Snapshots = {
  isRunning: false,
  lastSaveSeconds: 1_795_254_642,
  lastStatus: "ok",
  lastDurationSeconds: -1,
  runningSeconds: -1,
  count: 3,
  start: () => "started",
  save: () => "running",
  changesSinceLast: () => 9,
};

/** Thread 1's view of thread 0's snapshots; `show` is thread 0. */
function createStand() {
  const buffer = reserveBoard(2);
  const [first, second] = setUpThreads(2, "shared").map((setup) => new ServerBoard(buffer, setup));
  const woken: number[] = [];
  const snapshots = new BoardSnapshots(second!, (client) => woken.push(client.id));
  const show = (changes: Partial<Snapshots>) =>
    putFigures(first!.own.figures, snapshotFigures({ ...IDLE, ...changes }));
  show({});
  let lastId = 0;
  const client = () => {
    const id = ++lastId;
    const address = "127.0.0.1:1";
    const options = { address, localAddress: address, isAuthenticated: true };
    return new Client({ connection: id, id, nowMs: 0, ...options });
  };
  return { first: first!, snapshots, woken, show, client };
}

describe("BoardSnapshots", () => {
  test("are what thread 0 shows", () => {
    const { snapshots, show } = createStand();
    const read = () => ({
      isRunning: snapshots.isRunning,
      lastSaveSeconds: snapshots.lastSaveSeconds,
      lastStatus: snapshots.lastStatus,
      lastDurationSeconds: snapshots.lastDurationSeconds,
      runningSeconds: snapshots.runningSeconds,
      count: snapshots.count,
      changes: snapshots.changesSinceLast(),
    });
    const { isRunning, lastSaveSeconds, lastDurationSeconds, runningSeconds, count } = IDLE;
    const idle = { isRunning, lastSaveSeconds, lastDurationSeconds, runningSeconds, count };
    expect(read()).toEqual({ ...idle, lastStatus: "ok", changes: 9 });
    show({ isRunning: true, lastStatus: "err", runningSeconds: 7, lastDurationSeconds: 5 });
    const running = { isRunning: true, runningSeconds: 7, lastDurationSeconds: 5 };
    expect(read()).toEqual({ ...idle, ...running, lastStatus: "err", changes: 9 });
  });

  test("are begun by thread 0, unless one is running", () => {
    const { first, snapshots, show } = createStand();
    expect(snapshots.start()).toBe("started");
    expect(first.wantedSave).toBe(1);
    show({ isRunning: true });
    expect(snapshots.start()).toBe("running");
    expect(snapshots.save(createStand().client())).toBe("running");
    expect(first.wantedSave).toBe(1);
  });

  test.each(["ok", "err"] as const)("wake who waits when one has ended: %s", (lastStatus) => {
    const { first, snapshots, woken, show, client } = createStand();
    const [early, late] = [client(), client()];
    expect(snapshots.save(early)).toBe("waiting");
    expect(snapshots.save(early)).toBe("waiting");
    expect(snapshots.save(late)).toBe("waiting");
    expect(first.wantedSave).toBe(2);
    snapshots.tick();
    expect(woken).toEqual([]);
    show({ lastStatus });
    first.endedSave = 1;
    snapshots.tick();
    snapshots.tick();
    expect(woken).toEqual([early.id]);
    expect(snapshots.save(early)).toBe(lastStatus === "ok" ? "good" : "failed");
    expect(early.awaitedSave).toBe("none");
    expect(late.awaitedSave).toBe("waiting");
  });

  test("do not wake who waits no more", () => {
    const { first, snapshots, woken, client } = createStand();
    const gone = client();
    snapshots.save(gone);
    gone.awaitedSave = "none";
    first.endedSave = 1;
    snapshots.tick();
    expect(woken).toEqual([]);
  });
});
