// Death with `everysec` and `none`: what was written before is there, and "written" is what the
// files show. Nothing here depends on how long anything takes.

import { describe, expect, test } from "bun:test";
import { DataFolder, connectTo, endServer, killServer } from "../support/data-folder.ts";
import { waitUntil } from "../support/wait-until.ts";

const KEY_COUNT = 200;
const VALUE = "v".repeat(1000);

/** Records that are in the files of the log, whole. */
function countWritten(folder: DataFolder): number {
  const files = folder.walNames().map((name) => folder.read(name).toString("latin1"));
  return files.reduce((sum, file) => sum + file.split(VALUE).length - 1, 0);
}

async function untilWritten(folder: DataFolder, count: number): Promise<void> {
  await waitUntil(
    () => countWritten(folder) >= count,
    () => `${count} records to be written; ${countWritten(folder)} are`,
  );
}

describe.each(["everysec", "none"])("a server with %s that is killed", (policy) => {
  test("has what was written: all, when the flush interval has passed", async () => {
    using folder = new DataFolder();
    const args = [`--durability=${policy}`, "--wal-shards=2", "--wal-batch=65536"];
    await using server = folder.start(args);
    using client = await connectTo(server);
    for (let i = 0; i < KEY_COUNT; i++) {
      expect(await client.ask("SET", `key ${i}`, VALUE)).toBe("+OK\r\n");
    }
    await untilWritten(folder, KEY_COUNT);
    await killServer(server);
    await using again = folder.start(args);
    using reader = await connectTo(again);
    expect(await reader.ask("DBSIZE")).toBe(`:${KEY_COUNT}\r\n`);
    await endServer(again);
  });

  test("has the beginning of what it answered", async () => {
    using folder = new DataFolder();
    // Written in batches, and the last one not for long.
    const args = [`--durability=${policy}`, "--wal-batch=64", "--wal-flush-interval=10000"];
    await using server = folder.start(args);
    using client = await connectTo(server);
    for (let i = 0; i < KEY_COUNT; i++) {
      expect(await client.ask("SET", `key ${i}`, VALUE)).toBe("+OK\r\n");
    }
    await untilWritten(folder, KEY_COUNT / 4);
    await killServer(server);
    await using again = folder.start(args);
    using reader = await connectTo(again);
    const count = Number((await reader.ask("DBSIZE")).slice(1));
    expect(count).toBeGreaterThanOrEqual(KEY_COUNT / 4);
    expect(await reader.ask("EXISTS", `key ${count - 1}`)).toBe(":1\r\n");
    expect(await reader.ask("EXISTS", `key ${count}`)).toBe(":0\r\n");
    await endServer(again);
  });
});
