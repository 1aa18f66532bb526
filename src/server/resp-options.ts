// What the operator has decided about RESP: from the command line to the data threads.

import { resolve } from "node:path";
import type { LogLevel } from "../lib/log.ts";
import type { Options } from "../options/option-table.ts";
import type { PersistenceSettings } from "../redis/setting-table.ts";

export interface RespOptions {
  /** Null = no password is wanted. */
  readonly password: string | null;
  /** v1, which has no passwords, is served although one is wanted. */
  readonly isV1Trusted: boolean;
  readonly isDebugAllowed: boolean;
  readonly maxValueBytes: number;
  /** What CONFIG GET tells of the addresses. */
  readonly host: string;
  readonly unix: string | null;
  readonly isProtected: boolean;
  readonly logLevel: LogLevel;
  /** What CONFIG GET tells of it; null = nothing is kept on disk. */
  readonly persistence: PersistenceSettings | null;
}

export function describePersistence(options: Options): PersistenceSettings | null {
  const { dir, durability, snapshotIntervalSeconds } = options;
  if (dir === null) return null;
  return { directory: resolve(dir), durability, snapshotIntervalSeconds };
}

const MIB = 1024 * 1024;

/** Of a server of nobody in particular: in-process benchmarks and tests. */
export const RESP_DEFAULTS: RespOptions = {
  password: null,
  isV1Trusted: false,
  isDebugAllowed: true,
  maxValueBytes: 16 * MIB,
  host: "127.0.0.1",
  unix: null,
  isProtected: true,
  logLevel: "error",
  persistence: null,
};
