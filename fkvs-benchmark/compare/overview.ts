// The comparison that the README shows: every server, every test and depth, rates, memory, and the
// headline run.

import type { ContestPlan } from "./contest.ts";
import { compareAll, compareMemory, runHeadline } from "./contest.ts";
import { CONTESTANTS, isInstalled, type Contestant } from "./contestant.ts";
import { writeSection } from "./documents.ts";
import { renderEnvironment } from "./environment-text.ts";
import { stolenShares } from "./figures.ts";
import type { CompareOptions } from "./options.ts";
import { listClosedSituations, listRateSituations } from "./situation.ts";
import { renderComparison, renderMemory, renderRates, renderSummary } from "./tables.ts";

/** In the short table, each beside redis. */
const OURS = ["fkvs", "fkvs RESP"];
const RATES_TEXT =
  "At a fixed rate (open loop, latencies from the intended time): what a server needs of a core.";
const REMARKS = [
  "fkvs is asked in its own protocol, which answers a SET with the value; fkvs RESP is the same",
  "server, asked as redis is; memcached is asked for its version instead of a PING.",
];

export async function runOverview(
  options: CompareOptions,
  common: Omit<ContestPlan, "contestants">,
  command: string,
): Promise<void> {
  for (const { name } of CONTESTANTS.filter((contestant) => !isInstalled(contestant))) {
    console.error(`${name} is not installed and is left out (Debian has it as a package)`);
  }
  const plan = { ...common, contestants: CONTESTANTS.filter(isInstalled) };
  const closed = listClosedSituations(options.pipelines);
  const comparisons = await compareAll(plan, [...closed, ...listRateSituations()]);
  const [atMost, atRates] = [comparisons.slice(0, closed.length), comparisons.slice(closed.length)];
  const headlineText = await measureHeadlineText(plan.contestants[0]!, plan);
  const environment = renderEnvironment({
    ...plan,
    command,
    clientCounts: [options.clients],
    conditions: ["random keys", "no persistence"],
    remarks: REMARKS,
    stolenShares: stolenShares(comparisons),
  });
  const parts = [environment, renderComparison(atMost), RATES_TEXT, renderRates(atRates)];
  parts.push(headlineText);
  if (options.memoryKeys > 0) {
    const settings = { ...plan.settings, keyCount: options.memoryKeys };
    const memory = await compareMemory({ ...plan, settings });
    const keys = options.memoryKeys.toLocaleString("en");
    parts.push(`${keys} keys, resident memory grown, divided:`, renderMemory(memory));
  }
  const full = parts.join("\n\n");
  console.log(full);
  if (!options.write) return;
  const summary = [renderSummary(atMost, OURS), headlineText, environment].join("\n\n");
  writeSection("docs/PERFORMANCE.md", "compare", full);
  writeSection("README.md", "compare", summary);
  writeSection("ROADMAP.md", "headline", headlineText);
}

async function measureHeadlineText(ours: Contestant, plan: ContestPlan): Promise<string> {
  const perSecond = await runHeadline(ours, plan);
  return (
    `\`fkvs-benchmark -n 1000000 -c 25 -t set -r\`: ` +
    `**${Math.round(perSecond / 1000)} K requests/s** (median of ${plan.roundCount}).`
  );
}
