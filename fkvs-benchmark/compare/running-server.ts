// A contestant that runs: started on a port of its own, with a folder of its own, and, where
// taskset is there, on the CPU it is to have; ended by its process id.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Contestant } from "./contestant.ts";

/** Where a server is put. */
export interface ServerPlace {
  /** Null = wherever the system likes. */
  readonly cpu: number | null;
  /** In it the server's own folder is made; null = the system's one for such. */
  readonly parentFolder: string | null;
}

const START_TIMEOUT_MS = 10_000;
const POLL_MS = 20;
/** Kept of what a server says at its start. */
const START_TEXT_LENGTH_MAX = 4096;

type PipedProcess = Bun.Subprocess<"ignore", "pipe", "pipe">;

export class RunningServer implements AsyncDisposable {
  readonly contestant: Contestant;
  readonly port: number;
  readonly #process: PipedProcess;
  readonly #folder: string;
  #startText = "";
  readonly #outputEnd: Promise<unknown>;

  private constructor(contestant: Contestant, port: number, folder: string, process: PipedProcess) {
    this.contestant = contestant;
    this.port = port;
    this.#folder = folder;
    this.#process = process;
    this.#outputEnd = Promise.all([this.#listen(process.stdout), this.#listen(process.stderr)]);
  }

  /** Starts a server and waits until it accepts connections. */
  static async start(contestant: Contestant, place: ServerPlace): Promise<RunningServer> {
    const port = findFreePort();
    const folder = mkdtempSync(join(place.parentFolder ?? tmpdir(), "fkvs-compare-"));
    const child = Bun.spawn([...pinTo(place.cpu), ...contestant.command(port, folder)], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const server = new RunningServer(contestant, port, folder, child);
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
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #waitUntilReady(): Promise<void> {
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < deadlineMs && this.#process.exitCode === null) {
      if (await acceptsConnections(this.port)) return;
      await Bun.sleep(POLL_MS);
    }
    this.#process.kill("SIGKILL");
    await this.#outputEnd;
    rmSync(this.#folder, { recursive: true, force: true });
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
