// Files that are not what they were: what a crash can have done is repaired and said, and with
// anything else the start is refused, unless it is to be as good as it can.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { DataFolder, connectTo, endServer, killServer } from "../support/data-folder.ts";
import { KeyspaceFixture } from "../support/keyspace-fixture.ts";
import { RecoveryFixture, type Files } from "../support/recovery-fixture.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { waitUntil } from "../support/wait-until.ts";

const KEY_COUNT = 60;
/** So that a few make a file of the log. */
const VALUE = "v".repeat(60_000);
const LAST_BYTES = 1024;
const ARGS = ["--durability=always", "--wal-file-size=1mb"];
const BEST_EFFORT = [...ARGS, "--recover=best-effort"];

/** Directories with few bytes, with several files of log and no snapshot, with two snapshots. */
let small: DataFolder;
let original: DataFolder;
let withSnapshots: DataFolder;

async function setKeys(folder: DataFolder, from: number, to: number, value: string): Promise<void> {
  await using server = folder.start(ARGS);
  using client = await connectTo(server);
  // One by one: each is a group.
  for (let i = from; i < to; i++) {
    expect(await client.ask("SET", `key ${i}`, value)).toBe("+OK\r\n");
  }
  if (value === VALUE) await killServer(server);
  else await endServer(server);
}

beforeAll(async () => {
  original = new DataFolder();
  await setKeys(original, 0, KEY_COUNT, VALUE);
  await setKeys(original, KEY_COUNT, KEY_COUNT + 5, VALUE);
  small = new DataFolder();
  await using server = small.start(ARGS);
  using client = await connectTo(server);
  for (let i = 0; i < KEY_COUNT; i++) await client.ask("SET", `key ${i}`, "v");
  await killServer(server);
  withSnapshots = new DataFolder();
  await setKeys(withSnapshots, 0, 10, "1");
  await setKeys(withSnapshots, 10, 20, "2");
  await setKeys(withSnapshots, 20, 30, VALUE);
});

afterAll(() => {
  small[Symbol.dispose]();
  original[Symbol.dispose]();
  withSnapshots[Symbol.dispose]();
});

function filesIn(folder: DataFolder): Files {
  return Object.fromEntries(folder.names().map((name) => [name, folder.read(name)]));
}

async function refusalOf(folder: DataFolder): Promise<string> {
  const { exitCode, stdout, stderr } = await folder.startInVain(ARGS);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  return stderr.replaceAll(folder.path, "DIR");
}

/** What a start says in its log, and how many keys it has. */
async function startWith(
  folder: DataFolder,
  args = ARGS,
): Promise<{ log: string; keyCount: number }> {
  await using server = folder.start(args);
  using client = await connectTo(server);
  const keyCount = Number((await client.ask("DBSIZE")).slice(1));
  return { log: await killServer(server), keyCount };
}

/** In best effort, until the snapshot is there that makes the next start an ordinary one. */
async function startBestEffort(folder: DataFolder): Promise<{ log: string; keyCount: number }> {
  await using server = folder.start(BEST_EFFORT);
  using client = await connectTo(server);
  const keyCount = Number((await client.ask("DBSIZE")).slice(1));
  await waitUntil(
    () => folder.snapshotNames().length > 0,
    () => "a snapshot",
  );
  return { log: await killServer(server), keyCount };
}

describe("the last kilobyte of a log", () => {
  test("may be cut off at every byte: what is whole is there, and the rest is said", () => {
    const files = filesIn(small);
    const last = small.walNames().at(-1)!;
    const bytes = files[last]!;
    const keyspace = new KeyspaceFixture({ sizeBytes: 2 ** 22 });
    const keyCounts = new Set<number>();
    for (let size = bytes.length; size >= bytes.length - LAST_BYTES; size--) {
      keyspace.keys.flush();
      const fixture = new RecoveryFixture({ ...files, [last]: bytes.slice(0, size) }, keyspace);
      const { torn } = fixture.recover();
      const { keyCount } = keyspace.store;
      keyCounts.add(keyCount);
      const isThere = (i: number) => keyspace.get(0, `key ${i}`) !== null;
      const found = { size, last: isThere(keyCount - 1), next: isThere(keyCount) };
      expect(found).toEqual({ size, last: true, next: false });
      const tornBytes = torn.reduce((sum, { byteCount }) => sum + byteCount, 0);
      const left = fixture.disk.snapshot()[last]!.length;
      expect({ size, tornBytes }).toEqual({ size, tornBytes: size - left });
    }
    expect(keyCounts.size).toBeGreaterThan(LAST_BYTES / 100);
  });

  test("that is torn is cut by the program, and said with its bytes", async () => {
    using folder = small.copy();
    const last = folder.walNames().at(-1)!;
    const bytes = folder.read(last);
    folder.write(last, bytes.subarray(0, -3));
    const { log, keyCount } = await startWith(folder);
    expect(keyCount).toBe(KEY_COUNT - 1);
    expect(log).toMatch(
      new RegExp(`warn +cut off what a crash had torn fileName=${last} offset=\\d+ byteCount=69 `),
    );
    const again = await startWith(folder);
    expect(again.keyCount).toBe(KEY_COUNT - 1);
    expect(again.log).not.toContain("torn");
  });
});

