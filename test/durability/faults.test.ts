// Disks that fail, and deaths between two calls of the system: strace has the real program meet
// both. What was acknowledged is there afterwards all the same.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { CrashLoad } from "../support/crash-load.ts";
import { DataFolder, connectTo, endServer, killServer } from "../support/data-folder.ts";
import { describeProgram } from "../support/debian-program.ts";
import { canBeDirect } from "../support/direct-files.ts";
import { ENGINES } from "../support/describe-engines.ts";
import type { RespClient } from "../support/resp-client.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { formatWalName } from "../../src/wal/file-names.ts";
import { ERROR, reply, request } from "../support/v1-frames.ts";

const ARGS = ["--durability=always"];
const REFUSAL = /^-(EXECABORT .*)?MISCONF .*\r\n$/;
const FIRST_WAL_FILE = "wal-0000000001-00-0000000001";
const VALUE = "v".repeat(30_000);

let folder: DataFolder;

beforeEach(() => {
  folder = new DataFolder();
});
afterEach(() => folder[Symbol.dispose]());

/**
 * What has a call of any thread fail, or kill; `paths` are the files it is to be of, none = any.
 */
function inject(strace: string, call: string, action: string, ...paths: string[]): string[] {
  const files = paths.flatMap((path) => ["-P", path]);
  const what = ["-e", `trace=${call}`, "-e", `inject=${call}:${action}`];
  return [strace, "-D", "-f", "-o", "/dev/null", ...files, ...what];
}

async function infoOf(client: RespClient, name: string): Promise<string> {
  const lines = (await client.ask("INFO", "persistence")).split("\r\n");
  return lines.find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1) ?? "";
}

/** Has a snapshot made, and waits for its end: "ok" or "err". */
async function save(client: RespClient): Promise<string> {
  expect(await client.ask("BGSAVE")).toBe("+Background saving started\r\n");
  while ((await infoOf(client, "rdb_bgsave_in_progress")) !== "0") await Bun.sleep(1);
  return await infoOf(client, "rdb_last_bgsave_status");
}

/** Reads are answered and writes are refused, in both protocols. */
async function expectRefusing(server: ServerProcess, failure: string): Promise<void> {
  using client = await connectTo(server);
  expect(await client.ask("SET", "refused", "v")).toMatch(REFUSAL);
  expect(await client.ask("MSET", "refused", "v", "refused too", "v")).toMatch(REFUSAL);
  expect(await client.ask("APPEND", "refused", "v")).toMatch(REFUSAL);
  expect(await client.ask("GET", "first")).toBe("$1\r\nv\r\n");
  expect(await client.ask("EXISTS", "refused", "refused too")).toBe(":0\r\n");
  expect(await infoOf(client, "wal_failure")).toBe(failure);
  expect(await infoOf(client, "aof_last_write_status")).toBe("err");
  const v1 = await server.connect();
  const answers = await v1.ask(request.set("refused", "v"), request.get("first"));
  expect(answers).toEqual([ERROR, reply.value("v")]);
  v1.close();
}

async function expectTaking(server: ServerProcess): Promise<void> {
  using client = await connectTo(server);
  expect(await infoOf(client, "wal_failure")).toBe("none");
  expect(await client.ask("SET", "later", "v")).toBe("+OK\r\n");
  const v1 = await server.connect();
  expect(await v1.ask(request.set("later too", "v"))).toEqual([reply.value("v")]);
  v1.close();
}

function isRefusal(text: string): boolean {
  return REFUSAL.test(text) || text === ERROR.toString("latin1");
}

/** SETs until the first is refused; how many were not. */
async function setUntilRefused(server: ServerProcess): Promise<number> {
  for (let count = 0; ; count++) {
    using client = await connectTo(server);
    const key = count === 0 ? "first" : `key ${count}`;
    const answer = await client.ask("SET", key, count === 0 ? "v" : VALUE);
    if (answer !== "+OK\r\n") {
      expect(answer).toMatch(REFUSAL);
      return count;
    }
  }
}

