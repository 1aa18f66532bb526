// The comparison as Markdown, and its place in documents: between two comments that name it.
//
//   <!-- compare:begin -->   … replaced …   <!-- compare:end -->

import {
  cpuRatio,
  medianFigures,
  ratio,
  throughputRatio,
  type Comparison,
  type Figures,
} from "./figures.ts";
import { ACHIEVED_SHARE_MIN } from "../summary.ts";
import { describeSituation } from "./situation.ts";

/** The server that the others are measured by, where nothing else is said. */
const YARDSTICK = "redis";

/** A contestant that all others are measured by, or one for each of some of them, by name. */
export type Yardstick =
  string | { readonly label: string; readonly of: Readonly<Record<string, string>> };

export interface MemoryFigure {
  readonly name: string;
  /** Resident memory grown per key, less key and value. */
  readonly bytesPerKey: number;
}

/** Every situation, every server: throughput, CPU time, latency, and the ratios to yardsticks. */
export function renderComparison(
  comparisons: readonly Comparison[],
  yardsticks: readonly Yardstick[] = [YARDSTICK],
): string {
  const ratioHeads = yardsticks.flatMap((yardstick) => {
    const label = typeof yardstick === "string" ? yardstick : yardstick.label;
    const ending = yardsticks.length === 1 ? "" : ` to ${label}`;
    return [`throughput${ending}`, `CPU${ending}`];
  });
  const head = ["", "server", "requests/s", "CPU per request", "p50", "p99", ...ratioHeads];
  const rows = comparisons.flatMap(({ situation, rounds }) =>
    [...rounds].map(([name, figures]) => [
      describeSituation(situation),
      name,
      ...renderFigures(medianFigures(figures)),
      ...yardsticks.flatMap((yardstick) => {
        const other = typeof yardstick === "string" ? yardstick : yardstick.of[name];
        return renderRatios(
          figures,
          other === undefined || other === name ? undefined : rounds.get(other),
        );
      }),
    ]),
  );
  return renderTable(head, rows);
}

/** Open loops: whether the rate was kept, and what of a core the server took for it. */
export function renderRates(comparisons: readonly Comparison[]): string {
  const head = ["", "server", "rate", "of a core", "CPU per request", "p50", "p99", "CPU"];
  const rows = comparisons.flatMap(({ situation, rounds }) => {
    const yardstick = rounds.get(YARDSTICK);
    return [...rounds].map(([name, figures]) => {
      const middle = medianFigures(figures);
      const [, cpu, p50, p99] = renderFigures(middle);
      const [, cpuTimes] = renderRatios(figures, name === YARDSTICK ? undefined : yardstick);
      const isKept = middle.throughput >= ACHIEVED_SHARE_MIN * situation.ratePerSecond!;
      const reached = `${Math.round(middle.throughput).toLocaleString("en")}/s`;
      const share = middle.serverShare === 0 ? "?" : `${(middle.serverShare * 100).toFixed(1)} %`;
      return [
        describeSituation(situation),
        name,
        isKept ? "kept" : reached,
        share,
        cpu!,
        p50!,
        p99!,
        cpuTimes,
      ];
    });
  });
  return renderTable(head, rows);
}

/** The few figures for a README: each of ours against redis. */
export function renderSummary(comparisons: readonly Comparison[], ours: readonly string[]): string {
  const head = ours.flatMap((name) => [`${name} requests/s`, "throughput", "CPU"]);
  const rows = comparisons.map(({ situation, rounds }) => {
    const cells = ours.flatMap((name) => {
      const figures = rounds.get(name);
      if (figures === undefined) return ["", "", ""];
      const [throughput] = renderFigures(medianFigures(figures));
      return [throughput!, ...renderRatios(figures, rounds.get(YARDSTICK))];
    });
    return [describeSituation(situation), ...cells];
  });
  return renderTable(["", ...head], rows);
}

export function renderMemory(memory: readonly MemoryFigure[]): string {
  const rows = memory.map(({ name, bytesPerKey }) => [name, `${Math.round(bytesPerKey)} B`]);
  return renderTable(["server", "memory per key beyond key and value"], rows);
}

function renderFigures(figures: Figures): string[] {
  return [
    renderThousands(figures.throughput),
    figures.serverCpuNs === 0 ? "?" : `${Math.round(figures.serverCpuNs)} ns`,
    renderMicroseconds(figures.p50Us),
    renderMicroseconds(figures.p99Us),
  ];
}

/** With a digit behind the point where there are few of them. */
function renderThousands(count: number): string {
  return `${(count / 1000).toFixed(count < 10_000 ? 1 : 0)} K`;
}

function renderMicroseconds(us: number): string {
  return us < 1000 ? `${Math.round(us)} µs` : `${(us / 1000).toFixed(1)} ms`;
}

function renderRatios(
  ours: readonly Figures[],
  yardstick: readonly Figures[] | undefined,
): [string, string] {
  if (yardstick === undefined) return ["", ""];
  const times = (value: number): string => (Number.isNaN(value) ? "?" : `${value.toFixed(2)} ×`);
  return [times(ratio(ours, yardstick, throughputRatio)), times(ratio(ours, yardstick, cpuRatio))];
}

/** A Markdown table with its columns aligned, as the formatter wants it. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** The document with the section of that name replaced. Throws when it has none. */
export function replaceSection(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the document has no section ${name}`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}
