// Writes what was measured to standard output, in the form that was asked for.
//
//   text, -q, --csv    each test when it has ended
//   --json             all of them at the end, in one document

import type { BenchmarkPlan, TestPlan } from "./benchmark-plan.ts";
import { describeEnvironment, type Environment } from "./environment.ts";
import { renderStepLine, renderTestLine, STEP_HEADER, TEST_HEADER } from "./report-csv.ts";
import { renderJson } from "./report-json.ts";
import { renderKnee, renderSweepHead, renderSweepStep } from "./report-sweep.ts";
import { renderQuiet, renderText } from "./report-text.ts";
import type { SweepOutcome, SweepStep } from "./sweep.ts";
import type { TestSummary } from "./summary.ts";

export interface Report {
  testEnded(summary: TestSummary): void;
  sweepBegun(plan: TestPlan, mostPerSecond: number): void;
  stepEnded(step: SweepStep): void;
  sweepEnded(outcome: SweepOutcome): void;
  /** Once, also after a failure; empty when there was none. */
  ended(failure: string): void;
}

type Write = (text: string) => void;

const SILENT: Report = {
  testEnded() {},
  sweepBegun() {},
  stepEnded() {},
  sweepEnded() {},
  ended() {},
};

export function createReport(
  plan: BenchmarkPlan,
  write: Write,
  environment: Environment = describeEnvironment(),
): Report {
  if (plan.output === "json") return createJsonReport(plan, write, environment);
  if (plan.output === "csv") return createCsvReport(plan, write);
  return plan.output === "quiet" ? createQuietReport(write) : createTextReport(plan, write);
}

function createTextReport({ sloMs }: BenchmarkPlan, write: Write): Report {
  let separator = "";
  return {
    ...SILENT,
    testEnded(summary) {
      write(separator + renderText(summary));
      separator = "\n";
    },
    sweepBegun: (plan, mostPerSecond) => write(renderSweepHead(plan, sloMs!, mostPerSecond)),
    stepEnded: (step) => write(renderSweepStep(step)),
    sweepEnded: (outcome) => write(renderKnee(outcome)),
  };
}

function createQuietReport(write: Write): Report {
  return {
    ...SILENT,
    testEnded: (summary) => write(renderQuiet(summary)),
    sweepEnded: (outcome) => write(renderKnee(outcome)),
  };
}

function createCsvReport({ sloMs }: BenchmarkPlan, write: Write): Report {
  let header = sloMs === null ? TEST_HEADER : STEP_HEADER;
  const add = (line: string) => {
    write(header + line);
    header = "";
  };
  return {
    ...SILENT,
    testEnded: (summary) => add(renderTestLine(summary)),
    stepEnded: (step) => add(renderStepLine(step)),
  };
}

function createJsonReport(
  { settings }: BenchmarkPlan,
  write: Write,
  environment: Environment,
): Report {
  const summaries: TestSummary[] = [];
  let sweep: SweepOutcome | null = null;
  return {
    ...SILENT,
    testEnded: (summary) => void summaries.push(summary),
    sweepEnded(outcome) {
      sweep = outcome;
    },
    ended: (failure) => write(renderJson({ environment, settings, summaries, sweep, failure })),
  };
}
