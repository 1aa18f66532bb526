// The file of a unix socket: refused while somebody serves it, replaced when it is a leftover,
// created for owner and group only, removed at the end if it is still ours.

import { lstatSync, rmSync, unlinkSync, type Stats } from "node:fs";
import { identifySocket } from "../net/socket-identity.ts";
import { StartError } from "./start-error.ts";

/** Leaves 0770 of a new socket's 0777. */
const SOCKET_UMASK = 0o007;

/** Makes sure that a socket can be created at the path. Throws StartError when it cannot. */
export async function clearSocketPath(path: string): Promise<void> {
  const stats = statOrNull(path);
  if (stats === null) return;
  if (!stats.isSocket()) {
    throw new StartError(`cannot listen on ${path}: the file exists and is not a socket`);
  }
  if (await isServed(path)) {
    throw new StartError(`cannot listen on ${path}: another server is listening there`);
  }
  unlinkSync(path);
}

/** Runs `create` so that sockets it makes belong to owner and group; affects the whole process. */
export async function withSocketUmask<T>(create: () => Promise<T>): Promise<T> {
  const previous = process.umask(SOCKET_UMASK);
  try {
    return await create();
  } finally {
    process.umask(previous);
  }
}

/** Removes the socket file unless somebody has put another in its place. */
export function removeSocket(path: string, identity: string | null): void {
  // By force: the data thread's engine may be removing it at this very moment.
  if (identity !== null && identifySocket(path) === identity) rmSync(path, { force: true });
}

async function isServed(path: string): Promise<boolean> {
  try {
    const socket = await Bun.connect({ unix: path, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

function statOrNull(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}
