// What becomes of the process when the data thread does not do as it should; what an operator sees
// otherwise is in test/main.test.ts.

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FAULT_MESSAGE } from "../support/data-thread-fault.ts";
import { spawnFaultyServer, spawnServer } from "../support/server-process.ts";
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
