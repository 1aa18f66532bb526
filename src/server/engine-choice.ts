// Which engine serves: io_uring where it works here, Bun.listen elsewhere, or what was asked for.

import type { IoChoice } from "../lib/io-choice.ts";
import { createUringEngine } from "../net/uring-engine.ts";
import { probeUring } from "../uring/probe.ts";
import { loadUringLibc, type UringLibc } from "../uring/uring-libc.ts";
import { makeListenEngine, type EngineMaker } from "./data-thread.ts";
import { StartError } from "./start-error.ts";

export interface EngineChoice {
  readonly make: EngineMaker;
  /** Why this one, for the start line and INFO: a few words. */
  readonly reason: string;
}

/** Throws StartError when the one that was asked for cannot work. */
export function chooseEngine(
  io: IoChoice,
  libc: UringLibc | null = io === "listen" ? null : loadUringLibc(),
): EngineChoice {
  if (io === "listen") return { make: makeListenEngine, reason: "asked for" };
  const obstacle = findObstacle(libc);
  if (libc !== null && obstacle === null) {
    return { make: makeUringEngine(libc), reason: io === "uring" ? "asked for" : "works here" };
  }
  if (io === "uring") throw new StartError(`--io uring cannot work here: ${obstacle}`);
  return { make: makeListenEngine, reason: obstacle ?? "no io_uring" };
}

export function makeUringEngine(libc: UringLibc): EngineMaker {
  return (windows, handlers, connectionCount) =>
    createUringEngine(libc, windows, handlers, connectionCount);
}

function findObstacle(libc: UringLibc | null): string | null {
  const probe = probeUring(libc);
  return probe.usable ? null : probe.reason;
}
