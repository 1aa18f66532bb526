// Where and how the figures of a comparison were measured: the paragraph that stands above them.

import { cpus, release, totalmem } from "node:os";
import type { ContestPlan } from "./contest.ts";
import { versionOf } from "./contestant.ts";

const GIB = 2 ** 30;
const LINE_WIDTH = 100;

export interface EnvironmentFacts extends ContestPlan {
  /** How to measure the same again. */
  readonly command: string;
}

export function renderEnvironment(facts: EnvironmentFacts): string {
  const { contestants, settings, roundCount, serverCpu, command } = facts;
  const versions = contestants
    .filter(({ sameServerAs }) => sameServerAs === undefined)
    .map((contestant) => `${contestant.name} ${versionOf(contestant)}`);
  const memory = Math.round(totalmem() / GIB);
  const places =
    serverCpu === null || settings.clientCpu === null
      ? "servers and client wherever the system puts them"
      : `each server on CPU ${serverCpu}, the client on CPU ${settings.clientCpu}`;
  const { clients, keyCount, keySize, valueSize, seconds } = settings;
  const date = new Date().toISOString().slice(0, 10);
  const processor = cpus()[0]!.model.trim();
  const sentences = [
    `${date}, ${cpus().length} cores of ${processor},`,
    `${memory} GiB, Linux ${release()}, Bun ${Bun.version}, ${versions.join(", ")}.`,
    `Measured by \`${command}\`: ${places},`,
    `loopback TCP, closed loop, ${clients} connections,`,
    `${keyCount.toLocaleString("en")} keys of ${keySize} B with values of ${valueSize} B,`,
    "preloaded,",
    `random keys, no persistence, the servers interleaved, median of ${roundCount} rounds of`,
    `${seconds} s; a ratio is the median of the rounds' own ratios.`,
    "fkvs is asked in its own protocol, which answers a SET with the value; fkvs RESP is the same",
    "server, asked as redis is; memcached is asked for its version instead of a PING.",
  ];
  return wrap(sentences.join(" "));
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
