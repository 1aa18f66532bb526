#!/usr/bin/env bun
// bun run compare: our server beside redis-server and memcached, where they are installed. Writes
// the figures of docs/PERFORMANCE.md, README.md and ROADMAP.md. Exit codes: 0, 1 = a server or a
// run failed, 2 = a mistake on the command line.

import { CommanderError } from "commander";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { compareAll, compareMemory, runHeadline, type ContestPlan } from "./contest.ts";
import { CONTESTANTS, isInstalled, type Contestant } from "./contestant.ts";
import { renderEnvironment } from "./environment-text.ts";
import { readOptions, type CompareOptions } from "./options.ts";
import { listClosedSituations, listRateSituations } from "./situation.ts";
import {
  renderComparison,
  renderMemory,
  renderRates,
  renderSummary,
  replaceSection,
} from "./tables.ts";

const EXIT = { OK: 0, FAILED: 1, USAGE: 2 } as const;
/** In the short table, each beside redis. */
const OURS = ["fkvs", "fkvs RESP"];
const ROOT = new URL("../../", import.meta.url).pathname;

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const options = readOptions(argv);
  const plan = makePlan(options);
  const closed = listClosedSituations(options.pipelines);
  const comparisons = await compareAll(plan, [...closed, ...listRateSituations()]);
  const [atMost, atRates] = [comparisons.slice(0, closed.length), comparisons.slice(closed.length)];
  const headlineText = await measureHeadlineText(plan.contestants[0]!, plan);
  const environment = renderEnvironment({
    ...plan,
    command: ["bun run compare", ...argv].join(" "),
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

const RATES_TEXT =
  "At a fixed rate (open loop, latencies from the intended time): what a server needs of a core.";

function makePlan(options: CompareOptions): ContestPlan {
  for (const { name } of CONTESTANTS.filter((contestant) => !isInstalled(contestant))) {
    console.error(`${name} is not installed and is left out (Debian has it as a package)`);
  }
  const { serverCpu, clientCpu } = chooseCpus();
  return {
    contestants: CONTESTANTS.filter(isInstalled),
    settings: {
      clients: options.clients,
      keyCount: options.keys,
      keySize: 16,
      valueSize: 32,
      seconds: options.seconds,
      warmupSeconds: 0.3,
      clientCpu,
    },
    roundCount: options.rounds,
    serverCpu,
  };
}

/** Servers on the first CPU, the client on the second; on one CPU, wherever. */
function chooseCpus(): { serverCpu: number | null; clientCpu: number | null } {
  const canPin = cpus().length > 1 && Bun.which("taskset") !== null;
  return canPin ? { serverCpu: 0, clientCpu: 1 } : { serverCpu: null, clientCpu: null };
}

async function measureHeadlineText(ours: Contestant, plan: ContestPlan): Promise<string> {
  const perSecond = await runHeadline(ours, plan);
  return (
    `\`fkvs-benchmark -n 1000000 -c 25 -t set -r\`: ` +
    `**${Math.round(perSecond / 1000)} K requests/s** (median of ${plan.roundCount}).`
  );
}

function writeSection(path: string, name: string, text: string): void {
  const file = `${ROOT}${path}`;
  writeFileSync(file, replaceSection(readFileSync(file, "utf8"), name, text));
}

try {
  await main();
  process.exitCode = EXIT.OK;
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
  } else {
    process.stderr.write(`compare: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = EXIT.FAILED;
  }
}
