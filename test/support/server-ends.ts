// The ways in which a server process is asked to end.

import { expect } from "bun:test";
import { RespClient, encodeCommand } from "./resp-client.ts";
import type { ServerProcess } from "./server-process.ts";

export const SERVER_ENDS: Readonly<Record<string, (server: ServerProcess) => Promise<void>>> = {
  SIGTERM: async (server) => server.signal("SIGTERM"),
  SIGINT: async (server) => server.signal("SIGINT"),
  SHUTDOWN: async (server) => {
    using client = await RespClient.connect(await server.port());
    client.send(encodeCommand(["SHUTDOWN"]));
    expect(await client.rest()).toBeEmpty();
  },
};
export const SERVER_END_NAMES = Object.keys(SERVER_ENDS);
