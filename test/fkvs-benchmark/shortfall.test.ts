import { describe, expect, test } from "bun:test";
import { describeShortfall } from "../../fkvs-benchmark/shortfall.ts";
import { makeSummary } from "../support/benchmark-fixture.ts";

describe("describeShortfall", () => {
  test("says nothing when everything completed", () => {
    expect(describeShortfall(makeSummary())).toEqual([]);
  });

  test("has a sentence for each kind", () => {
    const result = {
      completedCount: 99_990,
      errorCount: 3,
      missCount: 2,
      wrongCount: 1,
      failedCount: 4,
    };
    expect(describeShortfall(makeSummary({}, result, { failures: ["it was lost"] }))).toEqual([
      "set: 3 of 100000 requests were answered with errors",
      "set: 2 of 100000 requests found nothing",
      "set: 1 of 100000 requests got a wrong answer",
      "set: 4 of 100000 requests were never answered",
      "set: it was lost",
    ]);
  });

  test("counts one as one", () => {
    const result = { completedCount: 0, errorCount: 1 };
    expect(describeShortfall(makeSummary({ test: "get" }, result))).toEqual([
      "get: 1 of 1 request was answered with an error",
    ]);
  });
});
