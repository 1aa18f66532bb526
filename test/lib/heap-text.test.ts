import { expect, test } from "bun:test";
import { describeHeap } from "../../src/lib/heap-text.ts";

class Marked {
  readonly mark = 1;
}

test("describeHeap counts bytes and objects by type", () => {
  const held = Array.from({ length: 10_000 }, () => new Marked());
  const lines = describeHeap().trimEnd().split("\n");
  const figures = new Map(lines.map((line) => line.split(":") as [string, string]));
  expect(Number(figures.get("heap_bytes"))).toBeGreaterThan(0);
  expect(Number(figures.get("objects"))).toBeGreaterThan(held.length);
  expect(lines.filter((line) => line.startsWith("objects_")).length).toBeGreaterThan(3);
});
