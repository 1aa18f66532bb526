// Connections of a server in this process that wait for their clients to read.

import { expect } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import type { TestConnection } from "./test-engine.ts";
import type { InProcessServer } from "./test-server.ts";
import { request } from "./v1-frames.ts";

export const LARGE = "L".repeat(10_000);
/** Of a server whose connections are soon blocked. */
export const TIGHT = { spareWindows: 0, sendLimitBytes: 64 * 1024 };

/** A connection that is blocked: many replies and a socket that takes nothing. */
export function block(server: InProcessServer, count = 100): TestConnection {
  const client = server.connect();
  server.ask(client, request.set("large", LARGE));
  client.capacity = 0;
  client.feed(...Array.from({ length: count }, () => request.get("large")));
  server.engine.turn();
  expect(server.thread.connections.is(client.number, CONNECTION.BLOCKED)).toBe(true);
  return client;
}

export function drainAll(server: InProcessServer, client: TestConnection): Buffer[] {
  client.drain(Infinity);
  server.engine.turn();
  return client.takeReplies();
}