describeProgram("strace", "strace", (strace) => {
  describe.each([...ENGINES.keys()])("a log that fails under load, over %s", (engine) => {
    test.each([
      ["fdatasync", "EIO", 1, 1],
      ["fdatasync", "EIO", 4, 2],
      ["write", "ENOSPC", 1, 1],
    ] as const)(
      "has nothing acknowledged that is lost (%s: %s, %d partitions, %d threads)",
      async (call, error, partitionCount, threadCount) => {
        using failing = new CrashLoad(partitionCount, partitionCount);
        failing.doReadsCount = false;
        const shards = [`--wal-shards=${partitionCount}`, `--wal-threads=${threadCount}`];
        const args = [...ARGS, ...shards, `--io=${engine}`];
        const wal = failing.folder.file(FIRST_WAL_FILE);
        const wrapper = inject(strace, call, `error=${error}:when=40+`, wal);
        await using server = failing.folder.start(args, wrapper);
        await failing.run(server);
        expect(failing.errors).not.toBeEmpty();
        expect(failing.errors.filter((text) => !isRefusal(text))).toEqual([]);
        const log = await killServer(server);
        expect(log).toContain(`refused until BGSAVE succeeds error=${error}`);
        await using again = failing.folder.start(args);
        expect(await failing.check(again)).toBe("");
        await endServer(again);
      },
    );
  });

  test.each([
    ["fdatasync", "EIO"],
    ["write", "ENOSPC"],
  ])("refuses writes and serves reads until a snapshot is made (%s: %s)", async (call, error) => {
    const wrapper = inject(strace, call, `error=${error}:when=6+`, folder.file(FIRST_WAL_FILE));
    await using server = folder.start(ARGS, wrapper);
    const count = await setUntilRefused(server);
    expect(count).toBeGreaterThan(1);
    await expectRefusing(server, error);
    using client = await connectTo(server);
    expect(await save(client)).toBe("ok");
    await expectTaking(server);
    const keyCount = await client.ask("DBSIZE");
    expect(await endServer(server)).toMatch(
      new RegExp(`a WAL thread has failed error="cannot (sync|write) .*: ${error}"`),
    );
    await using again = folder.start(ARGS);
    using reader = await connectTo(again);
    expect(await reader.ask("DBSIZE")).toBe(keyCount);
    expect(await reader.ask("EXISTS", "later", "later too")).toBe(":2\r\n");
    await endServer(again);
  });

  const isDirect = canBeDirect(tmpdir());
  describe.if(isDirect)("the part of a long group that leaves without a copy", () => {
    /** Writes of the first file: its header, then the group's first bytes, this, its last bytes. */
    const PART = 3;
    const COUNT = 20;
    const args = ["--durability=everysec", `--wal-batch=${COUNT}`, "--wal-flush-interval=1000"];

    async function start(error: string): Promise<ServerProcess> {
      const wal = folder.file(FIRST_WAL_FILE);
      const server = folder.start(
        args,
        inject(strace, "write", `error=${error}:when=${PART}`, wal),
      );
      using client = await connectTo(server);
      const keys = Array.from({ length: COUNT }, (_, i) => (i === 0 ? "first" : `key ${i}`));
      const values = keys.map((_, i) => (i === 0 ? "v" : VALUE));
      const answers = keys.map((key, i) => client.ask("SET", key, values[i]!));
      expect(new Set(await Promise.all(answers))).toEqual(new Set(["+OK\r\n"]));
      return server;
    }

    test("is written as usual where the file system refuses that", async () => {
      await using server = await start("EINVAL");
      await endServer(server);
      await using again = folder.start(args);
      using client = await connectTo(again);
      expect(await client.ask("DBSIZE")).toBe(`:${COUNT}\r\n`);
      expect(await client.ask("STRLEN", `key ${COUNT - 1}`)).toBe(`:${VALUE.length}\r\n`);
      await endServer(again);
    });

    test("fails the log when it fails", async () => {
      await using server = await start("EIO");
      using client = await connectTo(server);
      while ((await infoOf(client, "wal_failure")) === "none") await Bun.sleep(1);
      await expectRefusing(server, "EIO");
    });
  });

  test.each(["shared", "sharded"])(
    "no thread answers SAVE with OK when the log cannot be begun anew (%s)",
    async (mode) => {
      // The system gives each client to a thread of its choice; each SAVE tries an epoch.
      const saveCount = 12;
      const files = Array.from({ length: 1 + saveCount }, (_, i) => {
        return folder.file(formatWalName(i + 1, 0, 1));
      });
      const wrapper = inject(strace, "write", "error=ENOSPC:when=6+", ...files);
      await using server = folder.start([...ARGS, "--threads=2", `--mode=${mode}`], wrapper);
      await setUntilRefused(server);
      for (let i = 0; i < saveCount; i++) {
        using client = await connectTo(server);
        expect(await client.ask("SAVE")).toStartWith("-ERR the snapshot failed");
        expect(await infoOf(client, "rdb_last_bgsave_status")).toBe("err");
      }
      await killServer(server);
    },
  );

  test("an end that cannot keep what was answered is said with the exit code", async () => {
    const wrapper = inject(strace, "fdatasync", "error=EIO:when=2+", folder.file(FIRST_WAL_FILE));
    await using server = folder.start(["--durability=none"], wrapper);
    using client = await connectTo(server);
    expect(await client.ask("SET", "first", "v")).toBe("+OK\r\n");
    server.signal("SIGTERM");
    const { exitCode, stderr } = await server.ended();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/error the log could not be finished error="cannot sync .*: EIO"/);
  });

  test.each(["write", "fdatasync", "rename"])(
    "a snapshot that fails at %s leaves log and last snapshot as they are",
    async (call) => {
      await using server = folder.start(ARGS);
      using client = await connectTo(server);
      expect(await client.ask("SET", "first", "v")).toBe("+OK\r\n");
      await endServer(server);
      const [before] = folder.snapshotNames();
      const paths = ["snapshot-0000000002.tmp", "snapshot-0000000002"].map((name) =>
        folder.file(name),
      );
      await using failing = folder.start(ARGS, inject(strace, call, "error=EIO", ...paths));
      using writer = await connectTo(failing);
      expect(await writer.ask("SET", "second", "v")).toBe("+OK\r\n");
      expect(await save(writer)).toBe("err");
      await expectTaking(failing);
      expect(folder.names().filter((name) => name.startsWith("snapshot"))).toEqual([before!]);
      const log = await killServer(failing);
      expect(log).toMatch(/error writing a snapshot failed error="cannot \w+ .*: EIO"/);
      await using again = folder.start(ARGS);
      using reader = await connectTo(again);
      expect(await reader.ask("DBSIZE")).toBe(":4\r\n");
      await endServer(again);
    },
  );

  describe("a death at a call of the system, under load", () => {
    // Of every kind the beginning of an epoch, ordinary work, and files and snapshots that change.
    test.each([
      ["write", [1, 150, 400]],
      ["fdatasync", [1, 30, 100]],
      ["fsync", [1, 3, 5]],
      ["rename", [1, 2]],
      ["unlink", [1, 2]],
    ] as const)("is survived: %s", async (call, counts) => {
      using dying = new CrashLoad(counts.length, 2);
      const args = [...ARGS, "--wal-shards=2", "--snapshot-wal-size=50kb", "--wal-file-size=1mb"];
      for (const when of counts) {
        const wrapper = inject(strace, call, `signal=SIGKILL:when=${when}`);
        await using server = dying.folder.start(args, wrapper);
        const hasServed = await server.ready().then(
          () => true,
          () => false,
        );
        if (hasServed) await dying.run(server);
        await server.ended();
        await using again = dying.folder.start(args);
        expect({ when, problem: await dying.check(again) }).toEqual({ when, problem: "" });
        await killServer(again);
      }
    });

    test.each(["ftruncate", "fdatasync"])(
      "is survived when a torn end is cut: %s",
      async (call) => {
        await using server = folder.start(ARGS);
        using client = await connectTo(server);
        for (const key of ["a", "b"]) await client.ask("SET", key, "v");
        await killServer(server);
        folder.write(FIRST_WAL_FILE, folder.read(FIRST_WAL_FILE).subarray(0, -1));
        const killing = inject(strace, call, "signal=SIGKILL:when=1");
        await using dying = folder.start(ARGS, killing);
        expect(await dying.ended()).toMatchObject({ stdout: "" });
        await using again = folder.start(ARGS);
        using reader = await connectTo(again);
        expect(await reader.ask("DBSIZE")).toBe(":1\r\n");
        await endServer(again);
      },
    );
  });
});

