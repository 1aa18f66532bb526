import { describe, expect, test } from "bun:test";
import { isInstalled } from "../../../fkvs-benchmark/compare/contestant.ts";
import { listDurabilityParts } from "../../../fkvs-benchmark/compare/durability.ts";
import { describeSituation } from "../../../fkvs-benchmark/compare/situation.ts";

const PARTS = listDurabilityParts("ext4");

function commandsOf(name: string): string[] {
  const { contestants } = PARTS.find((part) => part.name === name)!;
  return contestants.map(({ command }) => command(1, "/data").join(" "));
}

describe("what the log costs", () => {
  test("is asked of everybody with few and with many connections", () => {
    for (const { situations } of PARTS) {
      expect(situations.map(describeSituation)).toEqual([
        "SET P=1, 50 connections",
        "SET P=16, 50 connections",
        "SET P=1, 512 connections",
        "SET P=16, 512 connections",
      ]);
    }
  });

  test("has the same promise on both sides", () => {
    const [ours, resp, redis] = commandsOf("always");
    expect(ours).toContain("--dir /data --snapshot-wal-size 0 --durability always");
    expect(resp).toBe(ours!);
    expect(redis).toContain("--dir /data --appendonly yes --appendfsync always");
    const [, , redisEverysec, unlogged] = commandsOf("everysec");
    expect(redisEverysec).toContain("--appendfsync everysec");
    expect(unlogged).not.toContain("--dir");
    expect(commandsOf("shards")[1]).toEndWith("--durability always --wal-shards 4");
  });

  test("is measured by servers that are there, and are their own", () => {
    for (const { contestants, yardsticks } of PARTS) {
      const names = contestants.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      for (const yardstick of yardsticks) {
        const [whose, others] =
          typeof yardstick === "string"
            ? [[], [yardstick]]
            : [Object.keys(yardstick.of), Object.values(yardstick.of)];
        for (const name of [...whose, ...others]) expect(names).toContain(name);
      }
      for (const { sameServerAs } of contestants) {
        if (sameServerAs !== undefined) expect(names).toContain(sameServerAs);
      }
      expect(isInstalled(contestants[0]!)).toBe(true);
    }
  });
});
