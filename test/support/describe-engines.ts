// What must hold whichever engine serves: `describeEngines` runs the same tests over each that
// works here, and says so where one does not.

import { describe, test } from "bun:test";
import { makeListenEngine, type EngineMaker } from "../../src/server/data-thread.ts";
import { makeUringEngine } from "../../src/server/engine-choice.ts";
import { probeUring } from "../../src/uring/probe.ts";
import { loadUringLibc } from "../../src/uring/uring-libc.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "./test-server.ts";

export type StartServer = (options?: TestServerOptions) => Promise<TestServer>;

const libc = loadUringLibc();
const probe = probeUring(libc);

/** Those that work here, by name. */
export const ENGINES: ReadonlyMap<string, EngineMaker> = new Map([
  ["listen", makeListenEngine],
  ...(libc !== null && probe.usable ? [["uring", makeUringEngine(libc)] as const] : []),
]);

/** The body gets the number of the engine, too. */
export function describeEngines(
  title: string,
  body: (startServer: StartServer, engineIndex: number) => void,
): void {
  for (const [index, [name, makeEngine]] of [...ENGINES].entries()) {
    describe(`${title}, over ${name}`, () => {
      body((options = {}) => startTestServer({ makeEngine, ...options }), index);
    });
  }
  if (!probe.usable) test.skip(`${title}, over uring: ${probe.reason}`, () => {});
}
