import { describe, expect, test } from "bun:test";
import { CommandStats, commandStatsWords } from "../../src/redis/command-stats.ts";
import { LiveSettings } from "../../src/redis/live-settings.ts";

const GET = 0;
const SET = 1;

function createStats(): CommandStats {
  return new CommandStats(["get", "set"]);
}

describe("CommandStats", () => {
  test("counts calls, their time, and what failed among them", () => {
    const stats = createStats();
    stats.record(SET, 1.5, false);
    stats.record(SET, 2, true);
    expect([stats.calls(SET), stats.microseconds(SET), stats.failedCalls(SET)]).toEqual([
      2, 3.5, 1,
    ]);
    expect([stats.calls(GET), stats.microseconds(GET), stats.failedCalls(GET)]).toEqual([0, 0, 0]);
    expect([stats.totalCalls, stats.rejectedCalls(SET)]).toEqual([2, 0]);
  });

  test("counts what was refused apart from calls", () => {
    const stats = createStats();
    stats.reject(GET);
    expect([stats.rejectedCalls(GET), stats.calls(GET), stats.totalCalls]).toEqual([1, 0, 0]);
    expect(stats.histogram(GET)).toBeNull();
  });

  test("takes a batch's calls with their mean", () => {
    const stats = createStats();
    stats.addBatched(GET, 4, 2);
    stats.fail(GET);
    expect([stats.calls(GET), stats.microseconds(GET), stats.failedCalls(GET)]).toEqual([4, 2, 1]);
    expect(stats.histogram(GET)!.totalCount).toBe(4);
    expect(stats.histogram(GET)!.percentileNs(100)).toBe(501);
  });

  test("takes an empty batch for none", () => {
    const stats = createStats();
    stats.addBatched(GET, 0, 0);
    expect([stats.totalCalls, stats.histogram(GET)]).toEqual([0, null]);
  });

  test("leaves the histograms alone while latency is not tracked", () => {
    const stats = createStats();
    stats.isLatencyTracked = false;
    stats.record(GET, 1, false);
    expect([stats.calls(GET), stats.histogram(GET)]).toEqual([1, null]);
  });

  test("counts errors by code, in the order of the codes, and ERR for those without", () => {
    const stats = createStats();
    for (const code of ["OOM", "ERR", "", "NOAUTH", "ERR"]) stats.countError(code);
    expect(stats.errorCounts()).toEqual([
      ["ERR", 3],
      ["NOAUTH", 1],
      ["OOM", 1],
    ]);
    expect(stats.totalErrors).toBe(5);
  });

  test("tells 128 codes apart and counts others in the total alone", () => {
    const stats = createStats();
    for (let code = 0; code < 200; code++) stats.countError(`E${code}`);
    stats.countError("E0");
    expect([stats.errorCounts().length, stats.totalErrors]).toEqual([128, 201]);
    expect(stats.errorCounts()[0]).toEqual(["E0", 2]);
  });

  test("begins anew", () => {
    const stats = createStats();
    stats.record(SET, 1, true);
    stats.reject(SET);
    stats.countError("ERR");
    stats.isLatencyTracked = false;
    stats.reset();
    expect([stats.calls(SET), stats.microseconds(SET), stats.failedCalls(SET)]).toEqual([0, 0, 0]);
    expect([stats.rejectedCalls(SET), stats.histogram(SET)]).toEqual([0, null]);
    expect([stats.totalCalls, stats.totalErrors, stats.errorCounts()]).toEqual([0, 0, []]);
    expect(stats.isLatencyTracked).toBe(false);
  });

  test("adds what others have counted, their errors too", () => {
    const [sum, other] = [createStats(), createStats()];
    sum.record(GET, 1, false);
    sum.countError("ERR");
    other.record(GET, 2, true);
    other.record(SET, 3, false);
    other.reject(SET);
    other.countError("ERR", 2);
    other.countError("OOM");
    sum.add(other, other.errorCounts());
    expect([sum.calls(GET), sum.microseconds(GET), sum.failedCalls(GET)]).toEqual([2, 3, 1]);
    expect([sum.calls(SET), sum.rejectedCalls(SET)]).toEqual([1, 1]);
    expect([sum.totalCalls, sum.totalErrors]).toEqual([3, 4]);
    expect(sum.errorCounts()).toEqual([
      ["ERR", 3],
      ["OOM", 1],
    ]);
    expect([GET, SET].map((row) => sum.histogram(row)!.totalCount)).toEqual([2, 1]);
    expect(other.histogram(GET)!.totalCount).toBe(1);
  });

  test("shows its counts to who shares its words", () => {
    const words = new Float64Array(commandStatsWords(2));
    const open = () => new CommandStats(["get", "set"], new LiveSettings(), words);
    const [stats, reader] = [open(), open()];
    expect(reader.histogram(SET)).toBeNull();
    stats.record(SET, 1.5, true);
    stats.record(SET, 2, false);
    expect([reader.calls(SET), reader.microseconds(SET), reader.failedCalls(SET)]).toEqual([
      2, 3.5, 1,
    ]);
    expect(reader.totalCalls).toBe(2);
    expect(reader.histogram(SET)!.totalCount).toBe(2);
    expect(reader.histogram(GET)).toBeNull();
    stats.reset();
    expect([reader.calls(SET), reader.totalCalls, reader.histogram(SET)]).toEqual([0, 0, null]);
    expect(words.every((word) => word === 0)).toBe(true);
  });
});
