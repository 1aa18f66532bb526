// The real program in a process of its own, with nothing of this process's options in its way.

import type { Subprocess } from "bun";
import { fileURLToPath } from "node:url";
import { ENVIRONMENT_PREFIX } from "../../src/options/option-table.ts";
import {
  FAULT_VARIABLE,
  FAULTY_THREAD_VARIABLE,
  type DataThreadFault,
} from "./data-thread-fault.ts";
import { TestClient } from "./test-client.ts";
import { failLate } from "./wait-until.ts";

const MAIN_PATH = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const SMALL = ["--port", "0", "--max-memory", "64mb"];
const READY = /^fkvs-server ready .*\n/m;
const PORT = / tcp=\S+:(\d+) /;

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class ServerProcess implements AsyncDisposable {
  readonly #process: Subprocess<"ignore", "pipe", "pipe">;
  readonly #stderr: Promise<string>;
  readonly #stdoutEnd: Promise<void>;
  #stdout = "";
  readonly #ready = Promise.withResolvers<string>();

  /**
   * `preload` is the path of a module that the process loads before the program; `wrapper` a
   * program that becomes ours, with its arguments.
   */
  constructor(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    preload: string | null = null,
    wrapper: readonly string[] = [],
  ) {
    const bunArgs = preload === null ? [] : ["--preload", preload];
    const inherited = Object.entries(process.env).filter(
      ([name]) => !name.startsWith(ENVIRONMENT_PREFIX),
    );
    const command = [...wrapper, process.execPath, ...bunArgs, MAIN_PATH, ...args];
    this.#process = Bun.spawn(command, {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...Object.fromEntries(inherited), ...environment },
    });
    this.#stderr = this.#process.stderr.text();
    this.#stdoutEnd = this.#readStdout();
    this.#ready.promise.catch(() => {});
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** The line that says it serves. */
  async ready(): Promise<string> {
    const late = failLate(() => `the start line; so far ${JSON.stringify(this.#stdout)}`);
    try {
      return await Promise.race([this.#ready.promise, late.promise]);
    } finally {
      late.cancel();
    }
  }

  /** The TCP port it serves on. */
  async port(): Promise<number> {
    return Number(PORT.exec(await this.ready())![1]);
  }

  async connect(): Promise<TestClient> {
    return await TestClient.connect({ kind: "tcp", host: "127.0.0.1", port: await this.port() });
  }

  signal(name: "SIGTERM" | "SIGINT" | "SIGKILL"): void {
    this.#process.kill(name);
  }

  /** What it wrote and its exit code, once it has ended by itself. */
  async ended(): Promise<Ended> {
    const late = failLate(() => "the server to end");
    try {
      const stderr = await Promise.race([this.#stderr, late.promise]);
      await this.#stdoutEnd;
      const exitCode = await this.#process.exited;
      return { exitCode, stdout: this.#stdout, stderr };
    } finally {
      late.cancel();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  async #readStdout(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#process.stdout) {
      this.#stdout += decoder.decode(chunk, { stream: true });
      const line = READY.exec(this.#stdout)?.[0];
      if (line !== undefined) this.#ready.resolve(line.trimEnd());
    }
    this.#ready.reject(new Error(`the server ended before it served: ${await this.#stderr}`));
  }
}

/** A server with little memory on a free port. */
export function spawnServer(
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): ServerProcess {
  return new ServerProcess([...SMALL, ...args], environment);
}

/** The same with a fault in one of its data threads: faulty-data-thread.ts. */
export function spawnFaultyServer(
  fault: DataThreadFault,
  args: readonly string[] = [],
  thread = 0,
): ServerProcess {
  const preload = fileURLToPath(new URL("./faulty-data-thread.ts", import.meta.url));
  const environment = { [FAULT_VARIABLE]: fault, [FAULTY_THREAD_VARIABLE]: `${thread}` };
  return new ServerProcess([...SMALL, ...args], environment, preload);
}
