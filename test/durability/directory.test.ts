// Which directories the program takes, and with what sentence it refuses the others.

import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { DataFolder, connectTo, endServer, killServer } from "../support/data-folder.ts";
import { encodeCommand } from "../support/resp-client.ts";
import type { ServerProcess } from "../support/server-process.ts";

const ALWAYS = ["--durability=always"];

async function refusalOf(folder: DataFolder, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await folder.startInVain([...ALWAYS, ...args]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  return stderr.replaceAll(folder.path, "DIR");
}

async function setKeys(server: ServerProcess, from: number, to: number): Promise<void> {
  using client = await connectTo(server);
  for (let i = from; i < to; i++) client.send(encodeCommand(["SET", `key ${i}`, `value ${i}`]));
  for (let i = from; i < to; i++) expect((await client.reply())?.toString()).toBe("+OK\r\n");
}

async function expectKeys(server: ServerProcess, count: number): Promise<void> {
  using client = await connectTo(server);
  expect(await client.ask("DBSIZE")).toBe(`:${count}\r\n`);
  for (let i = 0; i < count; i++) client.send(encodeCommand(["GET", `key ${i}`]));
  for (let i = 0; i < count; i++) {
    const value = `value ${i}`;
    expect((await client.reply())?.toString()).toBe(`$${value.length}\r\n${value}\r\n`);
  }
}

describe("a data directory", () => {
  test("is one server's at a time", async () => {
    using folder = new DataFolder();
    await using first = folder.start(ALWAYS);
    await setKeys(first, 0, 10);
    expect(await refusalOf(folder)).toBe(
      "fkvs-server: cannot use the data directory DIR: DIR is in use by another server\n",
    );
    await setKeys(first, 10, 20);
    await killServer(first);
    await using second = folder.start(ALWAYS);
    await expectKeys(second, 20);
    await endServer(second);
  });

  test("may be full of links: it is neither empty nor begun anew", async () => {
    using folder = new DataFolder();
    await using first = folder.start(ALWAYS);
    await setKeys(first, 0, 10);
    await endServer(first);
    using other = new DataFolder();
    for (const name of folder.names()) symlinkSync(folder.file(name), other.file(name));
    await using second = other.start(ALWAYS);
    await expectKeys(second, 10);
    await endServer(second);
  });

  test("is made where there is none, with those above it", async () => {
    using folder = new DataFolder();
    await using first = folder.start([...ALWAYS, `--dir=${folder.path}/new/data`]);
    await setKeys(first, 0, 10);
    await killServer(first);
    await using second = folder.start([...ALWAYS, `--dir=${folder.path}/new/data`]);
    await expectKeys(second, 10);
    await endServer(second);
  });

  test("is refused when it has files of something else, and left alone", async () => {
    using folder = new DataFolder();
    folder.write("letter.txt", "Dear");
    expect(await refusalOf(folder)).toBe(
      "fkvs-server: cannot use the data directory DIR:" +
        " DIR is not empty and has no data of ours: letter.txt is there\n",
    );
    expect(folder.names()).toEqual(["letter.txt"]);
    expect(await refusalOf(folder, `--dir=${folder.file("letter.txt")}`)).toBe(
      "fkvs-server: cannot use the data directory DIR/letter.txt:" +
        " cannot use DIR/letter.txt: ENOTDIR\n",
    );
  });

  test("is refused when its META cannot be read", async () => {
    using folder = new DataFolder();
    await using server = folder.start(ALWAYS);
    await setKeys(server, 0, 10);
    await endServer(server);
    const meta = folder.read("META").toString();
    const says = (reason: string) => `fkvs-server: cannot use the data directory DIR: ${reason}\n`;
    folder.write("META", meta.slice(0, 20));
    expect(await refusalOf(folder)).toBe(says("META at byte 0: it is not JSON"));
    folder.write("META", meta.replace(`"version":1`, `"version":2`));
    expect(await refusalOf(folder)).toStartWith(says("META at byte 0: ").slice(0, -1));
    folder.write("META", "");
    expect(await refusalOf(folder)).toBe(says("META at byte 0: it is not JSON"));
    folder.remove("META");
    expect(await refusalOf(folder)).toBe(says("DIR has data files, but no META to read them with"));
    folder.write("META", meta);
    await using again = folder.start(ALWAYS);
    await expectKeys(again, 10);
    await endServer(again);
  });

  test("is not the one it was when its checksums are of another", async () => {
    using folder = new DataFolder();
    await using server = folder.start(ALWAYS);
    await setKeys(server, 0, 10);
    await killServer(server);
    using other = new DataFolder();
    await using otherServer = other.start(ALWAYS);
    await endServer(otherServer);
    folder.write("META", other.read("META"));
    const sentence = await refusalOf(folder);
    expect(sentence).toStartWith("fkvs-server: cannot recover from DIR: wal-");
    expect(sentence).toContain("at byte 0: ");
  });

  test("opens with other partitions, threads, memory and another engine", async () => {
    using folder = new DataFolder();
    const ways = [
      ["--wal-shards=1", "--max-memory=64mb"],
      ["--wal-shards=4", "--wal-threads=2", "--max-memory=200mb", "--io=listen"],
      ["--wal-shards=3", "--wal-threads=3", "--max-memory=32mb"],
      ["--wal-shards=1", "--durability=everysec"],
      ["--wal-shards=64", "--wal-threads=16", "--durability=none"],
      ["--wal-shards=2"],
    ];
    for (const [i, args] of ways.entries()) {
      await using server = folder.start([...ALWAYS, ...args]);
      await expectKeys(server, 100 * i);
      await setKeys(server, 100 * i, 100 * (i + 1));
      // Only with always is everything there in time.
      if (i === 0 || i === 2) await killServer(server);
      else await endServer(server);
    }
    await using last = folder.start(ALWAYS);
    await expectKeys(last, 100 * ways.length);
    await endServer(last);
  });

  test("is refused when memory is smaller than its data, and stays whole", async () => {
    using folder = new DataFolder();
    await using server = folder.start(ALWAYS);
    using client = await connectTo(server);
    const value = "v".repeat(1_000_000);
    for (let i = 0; i < 30; i++) expect(await client.ask("SET", `${i}`, value)).toBe("+OK\r\n");
    await killServer(server);
    const names = folder.names();
    const sentence = await refusalOf(folder, "--max-memory=16mb");
    expect(sentence).toMatch(
      /^fkvs-server: cannot recover from DIR: memory is full after \d+ records: /,
    );
    expect(sentence).toEndWith("--max-memory is smaller than the data\n");
    expect(folder.names()).toEqual(names);
    await using again = folder.start(ALWAYS);
    using reader = await connectTo(again);
    expect(await reader.ask("DBSIZE")).toBe(":30\r\n");
    expect(await reader.ask("STRLEN", "29")).toBe(":1000000\r\n");
    await endServer(again);
  });

  test("may hold folders of somebody else", async () => {
    using folder = new DataFolder();
    mkdirSync(folder.file("lost+found"));
    await using server = folder.start(ALWAYS);
    await setKeys(server, 0, 1);
    await endServer(server);
    expect(folder.names()).toContain("lost+found");
  });
});
