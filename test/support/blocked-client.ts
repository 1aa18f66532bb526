// Clients of a server process that do not read what it replies.

import type { ServerProcess } from "./server-process.ts";
import type { TestClient } from "./test-client.ts";
import { request } from "./v1-frames.ts";

/** So many replies of such a length that no socket takes them all. */
const VALUE_LENGTH = 60_000;
const REPLY_COUNT = 3000;

/** A client whose connection waits for it to read, and another that does nothing. */
export async function connectBlocked(
  server: ServerProcess,
): Promise<{ client: TestClient; idle: TestClient }> {
  const client = await server.connect();
  await client.ask(request.set("key", "v".repeat(VALUE_LENGTH)));
  client.pause();
  client.send(...Array.from({ length: REPLY_COUNT }, () => request.get("key")));
  const idle = await server.connect();
  await waitForBlocked(idle);
  return { client, idle };
}

/** Until some connection of the server waits for its client to read. */
export async function waitForBlocked(probe: TestClient): Promise<void> {
  for (;;) {
    const [info] = await probe.ask(request.info());
    if (/^path_blocked:[1-9]/m.test(info!.toString("latin1"))) return;
  }
}
