// The text of INFO: chooses sections and joins them.
//
//   # Section CRLF  field:value CRLF …      sections stand apart by an empty line
//
// `default`, or no name at all, is what Redis shows then; `all` and `everything` are also the
// commands' statistics and the server's own sections, which INFO FKVS shows alone.

import type { CommandStats } from "./command-stats.ts";
import type { InfoFigures } from "./info-figures.ts";
import { persistenceLines } from "./info-persistence.ts";
import { threadLines } from "./info-threads.ts";
import {
  clientLines,
  cpuLines,
  keyspaceLines,
  memoryLines,
  replicationLines,
  serverLines,
  statLines,
  type InfoLines,
} from "./info-sections.ts";

export interface InfoSource {
  /** Each is asked once an INFO. */
  stats(): CommandStats;
  figures(): InfoFigures;
  /** Sections of the server's own, with headings, in lines that end with LF. */
  ownSections(): string;
}

interface Section {
  /** Names in lower case that choose it. */
  readonly names: readonly string[];
  readonly title: string;
  readonly isDefault: boolean;
  /** Null = the server does not have the section. */
  lines(figures: InfoFigures, stats: CommandStats): InfoLines | null;
}

const OWN_NAME = "fkvs";
const EVERYTHING = ["all", "everything"];
const PERCENTILES = [50, 99, 99.9];

const SECTIONS: readonly Section[] = [
  section("Server", ({ server }) => serverLines(server)),
  section("Clients", ({ clients }) => clientLines(clients)),
  section("Memory", ({ memory }) => memoryLines(memory)),
  section("Persistence", persistenceLines),
  section("Stats", (figures, stats) => statLines(figures, stats.totalErrors)),
  section("Replication", ({ server }) => replicationLines(server)),
  section("CPU", ({ cpu }) => cpuLines(cpu)),
  section("Threads", ({ threads }) => (threads === null ? null : threadLines(threads))),
  { ...section("Modules", () => []), names: ["modules", "module_list"] },
  { ...section("Commandstats", (_, stats) => commandLines(stats)), isDefault: false },
  section("Errorstats", (_, stats) => errorLines(stats)),
  { ...section("Latencystats", (_, stats) => latencyLines(stats)), isDefault: false },
  section("Cluster", () => [["cluster_enabled", 0]]),
  section("Keyspace", ({ databases }) => keyspaceLines(databases)),
];

/** `names` are in lower case; unknown ones yield nothing. */
export function renderInfo(source: InfoSource, names: readonly string[]): string {
  const isAll = names.some((name) => EVERYTHING.includes(name));
  const isDefault = names.length === 0 || names.includes("default");
  const chosen = SECTIONS.filter(
    (candidate) =>
      isAll ||
      (isDefault && candidate.isDefault) ||
      candidate.names.some((name) => names.includes(name)),
  );
  const texts = chosen.length === 0 ? [] : renderSections(source, chosen);
  if (isAll || names.includes(OWN_NAME)) texts.push(renderOwn(source.ownSections()));
  return texts.join("\r\n");
}

function renderSections(source: InfoSource, sections: readonly Section[]): string[] {
  const figures = source.figures();
  const stats = source.stats();
  const texts: string[] = [];
  for (const { title, lines } of sections) {
    const found = lines(figures, stats);
    if (found !== null) texts.push(renderSection(title, found));
  }
  return texts;
}

function section(title: string, lines: Section["lines"]): Section {
  return { names: [title.toLowerCase()], title, isDefault: true, lines };
}

function renderSection(title: string, lines: InfoLines): string {
  return `# ${title}\r\n${lines.map(([field, value]) => `${field}:${value}\r\n`).join("")}`;
}

function renderOwn(text: string): string {
  return `${text.trimEnd().replaceAll("\n", "\r\n")}\r\n`;
}

function commandLines(stats: CommandStats): InfoLines {
  const lines: [string, string][] = [];
  for (const [row, name] of stats.names.entries()) {
    const calls = stats.calls(row);
    const rejected = stats.rejectedCalls(row);
    const failed = stats.failedCalls(row);
    if (calls + rejected + failed === 0) continue;
    const microseconds = Math.round(stats.microseconds(row));
    const mean = (calls === 0 ? 0 : stats.microseconds(row) / calls).toFixed(2);
    lines.push([
      `cmdstat_${name}`,
      `calls=${calls},usec=${microseconds},usec_per_call=${mean}` +
        `,rejected_calls=${rejected},failed_calls=${failed}`,
    ]);
  }
  return lines;
}

function errorLines(stats: CommandStats): InfoLines {
  return stats.errorCounts().map(([code, count]) => {
    return [`errorstat_${code.replace(/[#:\r\n]/g, "_")}`, `count=${count}`];
  });
}

/** None while latency-tracking is off. */
function latencyLines(stats: CommandStats): InfoLines {
  if (!stats.isLatencyTracked) return [];
  const lines: [string, string][] = [];
  for (const [row, name] of stats.names.entries()) {
    const histogram = stats.histogram(row);
    if (histogram === null) continue;
    const values = PERCENTILES.map((percentile) => {
      return `p${percentile}=${(histogram.percentileNs(percentile) / 1000).toFixed(3)}`;
    });
    lines.push([`latency_percentiles_usec_${name}`, values.join(",")]);
  }
  return lines;
}
