// What of a test did not complete, in sentences for standard error.

import type { TestSummary } from "./summary.ts";

export function describeShortfall(summary: TestSummary): string[] {
  const { plan, errorCount, missCount, wrongCount, unansweredCount } = summary;
  const total = summary.completedCount + summary.notCompletedCount;
  const parts: readonly (readonly [number, string, string])[] = [
    [errorCount, "was answered with an error", "were answered with errors"],
    [missCount, "found nothing", "found nothing"],
    [wrongCount, "got a wrong answer", "got wrong answers"],
    [unansweredCount, "was never answered", "were never answered"],
  ];
  const counts = parts.filter(([count]) => count > 0);
  return [
    ...counts.map(([count, one, several]) => {
      const noun = total === 1 ? "request" : "requests";
      return `${plan.test}: ${count} of ${total} ${noun} ${count === 1 ? one : several}`;
    }),
    ...summary.failures.map((failure) => `${plan.test}: ${failure}`),
  ];
}
