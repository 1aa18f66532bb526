import { describe, expect, test } from "bun:test";
import { readOptions } from "../../../bench/soak/options.ts";
import {
  Soak,
  findFileGrowth,
  findGrowth,
  findGrowthInLives,
  renderSample,
  type SoakSample,
} from "../../../bench/soak/soak.ts";

const SERVER = ["--", "--max-memory=64mb", "--wal-buffer=1mb", "--snapshot-wal-size=300kb"];
/** Every run has three servers, and these have something to do. */
const TINY = ["--seconds=0.5", "--interval-seconds=0.1", "--life-seconds=0.3"];
const FEW = ["--writers=3", "--keys=60", "--seed=7"];

function sampleOf(residentBytes: number): SoakSample {
  return { seconds: 1, life: 1, residentBytes, fileBytes: 0, keyCount: 0, operationCount: 0 };
}

describe("a tiny soak", () => {
  test.each(["always", "everysec"])("with %s ends well, and measures", async (durability) => {
    const lines: string[] = [];
    const options = readOptions([...TINY, ...FEW, `--durability=${durability}`, ...SERVER]);
    const result = await new Soak(options, (line) => lines.push(line)).run();
    expect(result).toMatchObject({ problems: [], path: "" });
    expect(result.termCount).toBeGreaterThan(0);
    expect(result.killCount).toBeGreaterThan(0);
    expect(lines).toEqual(result.samples.map(renderSample));
    const last = result.samples.at(-1)!;
    expect(last.operationCount).toBeGreaterThan(0);
    expect(last.residentBytes).toBeGreaterThan(0);
    expect(last.fileBytes).toBeGreaterThan(0);
  });

  test("whose server cannot start says so", async () => {
    const options = readOptions([...TINY, ...FEW, "--", "--max-memory=1"]);
    const soaking = new Soak(options, () => {}).run();
    await expect(soaking).rejects.toThrow("the server ended before it served");
  });
});

describe("growth", () => {
  const growth = (...bytes: readonly number[]) =>
    findGrowth("memory", bytes.map(sampleOf), ({ residentBytes }) => residentBytes, 1024);

  test("is what the second half has more than the first at most", () => {
    expect(growth(1000, 5000, 6024, 10)).toBe("");
    expect(growth(1000, 5000, 6025, 10)).toBe(
      "memory grew from 4.9KiB in the first half to 5.9KiB",
    );
    expect(growth(10, 6025)).not.toBe("");
  });

  test("is looked for in each life that was measured often enough", () => {
    const lives = [
      [10, 20, 30, 31, 32, 33],
      [10, 20, 30, 1055, 32, 33],
      [10, 5000],
    ];
    const samples = lives.flatMap((bytes, i) =>
      bytes.map((residentBytes) => ({ ...sampleOf(residentBytes), life: i + 1 })),
    );
    const problems = ["", "memory of life 2 grew from 30B in the first half to 1KiB"];
    expect(findGrowthInLives(samples, 1024)).toEqual(problems);
    expect(findGrowthInLives(samples, 1025)).toEqual(["", ""]);
  });

  test("of files counts from the second life on", () => {
    const grow = (...later: readonly number[]) =>
      findFileGrowth(
        [1000, 2000, 1000, 2000, ...later].map((fileBytes, i) => ({
          ...sampleOf(0),
          life: i < 4 ? 1 : 2,
          fileBytes,
        })),
        1024,
      );
    expect(grow(5000, 5000, 5000, 6024)).toBe("");
    expect(grow(5000, 5000, 5000, 6025)).toBe("files grew from 4.9KiB in the first half to 5.9KiB");
  });

  test("is none where there is nothing to compare", () => {
    expect([growth(), growth(1e9)]).toEqual(["", ""]);
  });
});

test("a sample is a line of the table", () => {
  const sample = { ...sampleOf(3 * 2 ** 20), seconds: 12.34, fileBytes: 2048, keyCount: 1234 };
  expect(renderSample(sample)).toBe(
    "    12.3 s  life 1     memory 3MiB         files 2KiB         keys 1,234      operations 0",
  );
});
