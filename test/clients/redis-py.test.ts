// redis-py, as Debian has it, runs the session of redis-py-session.py.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { startClientServer, type ClientServer } from "../support/client-server.ts";
import { describeProgram, runProgram } from "../support/debian-program.ts";

const SESSION_PATH = fileURLToPath(new URL("./redis-py-session.py", import.meta.url));

/** A Python that has the package, Debian's or another. */
function findPython(): string | null {
  const candidates = ["/usr/bin/python3", Bun.which("python3")];
  const hasPackage = (path: string | null) =>
    path !== null && spawnSync(path, ["-c", "import redis"]).status === 0;
  return candidates.find(hasPackage) ?? null;
}

describeProgram(
  "redis-py",
  "python3-redis",
  (path) => {
    let server: ClientServer;

    beforeAll(async () => {
      server = await startClientServer();
    });

    afterAll(() => server[Symbol.asyncDispose]());

    test("goes through its session", async () => {
      const ran = await runProgram(path, [SESSION_PATH, `${server.port}`]);
      expect(ran.stderr).toBe("");
      expect(ran.stdout).toBe("the session is through\n");
      expect(ran.exitCode).toBe(0);
    });
  },
  findPython(),
);
