import { describe, expect, test } from "bun:test";
import type { Comparison } from "../../../fkvs-benchmark/compare/figures.ts";
import {
  renderComparison,
  renderMemory,
  renderSummary,
  replaceSection,
} from "../../../fkvs-benchmark/compare/tables.ts";

const COMPARISONS: readonly Comparison[] = [
  {
    situation: { test: "get", pipeline: 16 },
    rounds: new Map([
      [
        "fkvs",
        [{ throughput: 2_000_400, serverCpuNs: 250.4, clientCpuNs: 9, p50Us: 99.6, p99Us: 1250 }],
      ],
      [
        "redis",
        [{ throughput: 500_000, serverCpuNs: 1252, clientCpuNs: 9, p50Us: 900, p99Us: 12_000 }],
      ],
    ]),
  },
];

describe("the tables", () => {
  test("have a line for every server in every situation", () => {
    const lines = renderComparison(COMPARISONS).split("\n");
    expect(lines).toHaveLength(4);
    const cells = lines.slice(2).map((line) => line.split("|").map((cell) => cell.trim()));
    const ours = ["GET P=16", "fkvs", "2000 K", "250 ns", "100 µs", "1.3 ms", "4.00 ×", "5.00 ×"];
    expect(cells[0]).toEqual(["", ...ours, ""]);
    const theirs = ["GET P=16", "redis", "500 K", "1252 ns", "900 µs", "12.0 ms", "", ""];
    expect(cells[1]).toEqual(["", ...theirs, ""]);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  });

  test("do without the yardstick where it is not installed", () => {
    const alone = [
      {
        ...COMPARISONS[0]!,
        rounds: new Map([["fkvs", COMPARISONS[0]!.rounds.get("fkvs")!]]),
      },
    ];
    expect(renderComparison(alone)).not.toContain("×");
    expect(renderSummary(alone, "fkvs")).toContain("2000 K");
  });

  test("have a short form with our figures alone", () => {
    const lines = renderSummary(COMPARISONS, "fkvs").split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[2]).toContain("4.00 ×");
    expect(renderMemory([{ name: "fkvs", bytesPerKey: 24.4 }])).toContain("| fkvs   | 24 B ");
  });
});

describe("a section of a document", () => {
  const document = "before\n<!-- a:begin -->\nold\n<!-- a:end -->\nafter\n";

  test("is replaced, and nothing else, as often as one likes", () => {
    const wanted = "before\n<!-- a:begin -->\n\nnew\n\n<!-- a:end -->\nafter\n";
    expect(replaceSection(document, "a", "new")).toBe(wanted);
    expect(replaceSection(wanted, "a", "new")).toBe(wanted);
  });

  test("has to be there", () => {
    expect(() => replaceSection(document, "b", "new")).toThrow("no section b");
  });
});
