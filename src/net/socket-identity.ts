import { lstatSync } from "node:fs";

/** Identity of a unix socket's file, to recognise ours at the end; null when there is none. */
export function identifySocket(path: string): string | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`;
}
