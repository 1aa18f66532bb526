import { expect, test } from "bun:test";
import { readOptions } from "../../../bench/soak/options.ts";

test("without arguments a soak takes ten minutes", () => {
  expect(readOptions([])).toEqual({
    seconds: 600,
    intervalSeconds: 10,
    lifeSeconds: 60,
    durability: "always",
    writers: 8,
    keys: 2000,
    memoryGrowth: 64 * 2 ** 20,
    fileGrowth: 256 * 2 ** 20,
    seed: 1,
    serverArgs: [],
  });
});

test("what is given is read, and what is behind -- is the server's", () => {
  const line = "--seconds 1.5 --durability everysec --memory-growth 1kb -- --threads=2 --port=1";
  expect(readOptions(line.split(" "))).toMatchObject({
    seconds: 1.5,
    durability: "everysec",
    memoryGrowth: 1024,
    serverArgs: ["--threads=2", "--port=1"],
  });
});
