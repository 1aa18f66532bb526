// The real program with several data threads, for one test or for all tests of a `describe`.

import { afterAll, beforeAll, describe } from "bun:test";
import { expectHealthyProcess } from "./expect-healthy-process.ts";
import { ServerProcess } from "./server-process.ts";
import { nameOfChoice, threadArgs, type ThreadChoice } from "./thread-choices.ts";

export interface RunningServer {
  readonly choice: ThreadChoice;
  readonly port: number;
}

/**
 * The same tests with each choice, one after the other over one server, which has to be healthy in
 * the end.
 */
export function describeThreads(
  title: string,
  choices: readonly ThreadChoice[],
  body: (server: RunningServer) => void,
  args: readonly string[] = ["--max-memory=64mb"],
): void {
  describe.each(choices.map((choice) => [nameOfChoice(choice), choice] as const))(
    `${title}: %s`,
    (_, choice) => {
      const running = { choice, port: 0 };
      let server: ServerProcess;
      beforeAll(async () => {
        server = new ServerProcess(["--port=0", ...threadArgs(choice), ...args]);
        running.port = await server.port();
      });
      afterAll(async () => {
        await withServer(server, (ended) => expectHealthyProcess(ended, choice.threads));
      });
      body(running);
    },
  );
}

/** Runs a test over a server and ends it; when it fails, what the server has written is told. */
export async function withServer(
  server: ServerProcess,
  body: (server: ServerProcess) => Promise<void>,
): Promise<void> {
  try {
    await body(server);
  } catch (error) {
    server.signal("SIGKILL");
    const { stderr } = await server.ended();
    throw new Error(`${error}\nThe server wrote:\n${stderr}`, { cause: error });
  } finally {
    await server[Symbol.asyncDispose]();
  }
}
