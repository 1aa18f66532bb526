import { expect } from "bun:test";
import type { TestServer } from "./test-server.ts";
import { reply, request, show } from "./v1-frames.ts";
import { waitUntil } from "./wait-until.ts";

/**
 * After a fault: a new client gets its PONG, and once the connections of the test are gone, the
 * server holds nothing on their account. `left` of them are still there.
 */
export async function expectHealthy(server: TestServer, left = 0): Promise<void> {
  const { connections, store } = server.thread;
  const client = await server.connect();
  expect(show(await client.ask(request.ping("still there?")))).toEqual(
    show(reply.pong("still there?")),
  );
  client.close();
  await waitUntil(
    () => connections.openCount === left,
    () => `${connections.openCount} connections to close`,
  );
  expect(connections.acceptedCount - connections.closedCount).toBe(left);
  if (left > 0) return;
  expect(store.pins.count).toBe(0);
}
