// How much CPU time a process has used, from Linux's /proc; null on other systems, and for a
// process that is gone or not ours to look at.
//
//   /proc/PID/task/TID/schedstat   123456789 2345 67     ns on a CPU, ns waiting for one, times
//   /proc/PID/stat                 … utime stime …       clock ticks of 10 ms, where there is no
//                                                        schedstat
//
// Each thread counts for itself, because a sum over threads would fall when one ends: the time of
// one that has ended between two readings is lost, that of a new one is all in between.

import { readdirSync, readFileSync } from "node:fs";

/** CPU nanoseconds by thread; a process read as a whole is one thread. */
export interface CpuSample {
  readonly threadNs: ReadonlyMap<string, number>;
  readonly atMs: number;
}

export interface CpuReader {
  readonly pid: number;
  /** Null once the process is gone. */
  read(): CpuSample | null;
}

const PROC = "/proc";
/** USER_HZ, the same on every system Bun runs on. */
const TICK_NS = 10_000_000;
/** After the name, which is in brackets and may hold anything: utime and stime. */
const UTIME_FIELD = 11;
const STIME_FIELD = 12;

/** Null when there is no such process, or no /proc. The folder is another one in tests. */
export function openServerCpu(pid: number, proc: string = PROC): CpuReader | null {
  const read = (): CpuSample | null => {
    const threadNs = readThreads(`${proc}/${pid}`) ?? readWhole(`${proc}/${pid}`);
    return threadNs === null ? null : { threadNs, atMs: performance.now() };
  };
  return read() === null ? null : { pid, read };
}

export function cpuMsBetween(before: CpuSample, after: CpuSample): number {
  let ns = 0;
  for (const [thread, afterNs] of after.threadNs) {
    ns += Math.max(0, afterNs - (before.threadNs.get(thread) ?? 0));
  }
  return ns / 1e6;
}

function readThreads(folder: string): Map<string, number> | null {
  const threadNs = new Map<string, number>();
  for (const thread of listFolder(`${folder}/task`)) {
    const text = readText(`${folder}/task/${thread}/schedstat`);
    const match = /^(\d+) /.exec(text ?? "");
    // It may have ended since the folder was listed.
    if (match !== null) threadNs.set(thread, Number(match[1]));
  }
  return threadNs.size === 0 ? null : threadNs;
}

function readWhole(folder: string): Map<string, number> | null {
  const text = readText(`${folder}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[UTIME_FIELD]) + Number(fields[STIME_FIELD]);
  return Number.isFinite(ticks) ? new Map([["", ticks * TICK_NS]]) : null;
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
