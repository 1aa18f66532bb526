// A server over one data directory for a long time: load, ends of every kind, and what is there
// after each of them; measured at intervals.
//
//   start ─▶ compare all keys ─▶ load, BGSAVE, samples … ─▶ SIGTERM or kill -9 ─▶ start …

import { readFileSync, statSync } from "node:fs";
import { formatSize } from "../../src/options/size.ts";
import { DataFolder } from "../../test/support/data-folder.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { ServerProcess } from "../../test/support/server-process.ts";
import type { SoakOptions } from "./options.ts";
import { SoakWriter } from "./soak-writer.ts";

/** A server's resident memory and files, after so many seconds of the run. */
export interface SoakSample {
  readonly seconds: number;
  readonly life: number;
  readonly residentBytes: number;
  readonly fileBytes: number;
  readonly keyCount: number;
  readonly operationCount: number;
}

export interface SoakResult {
  readonly samples: readonly SoakSample[];
  readonly termCount: number;
  readonly killCount: number;
  /** Empty = all is well. */
  readonly problems: readonly string[];
  /** Where the files were left to be looked at, "" = they are gone. */
  readonly path: string;
}

/** Every run has a kill and a clean stop, and what comes after them, however short it is. */
const LIVES_MIN = 3;
/** What a server touches for the first time is growth, too, but only in its first half. */
const LIFE_SAMPLES_MIN = 6;
/** Beside the interval's own lines. */
const SNAPSHOT_INTERVAL_SAMPLES = 2;
const KIB = 1024;
const MS_PER_SECOND = 1000;

export class Soak {
  readonly #options: SoakOptions;
  readonly #print: (line: string) => void;
  readonly #folder = new DataFolder();
  readonly #writers: readonly SoakWriter[];
  readonly #samples: SoakSample[] = [];
  readonly #beganMs = performance.now();
  #termCount = 0;
  #killCount = 0;
  /** What has gone wrong, a line each. */
  #problem = "";

