// A data thread's store brought back from a real directory, and what the operator reads of it. What
// recovery makes of each kind of file is test/wal/recovery.test.ts's matter.

import { describe, expect, test } from "bun:test";
import { Log } from "../../src/lib/log.ts";
import { recoverThread } from "../../src/server/thread-recovery.ts";
import type { WalSetup } from "../../src/server/wal-setup.ts";
import { META_NAME, formatSnapshotName } from "../../src/wal/file-names.ts";
import { formatMeta } from "../../src/wal/meta.ts";
import { RecoveryError } from "../../src/wal/recovery-error.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { DataFolder } from "../support/data-folder.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { InProcessServer } from "../support/test-server.ts";
import { TEST_META, WalFiles } from "../support/wal-files.ts";

const { SET } = RECORD_KIND;
const MISSING_NAME = "wal-0000000001-00-0000000002";

class Fixture implements Disposable {
  readonly folder = new DataFolder();
  readonly server = new InProcessServer();
  readonly logged: string[] = [];

  constructor(files: Readonly<Record<string, Uint8Array>>) {
    this.folder.write(META_NAME, formatMeta(TEST_META));
    for (const [name, bytes] of Object.entries(files)) this.folder.write(name, bytes);
  }

  recover(isBestEffort = false) {
    const setup = { path: this.folder.path, meta: TEST_META, isBestEffort } as WalSetup;
    const log = new Log({ level: "info", sink: (line) => this.logged.push(line) });
    const { thread, clock } = this.server;
    return recoverThread(thread, setup, clock, log);
  }

  /** Lines of the log that have a text, without their time. */
  linesWith(text: string): string[] {
    return this.logged.filter((line) => line.includes(text)).map((line) => line.trimEnd());
  }

  get(key: string): string {
    const client = this.server.connect();
    client.feed(encodeCommand(["GET", key]));
    this.server.engine.turn();
    return client.take().toString("latin1");
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

/** Two keys, each in a group of its own. */
function twoKeys(): WalFiles {
  const wal = new WalFiles(1);
  for (const key of ["a", "b"]) {
    wal.append(0, { kind: SET, key, value: `${key}'s` });
    wal.seal(0);
  }
  return wal;
}

describe("recoverThread", () => {
  test("fills the thread's store, and says how much that was", () => {
    using fixture = new Fixture(twoKeys().files);
    const result = fixture.recover();
    expect([fixture.get("a"), fixture.get("b")]).toEqual(["$3\r\na's\r\n", "$3\r\nb's\r\n"]);
    expect(fixture.server.thread.store.keyCount).toBe(2);
    expect(result).toMatchObject({ recordCount: 2, nextEpoch: 2 });
    expect(fixture.logged).toHaveLength(1);
    const [line] = fixture.linesWith("recovered");
    expect(line).toMatch(/ records=2 .*snapshot=none droppedGroups=0 droppedRecords=0$/);
  });

  test("starts empty from a directory that has only its META", () => {
    using fixture = new Fixture({});
    expect(fixture.recover()).toMatchObject({ recordCount: 0, nextEpoch: 1 });
    expect(fixture.server.thread.store.keyCount).toBe(0);
    expect(fixture.linesWith("recovered")).toHaveLength(1);
  });

  test("warns of a torn tail with its file and its bytes, and cuts it off", () => {
    const wal = twoKeys();
    const name = wal.nameOf(0);
    const whole = wal.files[name]!;
    using fixture = new Fixture({ [name]: whole.subarray(0, -5) });
    fixture.recover();
    expect([fixture.get("a"), fixture.get("b")]).toEqual(["$3\r\na's\r\n", "$-1\r\n"]);
    const [line] = fixture.linesWith("cut off what a crash had torn");
    expect(line).toContain(` warn `);
    expect(line).toContain(`fileName=${name}`);
    const cutBytes = whole.length - 5 - fixture.folder.read(name).length;
    expect(cutBytes).toBeGreaterThan(0);
    expect(line).toContain(`byteCount=${cutBytes}`);
  });

  test("says loudly that a snapshot is damaged, and goes on without it", () => {
    const name = formatSnapshotName(1);
    using fixture = new Fixture({ ...twoKeys().files, [name]: Buffer.from("no snapshot") });
    fixture.recover();
    expect(fixture.get("b")).toBe("$3\r\nb's\r\n");
    const [line] = fixture.linesWith("a snapshot is damaged");
    expect(line).toContain(` error `);
    expect(line).toContain(`fileName=${name}`);
  });

  test("refuses what is damaged in the middle, unless it is told to make the best of it", () => {
    const wal = new WalFiles(1);
    for (const key of ["a", "b", "c"]) {
      wal.append(0, { kind: SET, key, value: `${key}'s` });
      if (key === "c") wal.seal(0);
      else wal.rotate(0);
    }
    const files = { ...wal.files };
    delete files[MISSING_NAME];
    using refused = new Fixture(files);
    expect(() => refused.recover()).toThrow(RecoveryError);
    expect(() => refused.recover()).toThrow("wal-0000000001-00-");
    expect(refused.logged).toEqual([]);
    using saved = new Fixture(files);
    expect(saved.recover(true).lost).not.toEqual([]);
    expect(saved.get("a")).toBe("$3\r\na's\r\n");
    expect(saved.linesWith("lost, as best-effort allows")[0]).toContain(" error ");
  });
});
