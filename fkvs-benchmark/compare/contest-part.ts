// A comparison in parts. Each has servers, questions and a table of its own, which is in its
// document as soon as the part is measured: what is interrupted goes on with --only.

import { compareAll, type ContestPlan } from "./contest.ts";
import { isInstalled, type Contestant } from "./contestant.ts";
import { writeSection } from "./documents.ts";
import { stolenShares } from "./figures.ts";
import { renderEnvironment } from "./environment-text.ts";
import type { Situation } from "./situation.ts";
import { renderComparison, type Yardstick } from "./tables.ts";

export interface ContestPart {
  /** As --only names it. */
  readonly name: string;
  /** Of docs/PERFORMANCE.md. */
  readonly section: string;
  readonly contestants: readonly Contestant[];
  readonly situations: readonly Situation[];
  /** The contestants that the others are measured by. */
  readonly yardsticks: readonly Yardstick[];
  /** For the text above the table, see EnvironmentFacts. */
  readonly conditions: readonly string[];
  readonly remarks: readonly string[];
}

export interface PartsPlan extends Omit<ContestPlan, "contestants"> {
  readonly command: string;
  /** Takes the finished table of a part; null = it is only printed. */
  readonly write: ((section: string, text: string) => void) | null;
}

const DOCUMENT = "docs/PERFORMANCE.md";
/** What a run takes besides warm-up and measurement: a process, its connections, its end. */
const RUN_OVERHEAD_SECONDS = 0.5;
const SERVER_START_SECONDS = 1;
const FILLED_KEYS_PER_SECOND = 200_000;

/** Says how long it takes, and measures and writes one part after the other. */
export async function runParts(parts: readonly ContestPart[], plan: PartsPlan): Promise<void> {
  const installed = parts.map((part) => ({
    ...part,
    contestants: part.contestants.filter(isInstalled),
  }));
  const seconds = installed.reduce((sum, part) => sum + estimateSeconds(part, plan), 0);
  const names = parts.map(({ name }) => name).join(", ");
  console.error(`${names}: about ${Math.ceil(seconds / 60)} min in all`);
  for (const part of installed) {
    console.error(`${part.name}: about ${Math.ceil(estimateSeconds(part, plan))} s`);
    const text = await measurePart(part, plan);
    console.log(text);
    plan.write?.(part.section, text);
  }
}

export function estimateSeconds(part: ContestPart, plan: PartsPlan): number {
  const { seconds, warmupSeconds, keyCount } = plan.settings;
  const { contestants, situations } = part;
  const runCount = contestants.length * situations.length * plan.roundCount;
  const serverCount = contestants.filter(({ sameServerAs }) => sameServerAs === undefined).length;
  const fillSeconds = SERVER_START_SECONDS + keyCount / FILLED_KEYS_PER_SECOND;
  return runCount * (seconds + warmupSeconds + RUN_OVERHEAD_SECONDS) + serverCount * fillSeconds;
}

/** For PartsPlan's `write`. */
export function writePart(section: string, text: string): void {
  writeSection(DOCUMENT, section, text);
}

async function measurePart(part: ContestPart, plan: PartsPlan): Promise<string> {
  const { contestants, situations, yardsticks, conditions, remarks } = part;
  const contest: ContestPlan = { ...plan, contestants };
  const comparisons = await compareAll(contest, situations);
  const clientCounts = situations.map(({ clients }) => clients ?? plan.settings.clients);
  const environment = renderEnvironment({
    ...contest,
    command: plan.command,
    clientCounts: [...new Set(clientCounts)],
    conditions,
    remarks,
    stolenShares: stolenShares(comparisons),
  });
  return `${environment}\n\n${renderComparison(comparisons, yardsticks)}`;
}
