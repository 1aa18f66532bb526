// How many sockets this process may have: Bun raises the soft limit to the hard one at start, so
// the hard limit counts.

import { readFileSync } from "node:fs";

/** Descriptors that are not clients': the runtime's own, listeners, files. */
const RESERVED_COUNT = 64;
/** The same of every data thread after the first. */
const RESERVED_COUNT_PER_THREAD = 16;

/** Clients that the descriptor limit allows; Infinity where it cannot be read. */
export function clientCountByDescriptors(threadCount = 1, limits = readLimits()): number {
  const match = /^Max open files\s+\S+\s+(\S+)/m.exec(limits);
  if (match === null || match[1] === "unlimited") return Infinity;
  const reserved = RESERVED_COUNT + (threadCount - 1) * RESERVED_COUNT_PER_THREAD;
  return Math.max(1, Number(match[1]) - reserved);
}

function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}
