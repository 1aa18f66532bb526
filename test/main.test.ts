// The program as an operator meets it: its one line, its exit codes, its signals, its socket file.

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { lstatSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VERSION } from "../src/version.ts";
import { connectBlocked, waitForBlocked } from "./support/blocked-client.ts";
import { ENGINES } from "./support/describe-engines.ts";
import { ServerProcess, spawnServer, type Ended } from "./support/server-process.ts";
import { TestClient } from "./support/test-client.ts";
import { reply, request, show } from "./support/v1-frames.ts";
import { waitUntil } from "./support/wait-until.ts";

const MODE_MASK = 0o777;

setDefaultTimeout(30_000);

const folder = mkdtempSync(join(tmpdir(), "fkvs-main-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...args: string[]): Promise<Ended> {
  await using server = new ServerProcess(args);
  return await server.ended();
}

/** It ended with one sentence for the operator, and nothing else. */
function expectSentence(ended: Ended, exitCode: number, sentence: RegExp): void {
  expect(ended.stderr).toMatch(sentence);
  expect(ended.stderr).toMatch(/^fkvs-server: [^\n]+\n$/);
  expect(ended.stdout).toBe("");
  expect(ended.exitCode).toBe(exitCode);
}

function expectQuietEnd(ended: Ended, exitCode: number): void {
  expect(ended.stderr).not.toMatch(/error|^\s+at /im);
  expect(ended.stdout).not.toMatch(/error|^\s+at /im);
  expect(ended.exitCode).toBe(exitCode);
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function connectUnix(path: string): Promise<TestClient> {
  return TestClient.connect({ kind: "unix", path });
}

async function listenElsewhere(path: string): Promise<Server> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const other = createServer().listen(path, resolve);
  await promise;
  return other;
}

describe("the start line", () => {
  test.each([...ENGINES.keys()])("names address, limit, version, %s as its engine", async (io) => {
    await using server = spawnServer(["--io", io]);
    expect(await server.ready()).toMatch(
      new RegExp(
        `^fkvs-server ready tcp=127\\.0\\.0\\.1:[1-9]\\d* engine=${io} max-memory=64MiB` +
          ` version=${VERSION.replaceAll(".", "\\.")} pid=${server.pid} because="asked for"$`,
      ),
    );
    const client = await server.connect();
    expect(show(await client.ask(request.ping("hello")))).toEqual(show(reply.pong("hello")));
    client.close();
  });

  test("names the unix socket beside TCP, and alone with --no-tcp", async () => {
    const path = join(folder, "start.sock");
    await using both = spawnServer(["--unix", path]);
    expect(await both.ready()).toMatch(/ tcp=127\.0\.0\.1:\d+ unix=\S+\/start\.sock engine=/);
    both.signal("SIGTERM");
    await both.ended();
    await using alone = spawnServer(["--unix", path, "--no-tcp"]);
    expect(await alone.ready()).toMatch(/^fkvs-server ready unix=\S+\/start\.sock engine=/);
  });

  test("comes from the environment's options too", async () => {
    await using server = new ServerProcess(["--max-memory", "32mb"], {
      FKVS_PORT: "0",
      FKVS_MAX_MEMORY: "64mb",
    });
    expect(await server.ready()).toMatch(/max-memory=32MiB/);
  });
});

describe("what only prints", () => {
  test("--version prints the version and exits with 0", async () => {
    const ended = await run("--version");
    expect(ended).toEqual({ exitCode: 0, stdout: expect.stringContaining(VERSION), stderr: "" });
  });

  test("--help prints the options and exits with 0", async () => {
    const ended = await run("--help");
    expect(ended).toEqual({
      exitCode: 0,
      stdout: expect.stringContaining("--max-memory"),
      stderr: "",
    });
  });

  test("--check-config prints what is in effect and exits with 0", async () => {
    const ended = await run("--check-config", "--port", "7000");
    expect(ended.stdout).toMatch(/port = 7000/);
    expectQuietEnd(ended, 0);
  });
});

describe("what cannot be run", () => {
  test.each([
    [["--nonsense"], /nonsense/],
    [["--port", "65536"], /--port is "65536", but must be/],
    [["--max-memory", "much"], /--max-memory/],
    [["--config", "/nonexistent/fkvs.toml"], /fkvs\.toml/],
    [["--host", "0.0.0.0"], /insecure/],
    [["--no-tcp"], /unix/],
  ])("ends %j with one sentence and the exit code 2", async (args, sentence) => {
    expectSentence(await run(...args), 2, sentence);
  });

  test("ends a wrong key in the file with one sentence and the exit code 2", async () => {
    const path = join(folder, "wrong.toml");
    writeFileSync(path, "prot = 5995\n");
    expectSentence(await run("--config", path), 2, /prot/);
  });

  test("ends with the exit code 1 when the port is in use", async () => {
    await using first = spawnServer();
    const port = await first.port();
    await using second = spawnServer(["--port", `${port}`]);
    expectSentence(await second.ended(), 1, new RegExp(`127\\.0\\.0\\.1:${port}.*in use`));
    const client = await first.connect();
    expect(await client.ask(request.ping())).toHaveLength(1);
    client.close();
  });

  test("runs on any address with --insecure", async () => {
    await using server = spawnServer(["--host", "0.0.0.0", "--insecure"]);
    const client = await server.connect();
    expect(await client.ask(request.ping())).toHaveLength(1);
    client.close();
  });
});

describe.each([...ENGINES.keys()])("the unix socket, over %s,", (io) => {
  const spawn = (args: readonly string[] = []) => spawnServer(["--io", io, ...args]);

  test("serves, belongs to owner and group only, and is gone at the end", async () => {
    const path = join(folder, "plain.sock");
    await using server = spawn(["--unix", path]);
    await server.ready();
    expect(lstatSync(path).isSocket()).toBe(true);
    expect(lstatSync(path).mode & MODE_MASK).toBe(0o770);
    const client = await connectUnix(path);
    expect(show(await client.ask(request.ping("unix")))).toEqual(show(reply.pong("unix")));
    client.close();
    server.signal("SIGTERM");
    expectQuietEnd(await server.ended(), 0);
    expect(exists(path)).toBe(false);
  });

  test("is refused with the exit code 1 while another server is behind it", async () => {
    const path = join(folder, "live.sock");
    await using first = spawn(["--unix", path]);
    await first.ready();
    await using second = spawn(["--unix", path]);
    expectSentence(await second.ended(), 1, /live\.sock: another server is listening there/);
    const client = await connectUnix(path);
    expect(await client.ask(request.ping())).toHaveLength(1);
    client.close();
  });

  test("replaces what a server that was killed has left", async () => {
    const path = join(folder, "stale.sock");
    await using killed = spawn(["--unix", path]);
    await killed.ready();
    killed.signal("SIGKILL");
    await killed.ended();
    expect(exists(path)).toBe(true);
    await using server = spawn(["--unix", path]);
    await server.ready();
    const client = await connectUnix(path);
    expect(await client.ask(request.ping())).toHaveLength(1);
    client.close();
  });

  test("is refused with the exit code 1 where another file is, and the file kept", async () => {
    const path = join(folder, "file.txt");
    writeFileSync(path, "precious");
    await using server = spawn(["--unix", path]);
    expectSentence(await server.ended(), 1, /file\.txt: the file exists and is not a socket/);
    expect(exists(path)).toBe(true);
  });

  test("is left alone at the end when it has become another's", async () => {
    const path = join(folder, "taken.sock");
    await using server = spawn(["--unix", path]);
    await server.ready();
    renameSync(path, join(folder, "moved.sock"));
    const other = await listenElsewhere(path);
    server.signal("SIGTERM");
    expectQuietEnd(await server.ended(), 0);
    expect(exists(path)).toBe(true);
    other.close();
  });
});

// Of all engines at once: each takes the seconds that a slow client is given.
test("a signal ends the server although a client never reads its replies", async () => {
  await Promise.all(
    [...ENGINES.keys()].map(async (io) => {
      await using server = spawnServer(["--io", io]);
      await connectBlocked(server);
      server.signal("SIGTERM");
      expectQuietEnd(await server.ended(), 0);
    }),
  );
});

describe.each([...ENGINES.keys()])("a signal, over %s,", (io) => {
  const spawn = (args: readonly string[] = []) => spawnServer(["--io", io, ...args]);

  test.each(["SIGTERM", "SIGINT"] as const)("%s ends an idle server with 0", async (name) => {
    await using server = spawn();
    const client = await server.connect();
    await client.ask(request.ping());
    server.signal(name);
    await client.ended();
    expectQuietEnd(await server.ended(), 0);
  });

  test("lets everything that has arrived be answered", async () => {
    await using server = spawn();
    const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
    const count = 2000;
    const setUp = request.set("n", "0");
    await clients[0]!.ask(setUp);
    for (const client of clients) {
      client.send(...Array.from({ length: count }, () => request.incr("n")));
    }
    await waitUntil(
      () => clients.every(({ unsentBytes }) => unsentBytes === 0),
      () => "the requests to leave",
    );
    server.signal("SIGTERM");
    const replies = await Promise.all(clients.map((client) => client.replies(count)));
    const numbers = replies.flat().map((answer) => Number(answer.toString("latin1", 5)));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: count * clients.length }, (_, i) => i + 1),
    );
    for (const client of clients) await client.ended();
    expectQuietEnd(await server.ended(), 0);
  });

  test("lets a client that reads slowly have the replies to all that has arrived", async () => {
    await using server = spawn();
    const client = await server.connect();
    const value = "v".repeat(20_000);
    await client.ask(request.set("key", value));
    client.pause();
    const count = 3000;
    client.send(...Array.from({ length: count }, () => request.get("key")));
    await waitUntil(
      () => client.unsentBytes === 0,
      () => "the requests to leave",
    );
    const probe = await server.connect();
    await waitForBlocked(probe);
    server.signal("SIGTERM");
    client.resume();
    const replies = await client.replies(count);
    expect(replies.every((answer) => answer.length === value.length + 5)).toBe(true);
    expectQuietEnd(await server.ended(), 0);
  });

  test("ends the server at once when it is the second", async () => {
    const path = join(folder, "second.sock");
    await using server = spawn(["--unix", path]);
    const { idle } = await connectBlocked(server);
    server.signal("SIGTERM");
    await idle.ended();
    server.signal("SIGTERM");
    const ended = await server.ended();
    expectQuietEnd(ended, 128 + 15);
    expect(exists(path)).toBe(false);
  });

  test("refuses new connections from then on", async () => {
    await using server = spawn();
    const port = await server.port();
    const { client, idle } = await connectBlocked(server);
    server.signal("SIGTERM");
    await idle.ended();
    const late = TestClient.connect({ kind: "tcp", host: "127.0.0.1", port });
    await expect(late).rejects.toThrow();
    client.destroy();
    await server.ended();
  });
});
