import { describe, expect, test } from "bun:test";
import type { OutputForm } from "../../fkvs-benchmark/benchmark-plan.ts";
import { STEP_HEADER, TEST_HEADER } from "../../fkvs-benchmark/report-csv.ts";
import { renderText } from "../../fkvs-benchmark/report-text.ts";
import { createReport, type Report } from "../../fkvs-benchmark/report.ts";
import type { SweepStep } from "../../fkvs-benchmark/sweep.ts";
import { makeBenchmarkPlan, makeSummary, makeTestPlan } from "../support/benchmark-fixture.ts";

const STEP: SweepStep = {
  ratePerSecond: 50,
  requestsPerSecond: 50,
  p50Us: 1,
  p99Us: 2,
  p999Us: 3,
  notCompletedCount: 0,
  verdict: "ok",
};
const OUTCOME = { sloMs: 1, mostPerSecond: 100, steps: [STEP], knee: STEP };

function write(output: OutputForm, sloMs: number | null, tell: (report: Report) => void): string {
  let text = "";
  const plan = makeBenchmarkPlan({}, { output, sloMs });
  tell(createReport(plan, (part) => (text += part)));
  return text;
}

function tellTests(report: Report): void {
  report.testEnded(makeSummary());
  report.testEnded(makeSummary({ test: "get" }));
  report.ended("");
}

function tellSweep(report: Report): void {
  report.sweepBegun(makeTestPlan(), 100);
  report.stepEnded(STEP);
  report.sweepEnded(OUTCOME);
  report.ended("");
}

describe("createReport", () => {
  test("writes text with an empty line between tests", () => {
    const texts = [makeSummary(), makeSummary({ test: "get" })].map(renderText);
    expect(write("text", null, tellTests)).toBe(texts.join("\n"));
  });

  test("writes one quiet line for each test", () => {
    const lines = write("quiet", null, tellTests).split("\n");
    expect(lines.map((line) => line.split(":")[0]!)).toEqual(["set", "get", ""]);
  });

  test("writes the names of CSV once", () => {
    const lines = write("csv", null, tellTests).split("\n");
    expect(`${lines[0]}\n`).toBe(TEST_HEADER);
    expect(lines.map((line) => line.split(",")[0]!)).toEqual(["test", "set", "get", ""]);
  });

  test("writes one JSON document at the end", () => {
    const document = JSON.parse(write("json", null, tellTests));
    expect(document.tests.map((one: { test: string }) => one.test)).toEqual(["set", "get"]);
    expect(write("json", null, (report) => report.testEnded(makeSummary()))).toBe("");
  });

  test("writes a JSON document of a failure too", () => {
    const document = JSON.parse(write("json", null, (report) => report.ended("it failed")));
    expect(document).toMatchObject({ tests: [], failure: "it failed" });
  });

  test("writes a sweep in every form", () => {
    expect(write("text", 1, tellSweep)).toMatch(/^Sweep: set .*\nKnee: 50 req\/s .*\n$/s);
    expect(write("quiet", 1, tellSweep)).toMatch(/^Knee: .*\n$/);
    expect(write("csv", 1, tellSweep)).toBe(`${STEP_HEADER}50,50.00,1.0,2.0,3.0,0,ok\n`);
    expect(JSON.parse(write("json", 1, tellSweep)).sweep).toEqual(OUTCOME);
  });
});
