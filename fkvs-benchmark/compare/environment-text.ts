// Where and how the figures of a comparison were measured: the paragraph that stands above them.

import { cpus, release, totalmem } from "node:os";
import type { ContestPlan } from "./contest.ts";
import { versionOf } from "./contestant.ts";
import { median } from "./figures.ts";
import { STOLEN_SHARE_MAX } from "./measure.ts";

const GIB = 2 ** 30;
const LINE_WIDTH = 100;

export interface EnvironmentFacts extends ContestPlan {
  /** How to measure the same again. */
  readonly command: string;
  /** Of all situations. */
  readonly clientCounts: readonly number[];
  /** `random keys`, `no persistence`. */
  readonly conditions: readonly string[];
  /** Sentences at the end. */
  readonly remarks: readonly string[];
  /** Of all runs that count, what the machine's host took. */
  readonly stolenShares: readonly number[];
}

export function renderEnvironment(facts: EnvironmentFacts): string {
  const { contestants, settings, roundCount, command } = facts;
  const versions = contestants
    .filter(({ program }, i) => contestants.findIndex((one) => one.program === program) === i)
    .map((contestant) => `${contestant.program} ${versionOf(contestant)}`);
  const memory = Math.round(totalmem() / GIB);
  const { keyCount, keySize, valueSize, seconds } = settings;
  const date = new Date().toISOString().slice(0, 10);
  const processor = cpus()[0]!.model.trim();
  const sentences = [
    `${date}, ${cpus().length} cores of ${processor},`,
    `${memory} GiB, Linux ${release()}, Bun ${Bun.version}, ${versions.join(", ")}.`,
    `Measured by \`${command}\`: ${describePlaces(facts)},`,
    `loopback TCP, closed loop, ${facts.clientCounts.join(" and ")} connections,`,
    `${keyCount.toLocaleString("en")} keys of ${keySize} B with values of ${valueSize} B,`,
    `preloaded, ${facts.conditions.join(", ")}, the servers interleaved,`,
    `median of ${roundCount} rounds of ${seconds} s;`,
    "a ratio is the median of the rounds' own ratios.",
    ...describeStolen(facts),
    ...facts.remarks,
  ];
  return wrap(sentences.join(" "));
}

function describePlaces({ serverPlace, settings }: ContestPlan): string {
  const [serverCpu, clientCpu] = [serverPlace.cpu, settings.clientCpu];
  if (clientCpu === null) return "servers and client wherever the system puts them";
  const servers =
    serverCpu === null
      ? `each server on all ${cpus().length} CPUs`
      : `each server on CPU ${serverCpu}`;
  return `${servers}, the client on CPU ${clientCpu}`;
}

/** Nothing where it rounds to nothing. */
function describeStolen({ stolenShares, settings }: EnvironmentFacts): string[] {
  const most = Math.max(0, ...stolenShares);
  if (most < 0.005) return [];
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  return [
    `Runs that lost more than ${percent(STOLEN_SHARE_MAX)} of the machine to its host were made`,
    `up to ${settings.attemptCount} times; those that count lost`,
    `${percent(median(stolenShares))} (median) and ${percent(most)} at most.`,
  ];
}

/** The text in lines of at most LINE_WIDTH characters. */
export function wrap(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join("\n");
}
