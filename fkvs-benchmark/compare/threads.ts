// What several data threads cost a request: CPU time against one thread, with keys that all threads
// share evenly, and with one key that everybody asks for.

import type { ContestPart } from "./contest-part.ts";
import { FKVS, type Contestant } from "./contestant.ts";
import type { Situation } from "./situation.ts";

const THREAD_COUNTS = [2, 4];
const MODES = ["shared", "sharded"];
const TESTS = ["get", "set"];

const ONE_THREAD: Contestant = { ...FKVS, name: "1 thread" };
const CONTESTANTS = [
  ONE_THREAD,
  ...THREAD_COUNTS.flatMap((count) => MODES.map((mode) => fkvsWithThreads(count, mode))),
  withOwnersAlone(fkvsWithThreads(2, "sharded")),
];
/**
 * A client of one thread waits for the replies of all servers' threads at once, and so has few
 * requests at a time for each, whose turns are short then: what would be measured is the client.
 */
const CLIENT_THREADS = 2;
const CLIENT = `the client with ${CLIENT_THREADS} threads`;
const REMARKS = [
  "The threads have all CPUs, and the client takes its part of one:",
  "what counts is the CPU time per request of all threads together.",
];

export function listThreadParts(pipelines: readonly number[]): ContestPart[] {
  const situations: Situation[] = TESTS.flatMap((test) =>
    pipelines.map((pipeline) => ({ test, pipeline, clientThreads: CLIENT_THREADS })),
  );
  const common = { contestants: CONTESTANTS, yardsticks: [ONE_THREAD.name], remarks: REMARKS };
  return [
    {
      ...common,
      name: "uniform",
      section: "threads-uniform",
      situations,
      conditions: ["random keys", CLIENT, "no persistence"],
    },
    {
      ...common,
      name: "hot",
      section: "threads-hot",
      situations: situations.map((situation) => ({ ...situation, keyCount: 1 })),
      conditions: ["of which all requests ask for one", CLIENT, "no persistence"],
    },
  ];
}

function fkvsWithThreads(count: number, mode: string): Contestant {
  return {
    ...FKVS,
    name: `${count} threads, ${mode}`,
    command: (port, folder) => [
      ...FKVS.command(port, folder),
      ...["--threads", `${count}`, "--mode", mode],
    ],
  };
}

function withOwnersAlone(contestant: Contestant): Contestant {
  return {
    ...contestant,
    name: `${contestant.name}, owners alone`,
    command: (port, folder) => [...contestant.command(port, folder), "--foreign-local", "none"],
  };
}
