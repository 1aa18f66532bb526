// The real program with several data threads, started and stopped again and again, over every
// engine and in both modes: it serves at once, keeps what it has said it keeps, and ends cleanly.
//
//   THREAD_STARTS=100 bun test test/integration/thread-starts.test.ts

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { THREAD_MODES } from "../../src/lib/thread-mode.ts";
import { DataFolder } from "../support/data-folder.ts";
import { ENGINES } from "../support/describe-engines.ts";
import { RespClient, encodeCommand } from "../support/resp-client.ts";
import { SERVER_ENDS, SERVER_END_NAMES } from "../support/server-ends.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { TestClient } from "../support/test-client.ts";
import { reply, request, show } from "../support/v1-frames.ts";

const START_COUNT = Number(process.env["THREAD_STARTS"] ?? 10);
const THREAD_COUNT = 4;
/** Enough that every thread has some. */
const CLIENT_COUNT = 24;
const TIMEOUT_MS = 60_000 + 10_000 * START_COUNT;

const CASES = [...ENGINES.keys()].flatMap((io) => THREAD_MODES.map((mode) => ({ io, mode })));

async function expectKept(server: ServerProcess, keyCount: number): Promise<void> {
  using client = await RespClient.connect(await server.port());
  client.send(encodeCommand(["DBSIZE"]));
  expect((await client.reply())?.toString()).toBe(`:${keyCount}\r\n`);
}

/** Each client writes a key; all of them are answered. */
async function write(clients: readonly TestClient[], round: number): Promise<void> {
  const answers = await Promise.all(
    clients.map((client, i) => client.ask(request.set(`${round}.${i}`, `value ${i}`))),
  );
  for (const [i, replies] of answers.entries()) {
    expect(show(replies)).toEqual(show(reply.value(`value ${i}`)));
  }
}

describe("several data threads", () => {
  test(
    `are started and stopped ${START_COUNT} times`,
    async () => {
      for (let i = 0; i < Math.min(START_COUNT, CASES.length); i++) {
        const { io, mode } = CASES[i]!;
        using folder = new DataFolder();
        const unix = join(folder.path, "..", `fkvs-threads-${process.pid}.sock`);
        const args = [`--threads=${THREAD_COUNT}`, `--io=${io}`, `--mode=${mode}`, "--unix", unix];
        let keyCount = 0;
        for (let round = 0; i + round * CASES.length < START_COUNT; round++) {
          await using server = folder.start(args);
          const line = await server.ready();
          expect(line).toContain(` engine=${io} `);
          expect(line).toContain(` threads=${THREAD_COUNT} mode=${mode} `);
          await expectKept(server, keyCount);
          const clients: TestClient[] = [];
          for (let client = 0; client < CLIENT_COUNT; client++) {
            const wantsUnix = client % 4 === 0;
            const address = wantsUnix ? ({ kind: "unix", path: unix } as const) : null;
            clients.push(await (address ? TestClient.connect(address) : server.connect()));
          }
          await write(clients, round);
          keyCount += CLIENT_COUNT;
          await SERVER_ENDS[SERVER_END_NAMES[round % SERVER_END_NAMES.length]!]!(server);
          const { exitCode, stderr } = await server.ended();
          expect({ round, io, mode, exitCode, stderr }).toMatchObject({ exitCode: 0 });
          expect(stderr).not.toContain(" error ");
          for (const client of clients) await client.ended();
          expect(existsSync(unix)).toBe(false);
          expect(folder.names().filter((name) => name.includes("tmp"))).toEqual([]);
        }
      }
    },
    TIMEOUT_MS,
  );
});

describe("the port of several data threads", () => {
  test.each(CASES)("is refused to another server: $io, $mode", async ({ io, mode }) => {
    using folder = new DataFolder();
    await using server = folder.start([`--threads=2`, `--io=${io}`, `--mode=${mode}`]);
    const port = await server.port();
    for (const count of [1, 2]) {
      using other = new DataFolder();
      const ended = await other.startInVain([`--port=${port}`, `--threads=${count}`, `--io=${io}`]);
      expect(ended.stderr).toContain(
        `cannot listen on 127.0.0.1:${port}: the address is in use by another program`,
      );
      expect(ended).toMatchObject({ exitCode: 1, stdout: "" });
    }
  });
});
