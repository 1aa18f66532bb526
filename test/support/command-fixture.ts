// One connection to a server that the test plays by hand, for tests of what commands reply.

import { InProcessServer, type TestServerOptions } from "./test-server.ts";
import { ERROR, show } from "./v1-frames.ts";

export type Ask = (...requests: readonly Buffer[]) => string[];

/** `ask` shows the replies as a failing test should, `askBytes` gives them as they are. */
export function setUpCommands(options: TestServerOptions = {}) {
  const server = new InProcessServer(options);
  const client = server.connect();
  const askBytes = (...requests: readonly Buffer[]) => server.ask(client, ...requests);
  const ask: Ask = (...requests) => show(askBytes(...requests));
  /** How many of the requests took the short way. */
  const countFast = (...requests: readonly Buffer[]) => {
    const { executor } = server.thread;
    const before = executor.fastCount;
    askBytes(...requests);
    return executor.fastCount - before;
  };
  return { server, client, ask, askBytes, countFast };
}

/** Asks one after another until an error, as when memory is full; how many came before it. */
export function askUntilRefused(ask: Ask, requestOf: (i: number) => Buffer): number {
  const [refused] = show(ERROR);
  for (let i = 0; ; i++) if (ask(requestOf(i))[0] === refused) return i;
}
