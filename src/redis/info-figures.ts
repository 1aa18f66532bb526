// The numbers that INFO tells, by section. The server fills them in; the sections only format.
//
// Counts are since the start or the last CONFIG RESETSTAT, except where it says otherwise.

export interface InfoFigures {
  readonly server: ServerFigures;
  readonly clients: ClientFigures;
  readonly memory: MemoryFigures;
  readonly stats: StatFigures;
  readonly cpu: CpuFigures;
  /** By the number of the database; those without keys are not shown. */
  readonly databases: readonly DatabaseFigures[];
}

export interface ServerFigures {
  readonly fkvsVersion: string;
  /** As uname has it: `Linux 6.1.0 x86_64`. */
  readonly os: string;
  /** 32 or 64. */
  readonly addressBits: number;
  /** How sockets are waited for: `epoll`, `io_uring`. */
  readonly multiplexer: string;
  readonly processId: number;
  /** 40 hexadecimal digits, other ones with each start. */
  readonly runId: string;
  /** 0 = no TCP. */
  readonly port: number;
  /** Since the epoch. */
  readonly nowMs: number;
  readonly startedMs: number;
  readonly uptimeSeconds: number;
  /** How often a second the server looks after itself. */
  readonly tickHz: number;
  readonly executable: string;
  /** Empty = none. */
  readonly configFile: string;
}

export interface ClientFigures {
  readonly connectedCount: number;
  readonly countMax: number;
}

/** Bytes. */
export interface MemoryFigures {
  /** What counts against the limit: entries, slots, expiry index, windows. */
  readonly used: number;
  readonly usedPeak: number;
  /** `used` when the server had started, without any key. */
  readonly startup: number;
  /** Keys and values with their headers: a part of `used`. */
  readonly dataset: number;
  /** Windows of the connections: a part of `used`. */
  readonly windows: number;
  readonly resident: number;
  readonly limit: number;
  readonly system: number;
}

export interface StatFigures {
  readonly connectionsReceived: number;
  readonly connectionsRejected: number;
  /** Of every protocol. */
  readonly commandsProcessed: number;
  /** Lately; see rate-window.ts. */
  readonly commandsPerSecond: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly inputBytesPerSecond: number;
  readonly outputBytesPerSecond: number;
  readonly readCount: number;
  readonly writeCount: number;
  readonly expiredKeys: number;
  readonly keyspaceHits: number;
  readonly keyspaceMisses: number;
  /** Commands that changed something, since the start. */
  readonly changeCount: number;
}

/** Seconds of the whole process since its start. */
export interface CpuFigures {
  readonly system: number;
  readonly user: number;
}

export interface DatabaseFigures {
  readonly keyCount: number;
  readonly deadlineCount: number;
  /** Mean time to live of the keys with a deadline; 0 = not known, as in Redis. */
  readonly averageTtlMs: number;
}