describeProgram("prlimit", "util-linux", (prlimit) => {
  const LIMIT = 200_000;
  const wrapper = [prlimit, `--fsize=${LIMIT}:unlimited`];

  test("a group written in part is cut off, also behind a snapshot that failed", async () => {
    await using server = folder.start(ARGS, wrapper);
    const count = await setUntilRefused(server);
    await expectRefusing(server, "EFBIG");
    expect(folder.read(FIRST_WAL_FILE)).toHaveLength(LIMIT);
    using client = await connectTo(server);
    expect(await save(client)).toBe("err");
    expect(await save(client)).toBe("err");
    // Files of the epochs that were tried are there.
    expect(folder.walNames().length).toBeGreaterThan(2);
    await expectRefusing(server, "EFBIG");
    await killServer(server);
    for (let round = 0; round < 2; round++) {
      await using again = folder.start(ARGS);
      using reader = await connectTo(again);
      expect(await reader.ask("DBSIZE")).toBe(`:${count + round}\r\n`);
      expect(await reader.ask("SET", `after ${round}`, "v")).toBe("+OK\r\n");
      const log = await killServer(again);
      expect(log.includes("cut off what a crash had torn")).toBe(round === 0);
    }
  });

  test("writes are taken again when there is room again, and a snapshot", async () => {
    await using server = folder.start(ARGS, wrapper);
    await setUntilRefused(server);
    using client = await connectTo(server);
    expect(await client.ask("DEL", "first")).toMatch(REFUSAL);
    expect(await save(client)).toBe("err");
    expect(
      Bun.spawnSync([prlimit, `--pid=${server.pid}`, "--fsize=unlimited:unlimited"]).exitCode,
    ).toBe(0);
    expect(await save(client)).toBe("ok");
    await expectTaking(server);
    const keyCount = await client.ask("DBSIZE");
    await killServer(server);
    await using again = folder.start(ARGS);
    using reader = await connectTo(again);
    expect(await reader.ask("DBSIZE")).toBe(keyCount);
    await endServer(again);
  });
});