  constructor(options: SoakOptions, print: (line: string) => void) {
    this.#options = options;
    this.#print = print;
    const { writers, keys, seed, durability } = options;
    this.#writers = Array.from({ length: writers }, (_, i) => {
      const isAlways = durability === "always";
      return new SoakWriter({ name: `w${i}`, keyCount: keys, seed: seed * writers + i, isAlways });
    });
  }

  async run(): Promise<SoakResult> {
    const { seconds } = this.#options;
    for (let life = 1; this.#problem === ""; life++) {
      const isLast = life >= LIVES_MIN && this.#seconds() >= seconds;
      await this.#live(life, isLast);
      if (isLast) break;
    }
    const { memoryGrowth, fileGrowth } = this.#options;
    const samples = this.#samples;
    const problems = [
      this.#problem,
      findGrowth("memory", samples, ({ residentBytes }) => residentBytes, memoryGrowth),
      ...findGrowthInLives(samples, memoryGrowth),
      findFileGrowth(samples, fileGrowth),
    ].filter((problem) => problem !== "");
    const isGood = problems.length === 0;
    const path = isGood ? "" : this.#folder.path;
    if (isGood) this.#folder[Symbol.dispose]();
    return { samples, termCount: this.#termCount, killCount: this.#killCount, problems, path };
  }

  /** One server, from its start to its end; the last one only has its keys compared. */
  async #live(life: number, isLast: boolean): Promise<void> {
    const { durability, serverArgs } = this.#options;
    const args = ["--port=0", `--dir=${this.#folder.path}`, `--durability=${durability}`];
    await using server = new ServerProcess([...args, ...serverArgs]);
    const port = await server.port();
    await Promise.all(this.#writers.map((writer) => writer.check(port)));
    const isClean = isLast || life % 2 === 0;
    const loads = isLast ? [] : this.#writers.map((writer) => writer.run(port));
    try {
      if (this.#findProblem() === "" && !isLast) await this.#load(server, life, port);
    } catch (error) {
      this.#note(`life ${life}: ${(error as Error).message}`);
    }
    server.signal(isClean ? "SIGTERM" : "SIGKILL");
    if (isClean) this.#termCount++;
    else this.#killCount++;
    const { exitCode, stderr } = await server.ended();
    await Promise.all(loads);
    for (const writer of this.#writers) writer.noteEnd(isClean);
    if (isClean && exitCode !== 0) this.#note(`the server ended with ${exitCode}: ${stderr}`);
    const errors = stderr.split("\n").filter((line) => line.includes(" error "));
    if (errors.length > 0) this.#note(`the server has logged: ${errors.join("\n")}`);
    this.#findProblem();
  }

  async #load(server: ServerProcess, life: number, port: number): Promise<void> {
    const { intervalSeconds, lifeSeconds } = this.#options;
    using client = await RespClient.connect(port);
    const endSeconds = this.#seconds() + lifeSeconds;
    const wanted = this.#operationCount() + this.#writers.length;
    for (let i = 1; ; i++) {
      const left = Math.min(intervalSeconds, endSeconds - this.#seconds());
      await Bun.sleep(Math.max(1, left * MS_PER_SECOND));
      if (this.#findProblem() !== "") return;
      const keyCount = Number((await client.ask("DBSIZE")).slice(1));
      this.#sample(server, life, keyCount);
      if (i % SNAPSHOT_INTERVAL_SAMPLES === 1) await client.ask("BGSAVE");
      if (this.#seconds() >= endSeconds && this.#operationCount() >= wanted) return;
    }
  }

  #sample({ pid }: ServerProcess, life: number, keyCount: number): void {
    const sample: SoakSample = {
      seconds: this.#seconds(),
      life,
      residentBytes: readResidentBytes(pid),
      fileBytes: this.#fileBytes(),
      keyCount,
      operationCount: this.#operationCount(),
    };
    this.#samples.push(sample);
    this.#print(renderSample(sample));
  }

  /** Files may go while they are looked at. */
  #fileBytes(): number {
    const sizeOf = (name: string) =>
      statSync(this.#folder.file(name), { throwIfNoEntry: false })?.size ?? 0;
    return this.#folder.names().reduce((sum, name) => sum + sizeOf(name), 0);
  }

  #findProblem(): string {
    for (const { problem } of this.#writers) {
      if (!this.#problem.includes(problem)) this.#note(problem);
    }
    return this.#problem;
  }

  #note(problem: string): void {
    this.#problem += this.#problem === "" ? problem : `\n${problem}`;
  }

  #operationCount(): number {
    return this.#writers.reduce((sum, { operationCount }) => sum + operationCount, 0);
  }

  #seconds(): number {
    return (performance.now() - this.#beganMs) / MS_PER_SECOND;
  }
}

/** Whether the second half of the samples has more than the first did, by more than is allowed. */
export function findGrowth(
  what: string,
  samples: readonly SoakSample[],
  bytesOf: (sample: SoakSample) => number,
  growthMax: number,
): string {
  const middle = samples.length >> 1;
  if (middle === 0) return "";
  const before = Math.max(...samples.slice(0, middle).map(bytesOf));
  const after = Math.max(...samples.slice(middle).map(bytesOf));
  if (after - before <= growthMax) return "";
  return `${what} grew from ${formatSize(before)} in the first half to ${formatSize(after)}`;
}

/** A directory has one generation in its first life, and two later: that is no growth. */
export function findFileGrowth(samples: readonly SoakSample[], growthMax: number): string {
  const later = samples.filter(({ life }) => life > 1);
  return findGrowth("files", later, ({ fileBytes }) => fileBytes, growthMax);
}

/**
 * The same for the memory of each server that was measured often enough: one that grows as fast in
 * every life shows nothing else.
 */
export function findGrowthInLives(samples: readonly SoakSample[], growthMax: number): string[] {
  return [...Map.groupBy(samples, ({ life }) => life)]
    .filter(([, ofLife]) => ofLife.length >= LIFE_SAMPLES_MIN)
    .map(([life, ofLife]) =>
      findGrowth(`memory of life ${life}`, ofLife, (sample) => sample.residentBytes, growthMax),
    );
}

export function renderSample(sample: SoakSample): string {
  const { seconds, life, residentBytes, fileBytes, keyCount, operationCount } = sample;
  return [
    `${seconds.toFixed(1)} s`.padStart(10),
    `life ${life}`.padEnd(9),
    `memory ${formatSize(residentBytes)}`.padEnd(18),
    `files ${formatSize(fileBytes)}`.padEnd(17),
    `keys ${keyCount.toLocaleString("en")}`.padEnd(14),
    `operations ${operationCount.toLocaleString("en")}`,
  ].join("  ");
}

/** Of Linux's /proc. */
function readResidentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (match === null) throw new Error(`/proc/${pid}/status does not say how much memory is used`);
  return Number(match[1]) * KIB;
}
