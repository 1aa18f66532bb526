import { describe, expect, test } from "bun:test";
import { COMMAND_COUNT_MAX, reserveBoard } from "../../src/server/board-memory.ts";
import { ServerBoard } from "../../src/server/server-board.ts";
import { FIGURE } from "../../src/server/thread-figures.ts";
import { setUpThreads } from "../../src/server/thread-setup.ts";
import { COMMAND_TABLE } from "../../src/redis/commands.ts";

/** The boards of three threads over one memory. */
function createBoards() {
  const buffer = reserveBoard(3);
  return setUpThreads(3, "shared").map((setup) => new ServerBoard(buffer, setup)) as [
    ServerBoard,
    ServerBoard,
    ServerBoard,
  ];
}

describe("ServerBoard", () => {
  test("shows each thread what the others show", () => {
    const [first, second, third] = createBoards();
    first.own.clients.write(["a"]);
    second.own.errors.write(["b"]);
    for (const [i, board] of [first, second, third].entries()) {
      board.own.figures[FIGURE.windowBytes] = 10 ** i;
    }
    expect(third.threads.map(({ clients }) => clients.read())).toEqual([["a"], [], []]);
    expect(third.threads.map(({ errors }) => errors.read())).toEqual([[], ["b"], []]);
    expect(second.others).toEqual([0, 2]);
    expect(second.sumOfOthers(FIGURE.windowBytes)).toBe(101);
    second.threads[2]!.kills.post([7]);
    expect(first.own.kills.take()).toEqual([]);
    expect(third.own.kills.take()).toEqual([7]);
  });

  test("has room for the counts of all commands, of each thread apart", () => {
    const boards = createBoards();
    const names = COMMAND_TABLE.rows.map(({ fullName }) => fullName);
    expect(names.length).toBeLessThanOrEqual(COMMAND_COUNT_MAX);
    const last = names.length - 1;
    const counted = boards.map((board) => board.ownStats(names));
    for (const [i, stats] of counted.entries()) {
      for (let call = 0; call <= i; call++) stats.record(last, 100, call === 0);
    }
    const read = [0, 1, 2].map((thread) => boards[0].commandStats(thread, names));
    expect(read.map((stats) => stats.totalCalls)).toEqual([1, 2, 3]);
    expect(read.map((stats) => stats.failedCalls(last))).toEqual([1, 1, 1]);
    expect(read.map((stats) => stats.histogram(last)!.totalCount)).toEqual([1, 2, 3]);
    expect(read.map((stats) => stats.histogram(0))).toEqual([null, null, null]);
    counted[1]!.reset();
    expect(read.map((stats) => stats.histogram(last)?.totalCount)).toEqual([1, undefined, 3]);
  });

  test("refuses more commands than it has room for", () => {
    const names = Array.from({ length: COMMAND_COUNT_MAX + 1 }, (_, i) => `${i}`);
    expect(() => createBoards()[0].ownStats(names)).toThrow("room for the counts");
  });

  test("knows when the first of the threads started", () => {
    const [first, second] = createBoards();
    expect(first.startedMs(5000.5)).toBe(5000.5);
    expect(second.startedMs(6000)).toBe(5000);
  });

  test("counts resets, and snapshots that are wanted and have ended", () => {
    const [first, second] = createBoards();
    second.addReset();
    expect(first.resetCount).toBe(1);
    expect([second.wantSave(), second.wantSave()]).toEqual([1, 2]);
    expect([first.wantedSave, second.endedSave]).toEqual([2, 0]);
    first.endedSave = 2;
    expect(second.endedSave).toBe(2);
  });

  test("has one run id and one set of settings", () => {
    const [first, second] = createBoards();
    expect(first.runId).toBe(second.runId);
    first.live.slowLogLengthMax = 5;
    expect(second.live.slowLogLengthMax).toBe(5);
  });
});
