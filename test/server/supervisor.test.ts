// What becomes of the process when the data thread does not do as it should; what an operator sees
// otherwise is in test/main.test.ts.

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FAULT_MESSAGE } from "../support/data-thread-fault.ts";
import { ENGINES } from "../support/describe-engines.ts";
import { spawnFaultyServer, spawnServer, type ServerProcess } from "../support/server-process.ts";
import type { TestClient } from "../support/test-client.ts";
import { request } from "../support/v1-frames.ts";

setDefaultTimeout(30_000);

/** Of the addresses that documents may use: no machine has it. */
const NOBODYS_ADDRESS = "192.0.2.1";

const folder = mkdtempSync(join(tmpdir(), "fkvs-supervisor-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("a data thread that dies", () => {
  test("takes the process with it, which says why", async () => {
    await using server = spawnFaultyServer("dies-at-del");
    const client = await server.connect();
    await client.ask(request.set("key", "value"));
    client.send(request.del("key"));
    const ended = await server.ended();
    expect(ended.stderr).toMatch(/^\S+Z error data thread died error="error: [^\\]*"\n$/);
    expect(ended.stderr).toContain(FAULT_MESSAGE);
    expect(ended.stdout).toMatch(/^fkvs-server ready [^\n]+\n$/);
    expect(ended.exitCode).toBe(1);
    await client.ended();
  });

  test("without a word takes the process with it, too, and its socket file", async () => {
    const path = join(folder, "ended.sock");
    await using server = spawnFaultyServer("exits-at-del", ["--unix", path]);
    const client = await server.connect();
    await client.ask(request.set("key", "value"));
    client.send(request.del("key"));
    const ended = await server.ended();
    expect(ended.stderr).toContain('error data thread died error="its Worker has ended"');
    expect(ended.exitCode).toBe(1);
    expect(existsSync(path)).toBe(false);
    await client.ended();
  });

  test("before it serves is a start that failed", async () => {
    await using server = spawnFaultyServer("dies-at-start");
    const ended = await server.ended();
    expect(ended.stderr).toMatch(/^fkvs-server: the data thread died: error: [^\n]+\n$/m);
    expect(ended.stderr).toContain(FAULT_MESSAGE);
    expect(ended.stdout).toBe("");
    expect(ended.exitCode).toBe(1);
  });
});

describe("one of several data threads that dies", () => {
  const both = ["--threads", "2"];

  /** Clients, until all of them have ended; each begins with a DEL and then writes new keys. */
  async function keepWriting(server: ServerProcess): Promise<void> {
    const clients: TestClient[] = [];
    for (let i = 0; i < 16; i++) clients.push(await server.connect());
    for (const [i, client] of clients.entries()) client.send(request.del(`no such key ${i}`));
    for (let round = 0; clients.some((client) => !client.hasEnded); round++) {
      for (const [i, client] of clients.entries()) {
        if (client.unsentBytes === 0) client.send(request.set(`key ${i} ${round}`, "value"));
      }
      await Bun.sleep(1);
    }
  }

  test.each([...ENGINES.keys()])(
    "takes the process with it, which names it, over %s",
    async (io) => {
      await using server = spawnFaultyServer("dies-at-del", [...both, "--io", io], 1);
      await keepWriting(server);
      const ended = await server.ended();
      expect(ended.stderr).toMatch(/^\S+Z error data thread 1 died error="error: [^\\]*"\n$/);
      expect(ended.stderr).toContain(FAULT_MESSAGE);
      expect(ended.exitCode).toBe(1);
    },
  );

  test.each([...ENGINES.keys()])(
    "does so when the other sleeps on its lock, over %s",
    async (io) => {
      await using server = spawnFaultyServer("dies-locked-at-del", [...both, "--io", io], 1);
      await keepWriting(server);
      const ended = await server.ended();
      expect(ended.stderr).toMatch(/^\S+Z error data thread 1 died error="error: [^\\]*"\n$/);
      expect(ended.exitCode).toBe(1);
    },
  );

  test("before it serves is a start that failed, although the first waits for it", async () => {
    const path = join(folder, "half.sock");
    await using server = spawnFaultyServer("dies-at-start", [...both, "--unix", path], 1);
    const ended = await server.ended();
    expect(ended.stderr).toMatch(/^fkvs-server: data thread 1 died: error: [^\n]+\n$/m);
    expect(ended.stdout).toBe("");
    expect(ended.exitCode).toBe(1);
    expect(existsSync(path)).toBe(false);
  });
});

describe("a data thread that does not stop", () => {
  test("is left behind, which the log and the exit code say", async () => {
    const path = join(folder, "deaf.sock");
    await using server = spawnFaultyServer("deaf", ["--unix", path]);
    const client = await server.connect();
    await client.ask(request.ping());
    server.signal("SIGTERM");
    const ended = await server.ended();
    const [stopping, late, ...rest] = ended.stderr.trimEnd().split("\n");
    expect(stopping).toMatch(/ info {2}stopping cause=SIGTERM$/);
    expect(late).toMatch(/ error the data thread did not stop in time waitedMs=4500$/);
    expect(rest).toEqual([]);
    expect(ended.exitCode).toBe(1);
    expect(existsSync(path)).toBe(false);
  });
});

describe("a data thread that cannot listen", () => {
  test("is explained with the address, and with all of them if there are more", async () => {
    const path = join(folder, "nobody.sock");
    const args = ["--host", NOBODYS_ADDRESS, "--insecure"];
    await using tcp = spawnServer(args);
    await using both = spawnServer([...args, "--unix", path]);
    const sentence = `fkvs-server: cannot listen on ${NOBODYS_ADDRESS}:0`;
    for (const [server, beginning] of [
      [tcp, `${sentence}: `],
      [both, `${sentence} and ${path}: `],
    ] as const) {
      const ended = await server.ended();
      expect(ended.stderr).toStartWith(beginning);
      expect(ended.stderr.trimEnd().length).toBeGreaterThan(beginning.length);
      expect(ended.stdout).toBe("");
      expect(ended.exitCode).toBe(1);
    }
    expect(existsSync(path)).toBe(false);
  });
});
