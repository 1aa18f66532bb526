import { describe, expect, test } from "bun:test";
import type { Comparison, Figures } from "../../../fkvs-benchmark/compare/figures.ts";
import {
  renderComparison,
  renderMemory,
  renderRates,
  renderSummary,
  replaceSection,
} from "../../../fkvs-benchmark/compare/tables.ts";

function figures(changes: Partial<Figures>): Figures {
  const none = { throughput: 1, serverCpuNs: 1, serverShare: 0.5, clientCpuNs: 9 };
  return { ...none, p50Us: 1, p99Us: 1, stolenShare: 0, ...changes };
}

const COMPARISONS: readonly Comparison[] = [
  {
    situation: { test: "get", pipeline: 16 },
    rounds: new Map([
      ["fkvs", [figures({ throughput: 2_000_400, serverCpuNs: 250.4, p50Us: 99.6, p99Us: 1250 })]],
      ["redis", [figures({ throughput: 500_000, serverCpuNs: 1252, p50Us: 900, p99Us: 12_000 })]],
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

  test("have ratios to each of several yardsticks, and none to itself", () => {
    const lines = renderComparison(COMPARISONS, ["redis", "fkvs"]).split("\n");
    const cells = lines.map((line) => line.split("|").slice(7, -1));
    expect(cells[0]!.map((cell) => cell.trim())).toEqual([
      ...["throughput to redis", "CPU to redis", "throughput to fkvs", "CPU to fkvs"],
    ]);
    expect(cells[2]!.map((cell) => cell.trim())).toEqual(["4.00 ×", "5.00 ×", "", ""]);
    expect(cells[3]!.map((cell) => cell.trim())).toEqual(["", "", "0.25 ×", "0.20 ×"]);
  });

  test("have ratios to a yardstick of their own, where they have one", () => {
    const own = { label: "the other", of: { fkvs: "redis" } };
    const lines = renderComparison(COMPARISONS, ["redis", own]).split("\n");
    const cells = lines.map((line) => line.split("|").slice(9, -1));
    expect(cells[0]!.map((cell) => cell.trim())).toEqual([
      ...["throughput to the other", "CPU to the other"],
    ]);
    expect(cells[2]!.map((cell) => cell.trim())).toEqual(["4.00 ×", "5.00 ×"]);
    expect(cells[3]!.map((cell) => cell.trim())).toEqual(["", ""]);
  });

  test("do without the yardstick where it is not installed", () => {
    const alone = [
      {
        ...COMPARISONS[0]!,
        rounds: new Map([["fkvs", COMPARISONS[0]!.rounds.get("fkvs")!]]),
      },
    ];
    expect(renderComparison(alone)).not.toContain("×");
    expect(renderSummary(alone, ["fkvs"])).toContain("2000 K");
  });

  test("have a short form with our figures alone", () => {
    const lines = renderSummary(COMPARISONS, ["fkvs", "fkvs RESP"]).split("\n");
    expect(lines).toHaveLength(3);
    const cells = lines[2]!.split("|").map((cell) => cell.trim());
    // Whoever was not asked has no figures.
    expect(cells).toEqual(["", "GET P=16", "2000 K", "4.00 ×", "5.00 ×", "", "", "", ""]);
    expect(renderMemory([{ name: "fkvs", bytesPerKey: 24.4 }])).toContain("| fkvs   | 24 B ");
  });

  test("tell of a rate whether it was kept, and what it took", () => {
    const situation = { test: "mget", pipeline: 1, keysPerRequest: 500, ratePerSecond: 12_000 };
    const rounds = new Map([
      ["fkvs", [figures({ throughput: 12_001, serverShare: 0.255, serverCpuNs: 21_000 })]],
      ["redis", [figures({ throughput: 8123.4, serverShare: 0, serverCpuNs: 42_000 })]],
    ]);
    const lines = renderRates([{ situation, rounds }]).split("\n");
    const cells = lines.slice(2).map((line) => line.split("|").map((cell) => cell.trim()));
    const name = "MGET of 500, 12,000/s = 6,000,000 keys/s";
    const ours = ["fkvs", "kept", "25.5 %", "21000 ns", "1 µs", "1 µs", "2.00 ×"];
    expect(cells[0]).toEqual(["", name, ...ours, ""]);
    const theirs = ["redis", "8,123/s", "?", "42000 ns", "1 µs", "1 µs", ""];
    expect(cells[1]).toEqual(["", name, ...theirs, ""]);
  });

  test("have a digit more where there are few requests", () => {
    const rounds = new Map([["redis", [figures({ throughput: 9876 })]]]);
    const situation = { test: "mget", pipeline: 1, keysPerRequest: 500 };
    expect(renderComparison([{ situation, rounds }])).toContain(
      "| MGET of 500 P=1 | redis  | 9.9 K",
    );
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
