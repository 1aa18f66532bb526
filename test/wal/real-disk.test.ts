import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RealDisk, makeDirectory } from "../../src/wal/real-disk.ts";

const folder = mkdtempSync(join(tmpdir(), "fkvs-real-disk-"));
afterAll(() => rmSync(folder, { recursive: true }));
let path = "";
beforeEach(() => {
  path = mkdtempSync(join(folder, "data-"));
});

function modeOf(name: string): number {
  return statSync(name).mode & 0o777;
}

describe("a directory", () => {
  test("is made with all that leads to it, for the user alone", () => {
    const deep = join(path, "a", "b");
    makeDirectory(deep);
    makeDirectory(deep);
    expect(modeOf(deep)).toBe(0o700);
  });

  test("that is there is taken as it is", () => {
    const open = join(path, "open");
    mkdirSync(open, { mode: 0o755 });
    makeDirectory(open);
    expect(modeOf(open)).toBe(modeOf(open) | 0o500);
  });

  test.each([["file"], ["file/below"]])("cannot be %s", (name) => {
    writeFileSync(join(path, "file"), "");
    const wanted = join(path, name);
    expect(() => makeDirectory(wanted)).toThrow(`${wanted}: ENOTDIR`);
  });

  test("is named by what goes wrong in it", () => {
    const disk = new RealDisk(join(path, "missing"));
    expect(() => disk.list()).toThrow(`cannot list ${path}/missing: ENOENT`);
    expect(() => disk.create("a")).toThrow(`cannot create ${path}/missing/a: ENOENT`);
    expect(() => disk.syncDirectory()).toThrow(`cannot sync ${path}/missing: ENOENT`);
    expect(() => disk.lock()).toThrow("missing/LOCK: ENOENT");
  });
});

describe("files", () => {
  test("are for the user alone", () => {
    new RealDisk(path).create("a").close();
    expect(modeOf(join(path, "a"))).toBe(0o600);
  });

  test("are not directories", () => {
    mkdirSync(join(path, "a"));
    const disk = new RealDisk(path);
    expect(disk.list()).toEqual([]);
    expect(() => disk.open("a")).toThrow("EISDIR");
  });

  test("may lie elsewhere: a link is what it leads to, or could", () => {
    const disk = new RealDisk(path);
    disk.create("a").close();
    mkdirSync(join(path, "folder"));
    symlinkSync("a", join(path, "link"));
    symlinkSync("folder", join(path, "link to a folder"));
    symlinkSync("nothing", join(path, "broken"));
    expect(disk.list().toSorted()).toEqual(["a", "broken", "link"]);
  });

  test("that are closed fail whatever is asked, syncs above all", () => {
    const file = new RealDisk(path).create("a");
    file.close();
    expect(() => file.sync()).toThrow(`cannot sync ${path}/a: EBADF`);
    expect(() => file.write(new Uint8Array(1), 0, 1)).toThrow(`cannot write ${path}/a: EBADF`);
    expect(() => file.size()).toThrow("EBADF");
  });

  test.if(existsSync("/dev/full"))("say that the disk is full", () => {
    const file = new RealDisk("/dev").open("full");
    expect(() => file.write(new Uint8Array(8), 0, 8)).toThrow("cannot write /dev/full: ENOSPC");
    file.close();
  });
});

describe("the lock", () => {
  test("keeps another user off until it is given back", () => {
    const disk = new RealDisk(path);
    disk.lock();
    expect(modeOf(join(path, "LOCK"))).toBe(0o600);
    const other = new RealDisk(path);
    expect(() => other.lock()).toThrow(`cannot lock ${path}/LOCK: EWOULDBLOCK`);
    disk.unlock();
    other.lock();
    other.unlock();
  });

  test("goes with its process, and no child of it keeps it", async () => {
    const module = join(import.meta.dir, "../../src/wal/real-disk.ts");
    const source = `
      const { RealDisk } = await import(${JSON.stringify(module)});
      new RealDisk(${JSON.stringify(path)}).lock();
      const child = Bun.spawn(["sleep", "60"], { stdio: ["ignore", "ignore", "ignore"] });
      console.log(child.pid);
      await new Promise(() => {});
    `;
    const holder = Bun.spawn([process.execPath, "-e", source], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    const reader = holder.stdout.getReader();
    const childPid = Number(new TextDecoder().decode((await reader.read()).value));
    try {
      const disk = new RealDisk(path);
      expect(() => disk.lock()).toThrow("EWOULDBLOCK");
      holder.kill("SIGKILL");
      await holder.exited;
      disk.lock();
      disk.unlock();
    } finally {
      holder.kill("SIGKILL");
      process.kill(childPid);
    }
  });
});
