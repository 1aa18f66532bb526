#!/usr/bin/env bun
// bun run compare: our server beside redis-server and memcached, where they are installed. Starts
// them, fills them, asks all of them the same, one after the other in each round, and writes the
// figures of docs/PERFORMANCE.md, README.md and ROADMAP.md.

import { Command, InvalidArgumentError } from "commander";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { CONTESTANTS, isInstalled, type Contestant } from "./contestant.ts";
import { renderEnvironment } from "./environment-text.ts";
import { median, type Comparison, type Figures } from "./figures.ts";
import { measure, measureHeadline, preload, type LoadSettings } from "./measure.ts";
import { RunningServer } from "./running-server.ts";
import {
  renderComparison,
  renderMemory,
  renderSummary,
  replaceSection,
  type MemoryFigure,
} from "./tables.ts";

const OURS = "fkvs";
const TESTS = ["set", "get", "ping"];
const ROOT = new URL("../../", import.meta.url).pathname;

interface Flags {
  readonly rounds: number;
  readonly seconds: number;
  readonly keys: number;
  readonly memoryKeys: number;
  readonly pipelines: readonly number[];
  readonly clients: number;
  readonly write: boolean;
}

function readFlags(argv: readonly string[]): Flags {
  return new Command("compare")
    .description("Measures fkvs beside redis-server and memcached, where they are installed.")
    .option("--rounds <count>", "rounds, whose median counts", readInteger(1), 5)
    .option("--seconds <seconds>", "length of one run", readInteger(1), 1)
    .option("--keys <count>", "keys that each server is filled with", readInteger(1000), 1_000_000)
    .option("--memory-keys <count>", "keys to measure memory with; 0 = not", readInteger(0), 1e7)
    .option("--pipelines <list>", "pipeline depths", readList, [1, 16, 128])
    .option("--clients <count>", "connections", readInteger(1), 50)
    .option("--no-write", "print the tables, and leave the documents as they are")
    .parse([...argv], { from: "user" })
    .opts<Flags>();
}

function readInteger(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`It is an integer from ${min} on.`);
  };
}

function readList(text: string): number[] {
  return text.split(",").map(readInteger(1));
}

/** Servers on the first CPU, the client on the second; on one CPU, wherever. */
function chooseCpus(): { serverCpu: number | null; clientCpu: number | null } {
  const canPin = cpus().length > 1 && Bun.which("taskset") !== null;
  return canPin ? { serverCpu: 0, clientCpu: 1 } : { serverCpu: null, clientCpu: null };
}

async function compareAll(
  contestants: readonly Contestant[],
  settings: LoadSettings,
  flags: Flags,
  serverCpu: number | null,
): Promise<Comparison[]> {
  await using stack = new AsyncDisposableStack();
  const servers: RunningServer[] = [];
  for (const contestant of contestants) {
    servers.push(stack.use(await RunningServer.start(contestant, serverCpu)));
    await preload(servers.at(-1)!, settings);
  }
  const comparisons: Comparison[] = [];
  for (const test of TESTS) {
    for (const pipeline of flags.pipelines) {
      const rounds = new Map<string, Figures[]>(contestants.map(({ name }) => [name, []]));
      for (let round = 0; round < flags.rounds; round++) {
        for (const server of servers) {
          const figures = await measure(server, settings, { test, pipeline });
          rounds.get(server.contestant.name)!.push(figures);
        }
      }
      console.error(`${test} P=${pipeline} is measured`);
      comparisons.push({ situation: { test, pipeline }, rounds });
    }
  }
  return comparisons;
}

/** Fills a fresh server of each kind, one after the other. */
async function compareMemory(
  contestants: readonly Contestant[],
  settings: LoadSettings,
  serverCpu: number | null,
): Promise<MemoryFigure[]> {
  const figures: MemoryFigure[] = [];
  for (const contestant of contestants) {
    await using server = await RunningServer.start(contestant, serverCpu);
    const emptyBytes = await server.residentBytes();
    await preload(server, settings);
    const grownBytes = (await server.residentBytes()) - emptyBytes;
    const payloadBytes = settings.keySize + settings.valueSize;
    figures.push({
      name: contestant.name,
      bytesPerKey: grownBytes / settings.keyCount - payloadBytes,
    });
    console.error(`memory of ${contestant.name} is measured`);
  }
  return figures;
}

async function runHeadline(
  ours: Contestant,
  settings: LoadSettings,
  flags: Flags,
  serverCpu: number | null,
): Promise<number> {
  await using server = await RunningServer.start(ours, serverCpu);
  const rounds: number[] = [];
  for (let round = 0; round < flags.rounds; round++) {
    rounds.push((await measureHeadline(server, settings)).throughput);
  }
  return median(rounds);
}

async function main(): Promise<void> {
  const flags = readFlags(process.argv.slice(2));
  const contestants = CONTESTANTS.filter(isInstalled);
  for (const { name } of CONTESTANTS.filter((contestant) => !isInstalled(contestant))) {
    console.error(`${name} is not installed and is left out (Debian has it as a package)`);
  }
  const { serverCpu, clientCpu } = chooseCpus();
  const settings: LoadSettings = {
    clients: flags.clients,
    keyCount: flags.keys,
    keySize: 16,
    valueSize: 32,
    seconds: flags.seconds,
    warmupSeconds: 0.3,
    clientCpu,
  };
  const command = ["bun run compare", ...process.argv.slice(2)].join(" ");
  const roundCount = flags.rounds;
  const facts = { contestants, settings, roundCount, serverCpu, command };
  const comparisons = await compareAll(contestants, settings, flags, serverCpu);
  const ours = contestants.find(({ name }) => name === OURS)!;
  const headline = await runHeadline(ours, settings, flags, serverCpu);
  const memorySettings = { ...settings, keyCount: flags.memoryKeys };
  const memory =
    flags.memoryKeys === 0 ? [] : await compareMemory(contestants, memorySettings, serverCpu);

  const headlineText =
    `\`fkvs-benchmark -n 1000000 -c 25 -t set -r\`: ` +
    `**${Math.round(headline / 1000)} K requests/s** (median of ${flags.rounds}).`;
  const parts = [renderEnvironment(facts), renderComparison(comparisons), headlineText];
  if (memory.length > 0) {
    const keys = flags.memoryKeys.toLocaleString("en");
    parts.push(`${keys} keys, resident memory grown, divided:`, renderMemory(memory));
  }
  const full = parts.join("\n\n");
  const summary = [renderSummary(comparisons, OURS), headlineText, renderEnvironment(facts)];
  console.log(full);
  if (!flags.write) return;
  writeSection("docs/PERFORMANCE.md", "compare", full);
  writeSection("README.md", "compare", summary.join("\n\n"));
  writeSection("ROADMAP.md", "headline", headlineText);
}

function writeSection(path: string, name: string, text: string): void {
  const file = `${ROOT}${path}`;
  writeFileSync(file, replaceSection(readFileSync(file, "utf8"), name, text));
}

await main();
