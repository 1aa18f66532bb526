// The servers that are compared: how each is started, with what it is asked, and what it is called.
// All are asked by our own client, in the protocol that is theirs: the same load, the same
// histogram and the same accounting for everybody, where redis-benchmark and memtier would each
// have their own.

import type { ProtocolName } from "../plan.ts";

export interface Contestant {
  readonly name: string;
  /** Whose version it has. */
  readonly program: string;
  readonly protocol: ProtocolName;
  /** The contestant before it whose running server is asked, in another protocol. */
  readonly sameServerAs?: string;
  /**
   * Program and arguments; the server is to listen on this port of 127.0.0.1. What files it keeps
   * are in a folder of its own, which goes when it ends.
   */
  readonly command: (port: number, folder: string) => readonly string[];
  /** Program and arguments that print its version. */
  readonly versionCommand: readonly string[];
}

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;

export const FKVS: Contestant = {
  name: "fkvs",
  program: "fkvs",
  protocol: "fkvs",
  command: (port) => [process.execPath, MAIN, "--port", `${port}`],
  versionCommand: [process.execPath, MAIN, "--version"],
};

/** Without persistence. */
export const REDIS: Contestant = {
  name: "redis",
  program: "redis",
  protocol: "resp",
  command: (port) => [
    ...["redis-server", "--port", `${port}`, "--bind", "127.0.0.1"],
    ...["--save", "", "--appendonly", "no"],
  ],
  versionCommand: ["redis-server", "--version"],
};

export const CONTESTANTS: readonly Contestant[] = [
  FKVS,
  { ...FKVS, name: "fkvs RESP", protocol: "resp", sameServerAs: FKVS.name },
  {
    ...FKVS,
    name: "fkvs --io listen",
    command: (port, folder) => [...FKVS.command(port, folder), "--io", "listen"],
  },
  REDIS,
  {
    name: "memcached",
    program: "memcached",
    protocol: "memcached",
    command: (port) => [
      ...["memcached", "-p", `${port}`, "-l", "127.0.0.1", "-U", "0", "-t", "1", "-m", "4096"],
      ...(process.getuid?.() === 0 ? ["-u", "nobody"] : []),
    ],
    versionCommand: ["memcached", "-V"],
  },
];

/** Whether its program is there. */
export function isInstalled(contestant: Contestant): boolean {
  return Bun.which(contestant.command(0, "")[0]!) !== null;
}

/** The first number with dots in what the program says of its version. */
export function versionOf(contestant: Contestant): string {
  const { stdout } = Bun.spawnSync([...contestant.versionCommand]);
  return /\d+(\.\d+)+/.exec(stdout.toString())?.[0] ?? "unknown";
}
