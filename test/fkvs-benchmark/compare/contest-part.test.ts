import { describe, expect, spyOn, test } from "bun:test";
import {
  estimateSeconds,
  runParts,
  type ContestPart,
  type PartsPlan,
} from "../../../fkvs-benchmark/compare/contest-part.ts";
import { FKVS } from "../../../fkvs-benchmark/compare/contestant.ts";
import { listDurabilityParts } from "../../../fkvs-benchmark/compare/durability.ts";

const [ALWAYS, , SHARDS] = listDurabilityParts("ext4");

function makePlan(changes: Partial<PartsPlan> = {}): PartsPlan {
  const settings = { clients: 3, keyCount: 1000, keySize: 16, valueSize: 32 };
  return {
    settings: { ...settings, seconds: 0.1, warmupSeconds: 0, attemptCount: 1, clientCpu: null },
    roundCount: 1,
    serverPlace: { cpu: null, parentFolder: null },
    command: "bun run compare",
    write: null,
    ...changes,
  };
}

describe("a comparison in parts", () => {
  test("writes each part when it is measured", async () => {
    using said = spyOn(console, "error").mockReturnValue();
    using printed = spyOn(console, "log").mockReturnValue();
    const parts: readonly ContestPart[] = [
      { ...ALWAYS!, situations: [{ test: "set", pipeline: 4, clients: 2 }] },
      { ...SHARDS!, situations: [{ test: "set", pipeline: 4 }] },
    ];
    const written = new Map<string, string>();
    const order: string[] = [];
    said.mockImplementation((line: string) => void order.push(line.split(" ", 1)[0]!));
    const write = (section: string, text: string): void => {
      written.set(section, text);
      order.push(section);
    };
    await runParts(parts, makePlan({ write }));
    expect(order).toEqual([
      ...["always,", "always:", "SET", "durability-always"],
      ...["shards:", "SET", "durability-shards"],
    ]);
    expect(printed.mock.calls.flat()).toEqual([...written.values()]);
    const always = written.get("durability-always")!;
    expect(always.replaceAll("\n", " ")).toContain("files on ext4, the servers interleaved");
    expect(always).toMatch(/^\| SET P=4, 2 connections \| fkvs +\| /m);
    expect(always).toMatch(/^\| SET P=4, 2 connections \| fkvs RESP +\| /m);
    const ratio = /^\| SET P=4 \| 4 partitions +\|.*\| \d+\.\d\d × +\| \d+\.\d\d × +\|$/m;
    expect(written.get("durability-shards")!).toMatch(ratio);
  });

  test("leaves out who is not installed", async () => {
    using said = spyOn(console, "error").mockReturnValue();
    using printed = spyOn(console, "log").mockReturnValue();
    const missing = { ...FKVS, name: "missing", command: () => ["no-such-program-here"] };
    const part: ContestPart = { ...ALWAYS!, contestants: [missing], situations: [] };
    await runParts([part], makePlan());
    expect(printed).toHaveBeenCalledTimes(1);
    expect(said).toHaveBeenCalledTimes(2);
  });

  test("takes minutes, and not hours", () => {
    const settings = { ...makePlan().settings, keyCount: 100_000, seconds: 1, warmupSeconds: 0.3 };
    const plan = makePlan({ settings, roundCount: 3 });
    const parts = listDurabilityParts("ext4");
    const seconds = parts.map((part) => estimateSeconds(part, plan)).reduce((a, b) => a + b);
    expect(seconds).toBeGreaterThan(60);
    expect(seconds).toBeLessThan(360);
  });
});