describe("a log with damage in the middle", () => {
  test("is refused with file and offset, and best effort says what is lost", async () => {
    using folder = original.copy();
    const name = folder.walNames()[1]!;
    folder.flipByte(name, 200_000);
    const place = `${name} at byte `;
    const sentence = await refusalOf(folder);
    expect(sentence).toMatch(
      new RegExp(`^fkvs-server: cannot recover from DIR: ${place}\\d+: the checksum of a group's`),
    );
    const offset = Number(sentence.split(place)[1]!.split(":")[0]);
    expect(offset).toBeLessThan(200_000);
    expect(200_000 - offset).toBeLessThan(VALUE.length + 200);
    const { log, keyCount } = await startBestEffort(folder);
    expect(keyCount).toBe(KEY_COUNT + 4);
    expect(log).toMatch(
      new RegExp(
        `error lost, as best-effort allows fileName=${name} offset=${offset}` +
          ` byteCount=60\\d\\d\\d `,
      ),
    );
    const after = await startWith(folder);
    expect(after.keyCount).toBe(keyCount);
    expect(after.log).not.toContain("error");
  });

  test("is refused when a file is missing", async () => {
    using folder = original.copy();
    const [first, second] = folder.walNames();
    folder.remove(second!);
    expect(await refusalOf(folder)).toBe(
      `fkvs-server: cannot recover from DIR: ${second} at byte 0: the file is missing\n`,
    );
    const { log, keyCount } = await startBestEffort(folder);
    expect(keyCount).toBeLessThan(KEY_COUNT);
    expect(keyCount).toBeGreaterThan(KEY_COUNT / 2);
    expect(log).toContain(`lost, as best-effort allows fileName=${second} offset=0`);
    folder.remove(first!);
    expect((await startWith(folder)).keyCount).toBe(keyCount);
  });

  test("is refused when files are in each other's place", async () => {
    using folder = original.copy();
    const [, second, third] = folder.walNames();
    const bytes = folder.read(second!);
    folder.write(second!, folder.read(third!));
    folder.write(third!, bytes);
    expect(await refusalOf(folder)).toBe(
      `fkvs-server: cannot recover from DIR: ${second} at byte 0: it was written as ${third}\n`,
    );
  });

  test("is refused when the beginning is missing, and there is no snapshot", async () => {
    using folder = original.copy();
    for (const name of folder.walNames().filter((name) => name.startsWith("wal-0000000001"))) {
      folder.remove(name);
    }
    expect(await refusalOf(folder)).toBe(
      "fkvs-server: cannot recover from DIR:" +
        " there is no snapshot, and the WAL begins with epoch 2\n",
    );
  });
});

describe("a damaged snapshot", () => {
  test("has the older one taken, and that is said loudly", async () => {
    using folder = withSnapshots.copy();
    const [older, newest] = folder.snapshotNames();
    expect((await startWith(folder)).log).toContain(`snapshot=${newest}`);
    for (const damage of [
      () => folder.flipByte(newest!, 30),
      () => folder.flipByte(newest!, folder.read(newest!).length - 100),
      () => folder.write(newest!, folder.read(newest!).subarray(0, -1)),
      () => folder.write(newest!, ""),
    ]) {
      damage();
      const { log, keyCount } = await startWith(folder);
      expect(log).toMatch(new RegExp(`error a snapshot is damaged.* fileName=${newest} reason=`));
      expect(log).toContain(`snapshot=${older}`);
      expect(keyCount).toBe(30);
    }
  });

  test("is replaced by the next that is made", async () => {
    using folder = withSnapshots.copy();
    folder.flipByte(folder.snapshotNames().at(-1)!, 100);
    await using server = folder.start(ARGS);
    using client = await connectTo(server);
    client.send(encodeCommand(["SET", "key 30", "v"]));
    await endServer(server);
    const { log, keyCount } = await startWith(folder);
    expect(log).not.toContain("error");
    expect(keyCount).toBe(31);
  });

  test("without an older one is refused where the log does not reach back", async () => {
    using folder = withSnapshots.copy();
    for (const name of folder.snapshotNames()) folder.flipByte(name, 100);
    // The whole log is still there.
    expect((await startWith(folder)).keyCount).toBe(30);
    for (const name of folder.walNames().filter((name) => name.startsWith("wal-0000000001"))) {
      folder.remove(name);
    }
    const newest = folder.snapshotNames().at(-1)!;
    const sentence = await refusalOf(folder);
    expect(sentence).toStartWith(`fkvs-server: cannot recover from DIR: ${newest} at byte `);
    expect(sentence).toEndWith(", and the WAL begins with epoch 2\n");
  });
});
