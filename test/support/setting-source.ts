// The settings of a server that nobody has started, for tests.

import { CommandStats } from "../../src/redis/command-stats.ts";
import type { SettingSource } from "../../src/redis/setting-table.ts";
import { SlowLog } from "../../src/redis/slow-log.ts";

export function createSettingSource(changes: Partial<SettingSource> = {}): SettingSource {
  return {
    port: () => 5995,
    host: "127.0.0.1",
    unix: null,
    maxClients: 10_000,
    maxValueBytes: 16 * 1024 * 1024,
    logLevel: "info",
    isProtected: true,
    isDebugAllowed: false,
    directory: "/srv/fkvs",
    persistence: null,
    tickHz: 10,
    memory: { read: () => 2 ** 30, range: null, change() {} },
    slowLog: new SlowLog(),
    stats: new CommandStats([]),
    ...changes,
  };
}
