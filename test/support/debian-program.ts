// Programs of Debian that tests use where they are there. They are looked for and never installed:
// what is missing is said loudly, and its tests are skipped.

import { describe, test } from "bun:test";

const TIMEOUT_MS = 30_000;

export interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  /** After this long it is told to end, as by Ctrl-C. */
  readonly interruptAfterMs?: number;
}

/** Runs a program to its end, or to the end of its time. */
export async function runProgram(
  path: string,
  args: readonly string[],
  { stdin = "", interruptAfterMs = TIMEOUT_MS }: RunOptions = {},
): Promise<Ran> {
  await using child = Bun.spawn([path, ...args], {
    stdin: Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
    timeout: interruptAfterMs,
    killSignal: "SIGINT",
  });
  const kill = setTimeout(() => child.kill("SIGKILL"), interruptAfterMs + TIMEOUT_MS);
  try {
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    await child.exited;
    return { exitCode: child.exitCode, stdout, stderr };
  } finally {
    clearTimeout(kill);
  }
}

/** The tests of `body`, or one that says why they are skipped. `path` is handed to `body`. */
export function describeProgram(
  program: string,
  debianPackage: string,
  body: (path: string) => void,
  path: string | null = Bun.which(program),
): void {
  if (path !== null) {
    describe(program, () => body(path));
    return;
  }
  const why = `${program} is missing: apt-get install ${debianPackage}`;
  console.warn(`SKIPPED: ${why}`);
  test.skip(why, () => {});
}
