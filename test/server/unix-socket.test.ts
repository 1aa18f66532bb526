import { afterAll, describe, expect, test } from "bun:test";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identifySocket } from "../../src/net/socket-identity.ts";
import { StartError } from "../../src/server/start-error.ts";
import { clearSocketPath, removeSocket, withSocketUmask } from "../../src/server/unix-socket.ts";

const folder = mkdtempSync(join(tmpdir(), "fkvs-unix-"));
afterAll(() => rmSync(folder, { recursive: true }));
let pathCount = 0;

function freshPath(): string {
  return join(folder, `${pathCount++}.sock`);
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

async function listenAt(path: string): Promise<AsyncDisposable> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = createServer().listen(path, resolve);
  await promise;
  return {
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}

/** A socket's file with nobody behind it. */
async function leaveStale(path: string): Promise<void> {
  const moved = `${path}.moved`;
  {
    await using _server = await listenAt(path);
    renameSync(path, moved);
  }
  renameSync(moved, path);
}

async function faultAt(path: string): Promise<string> {
  try {
    await clearSocketPath(path);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return (error as StartError).message;
  }
  return "no fault";
}

describe("clearSocketPath", () => {
  test("has nothing to do where nothing is", async () => {
    await clearSocketPath(freshPath());
  });

  test("removes a socket that nobody serves", async () => {
    const path = freshPath();
    await leaveStale(path);
    expect(lstatSync(path).isSocket()).toBe(true);
    await clearSocketPath(path);
    expect(exists(path)).toBe(false);
  });

  test("refuses a socket that somebody serves, and leaves it", async () => {
    const path = freshPath();
    await using _server = await listenAt(path);
    expect(await faultAt(path)).toBe(`cannot listen on ${path}: another server is listening there`);
    expect(exists(path)).toBe(true);
  });

  test("refuses what is not a socket, and leaves it", async () => {
    const file = freshPath();
    writeFileSync(file, "precious");
    const directory = freshPath();
    mkdirSync(directory);
    const link = freshPath();
    symlinkSync(file, link);
    for (const path of [file, directory, link]) {
      expect(await faultAt(path)).toBe(
        `cannot listen on ${path}: the file exists and is not a socket`,
      );
      expect(exists(path)).toBe(true);
    }
  });
});

describe("withSocketUmask", () => {
  test("lets what it runs create sockets for owner and group only", async () => {
    const path = freshPath();
    const before = process.umask();
    await using _server = await withSocketUmask(() => listenAt(path));
    expect(lstatSync(path).mode & 0o777).toBe(0o770);
    expect(process.umask()).toBe(before);
  });

  test("restores the former mask when what it runs fails", async () => {
    const before = process.umask();
    const failing = withSocketUmask(() => Promise.reject(new Error("on purpose")));
    await expect(failing).rejects.toThrow("on purpose");
    expect(process.umask()).toBe(before);
  });
});

describe("removeSocket", () => {
  test("removes the file that was identified", async () => {
    const path = freshPath();
    await leaveStale(path);
    removeSocket(path, identifySocket(path));
    expect(exists(path)).toBe(false);
  });

  test("leaves another file in its place, and bears that there is none", async () => {
    const path = freshPath();
    await leaveStale(path);
    const identity = identifySocket(path);
    renameSync(path, `${path}.kept`);
    removeSocket(path, identity);
    await leaveStale(path);
    removeSocket(path, identity);
    expect(exists(path)).toBe(true);
    removeSocket(path, null);
    expect(exists(path)).toBe(true);
  });
});
