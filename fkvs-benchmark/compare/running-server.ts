// A contestant that runs: started on a port of its own and, where taskset is there, on a CPU of its
// own; ended by its process id.

import type { Contestant } from "./contestant.ts";

const START_TIMEOUT_MS = 10_000;
const POLL_MS = 20;
/** Kept of what a server says at its start. */
const START_TEXT_LENGTH_MAX = 4096;

type PipedProcess = Bun.Subprocess<"ignore", "pipe", "pipe">;

export class RunningServer implements AsyncDisposable {
  readonly contestant: Contestant;
  readonly port: number;
  readonly #process: PipedProcess;
  #startText = "";
  readonly #outputEnd: Promise<unknown>;

  private constructor(contestant: Contestant, port: number, process: PipedProcess) {
    this.contestant = contestant;
    this.port = port;
    this.#process = process;
    this.#outputEnd = Promise.all([this.#listen(process.stdout), this.#listen(process.stderr)]);
  }

  /**
   * Starts a server and waits until it accepts connections; `cpu` null = wherever the system likes.
   */
  static async start(contestant: Contestant, cpu: number | null): Promise<RunningServer> {
    const port = findFreePort();
    const child = Bun.spawn([...pinTo(cpu), ...contestant.command(port)], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const server = new RunningServer(contestant, port, child);
    await server.#waitUntilReady();
    return server;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** What it has said so far, the start line of ours first. */
  get startText(): string {
    return this.#startText;
  }

  /** Resident memory in bytes. */
  async residentBytes(): Promise<number> {
    const status = await Bun.file(`/proc/${this.pid}/status`).text();
    return Number(/VmRSS:\s*(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.exited;
  }

  async #waitUntilReady(): Promise<void> {
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < deadlineMs && this.#process.exitCode === null) {
      if (await acceptsConnections(this.port)) return;
      await Bun.sleep(POLL_MS);
    }
    this.#process.kill("SIGKILL");
    await this.#outputEnd;
    const said = this.#startText.trim();
    const ending = said === "" ? ", and said nothing" : `:\n${said}`;
    throw new Error(`${this.contestant.name} did not start on port ${this.port}${ending}`);
  }

  /** Reads to the end, so that the server never waits for a reader. */
  async #listen(output: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of output) {
      const room = START_TEXT_LENGTH_MAX - this.#startText.length;
      if (room > 0) this.#startText += decoder.decode(chunk, { stream: true }).slice(0, room);
    }
  }
}

/** What has to stand before a command so that it runs on one CPU. */
export function pinTo(cpu: number | null): string[] {
  return cpu === null || Bun.which("taskset") === null ? [] : ["taskset", "-c", `${cpu}`];
}

function findFreePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

async function acceptsConnections(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}
