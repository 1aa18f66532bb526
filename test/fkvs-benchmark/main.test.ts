// The program as it is run: its exit codes, what it says where, and Ctrl-C, against a real server.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Subprocess } from "bun";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../src/version.ts";
import { spawnServer, type ServerProcess } from "../support/server-process.ts";
import { request } from "../support/v1-frames.ts";

const MAIN_PATH = fileURLToPath(new URL("../../fkvs-benchmark/main.ts", import.meta.url));
/** What a reply to GET holds behind its header. */
const TEXT = /\d+$/;

let server: ServerProcess;
let port: string;

beforeAll(async () => {
  server = spawnServer();
  port = String(await server.port());
});
afterAll(async () => await server[Symbol.asyncDispose]());

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function spawn(...args: string[]): Subprocess<"ignore", "pipe", "pipe"> {
  return Bun.spawn([process.execPath, MAIN_PATH, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function end(child: Subprocess<"ignore", "pipe", "pipe">): Promise<Ended> {
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, stdout, stderr };
}

const run = async (...args: string[]) => await end(spawn(...args));

describe("fkvs-benchmark", () => {
  test("prints help and its version", async () => {
    const help = await run("--help");
    expect([help.exitCode, help.stderr]).toEqual([0, ""]);
    expect(help.stdout).toStartWith("Usage: fkvs-benchmark [flags]\n");
    expect(await run("--version")).toEqual({
      exitCode: 0,
      stdout: `fkvs-benchmark ${VERSION}\n`,
      stderr: "",
    });
  });

  test("answers a mistake with one sentence and 2", async () => {
    expect(await run("-n", "0")).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: 'fkvs-benchmark: -n is "0", but must be an integer from 1 to 10000000000\n',
    });
  });

  test("says where it cannot connect", async () => {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const closed = String(listener.port);
    listener.stop(true);
    expect(await run("-p", closed)).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: `fkvs-benchmark: cannot connect to 127.0.0.1:${closed}: connection refused\n`,
    });
  });

  test("measures the server and its CPU time", async () => {
    const { exitCode, stdout, stderr } = await run("-p", port, "-n", "2000", "-t", "set,get");
    expect([exitCode, stderr]).toEqual([0, ""]);
    const blocks = stdout.split("\n\n");
    expect(blocks).toHaveLength(2);
    for (const block of blocks) {
      expect(block).toMatch(/^Clients: 32 {2}Total requests: 2000 {2}Pipeline: 1$/m);
      expect(block).toMatch(/^Completed: 2000 {2}Failed: 0$/m);
      expect(block).toMatch(/^Elapsed: \d+\.\d{6} s {2}Throughput: \d+\.\d\d req\/s$/m);
      if (process.platform === "linux") expect(block).toContain(`(pid ${server.pid})`);
    }
  });

  test("prints a JSON document and nothing else", async () => {
    const { exitCode, stdout } = await run(
      ...["-p", port, "-n", "3000", "-t", "mixed", "--keyspace", "100", "--preload"],
      ...["--verify", "--threads", "2", "--json"],
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout).tests[0]).toMatchObject({ completed: 3000, wrong: 0, misses: 0 });
  });

  test("says what was not found", async () => {
    const { exitCode, stdout, stderr } = await run(
      ...["-p", port, "-n", "50", "-t", "get", "--keyspace", "9", "--key-size", "99", "-q"],
    );
    expect(exitCode).toBe(1);
    expect(stdout).toStartWith("get: 0.00 requests per second, ");
    expect(stderr).toBe("fkvs-benchmark: get: 50 of 50 requests found nothing\n");
  });

  test("prints what was measured so far at Ctrl-C", async () => {
    await using child = spawn("-p", port, "--duration", "600", "-t", "incr", "-c", "1");
    const client = await server.connect();
    const counter = request.get("counter:".padEnd(16, "0"));
    // The second INCR of a client comes after the reply to its first: that one is counted.
    let count = 0;
    while (count < 2) {
      const [reply] = await client.ask(counter);
      count = Number(TEXT.exec(reply!.toString("latin1"))?.[0] ?? 0);
    }
    child.kill("SIGINT");
    const { exitCode, stdout, stderr } = await end(child);
    expect([exitCode, stderr]).toEqual([130, ""]);
    expect(stdout).toMatch(/^Clients: 1 {2}Total requests: \d+ {2}Pipeline: 1\nCompleted: [1-9]/);
  });
});
