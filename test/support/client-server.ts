// The server that real clients are tried on: the real program, on a free port. With
// RESP_TEST_TARGET=redis it is Debian's redis-server instead, which shows whether a session asks
// for what is right.

import { RealRedis } from "./real-redis.ts";
import { ServerProcess } from "./server-process.ts";

export const TARGET = process.env["RESP_TEST_TARGET"] === "redis" ? "redis" : "fkvs";

const ARGS = ["--port", "0", "--max-memory", "512mb", "--enable-debug-command"];

export interface ClientServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

/** DEBUG is allowed. */
export async function startClientServer(password = ""): Promise<ClientServer> {
  const { port, server } = await start(password);
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function start(password: string): Promise<{ port: number; server: AsyncDisposable }> {
  if (TARGET === "redis") {
    const redis = await RealRedis.start(["--requirepass", password]);
    return { port: redis.port, server: redis };
  }
  const server = new ServerProcess(ARGS, password === "" ? {} : { FKVS_REQUIREPASS: password });
  try {
    return { port: await server.port(), server };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
