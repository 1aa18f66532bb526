import { expect } from "bun:test";
import { RespClient } from "./resp-client.ts";
import type { ServerProcess } from "./server-process.ts";
import { reply, request, show } from "./v1-frames.ts";
import { failLate } from "./wait-until.ts";

/**
 * After a test: each of the program's threads has served, it still answers in both protocols, holds
 * nothing on account of clients that are gone, and ends as it should.
 */
export async function expectHealthyProcess(server: ServerProcess, threads = 1): Promise<void> {
  const client = await server.connect();
  expect(show(await client.ask(request.ping("still there?")))).toEqual(
    show(reply.pong("still there?")),
  );
  client.destroy();
  using resp = await RespClient.connect(await server.port());
  expect(await resp.ask("PING")).toBe("+PONG\r\n");
  await untilInfo(resp, "clients", (info) => figureOf(info, "connected_clients") === 1);
  await untilInfo(resp, "fkvs", (info) => figureOf(info, "entries_pinned") === 0);
  if (threads > 1) {
    await untilInfo(resp, "threads", (info) => {
      const counts = [...info.matchAll(/^thread_\d+:.*\bcommands=(\d+)/gm)];
      return counts.length === threads && counts.every(([, count]) => Number(count) > 0);
    });
  }
  server.signal("SIGTERM");
  const { exitCode, stderr } = await server.ended();
  expect(stderr.split("\n").filter((line) => line.includes(" error "))).toEqual([]);
  expect(exitCode).toBe(0);
}

/** Asks until INFO says what it has to: figures of other threads come a little late. */
export async function untilInfo(
  client: RespClient,
  section: string,
  isRight: (info: string) => boolean,
): Promise<void> {
  let info = "";
  const late = failLate(() => `another INFO than ${info}`);
  try {
    for (;;) {
      info = await Promise.race([client.ask("INFO", section), late.promise]);
      if (isRight(info)) return;
    }
  } finally {
    late.cancel();
  }
}

export function figureOf(info: string, name: string): number {
  const match = new RegExp(`^${name}:(\\d+)\r?$`, "m").exec(info);
  if (match === null) throw new Error(`INFO does not tell ${name}: ${info}`);
  return Number(match[1]);
}
