// Debian's redis-server, which says what is right. Where it is missing, the tests that need it are
// skipped: debian-program.ts.

import type { Subprocess } from "bun";
import { tmpdir } from "node:os";
import { failLate } from "./wait-until.ts";

const READY = "Ready to accept connections";
const ATTEMPT_COUNT = 5;
const ARGS = [
  ...["--bind", "127.0.0.1"],
  ...["--save", ""],
  ...["--appendonly", "no"],
  // It would load what somebody has saved there.
  ...["--dir", tmpdir(), "--dbfilename", "fkvs-test-there-is-none.rdb"],
  ...["--enable-debug-command", "yes"],
];

export class RealRedis implements AsyncDisposable {
  readonly port: number;
  readonly #process: Subprocess<"ignore", "pipe", "pipe">;

  private constructor(process: Subprocess<"ignore", "pipe", "pipe">, port: number) {
    this.#process = process;
    this.port = port;
  }

  /** Serves when this has settled. The port may be taken by another meanwhile: it tries again. */
  static async start(args: readonly string[] = []): Promise<RealRedis> {
    for (let attempt = 1; ; attempt++) {
      const port = findFreePort();
      const process = Bun.spawn(["redis-server", "--port", `${port}`, ...ARGS, ...args], {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const log = await readUntilReady(process);
      if (log === null) return new RealRedis(process, port);
      process.kill("SIGKILL");
      if (attempt === ATTEMPT_COUNT) throw new Error(`redis-server does not start: ${log}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}

/** Null = it serves; otherwise what it said before it ended. */
async function readUntilReady(
  process: Subprocess<"ignore", "pipe", "pipe">,
): Promise<string | null> {
  const late = failLate(() => "redis-server to serve");
  try {
    return await Promise.race([findReady(process.stdout), late.promise]);
  } finally {
    late.cancel();
  }
}

async function findReady(stdout: ReadableStream<Uint8Array>): Promise<string | null> {
  let text = "";
  const decoder = new TextDecoder();
  const reader = stdout.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
    if (!text.includes(READY)) continue;
    void drain(reader);
    return null;
  }
}

/** A pipe that nobody reads fills and stops its writer. */
async function drain(reader: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await reader.read()).done);
}

export function findFreePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
