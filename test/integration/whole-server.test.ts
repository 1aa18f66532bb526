// What concerns the whole server, asked of the real program with several data threads: whichever
// thread answers, it is one server.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { THREAD_MODES } from "../../src/lib/thread-mode.ts";
import { ENGINES } from "../support/describe-engines.ts";
import { RespClient } from "../support/resp-client.ts";
import { OK } from "../support/resp-model.ts";
import { spawnServer, type ServerProcess } from "../support/server-process.ts";
import { failLate } from "../support/wait-until.ts";

setDefaultTimeout(30_000);

const THREAD_COUNT = 2;
/** Connections are spread by the kernel; so many are hardly ever all given to one thread. */
const CLIENT_COUNT = 24;

class Stand implements AsyncDisposable {
  readonly clients: RespClient[] = [];
  readonly #server: ServerProcess;

  constructor(io: string, ...args: readonly string[]) {
    this.#server = spawnServer(["--io", io, "--threads", `${THREAD_COUNT}`, ...args]);
  }

  async connect(): Promise<RespClient> {
    const client = await RespClient.connect(await this.#server.port());
    this.clients.push(client);
    return client;
  }

  /** One client of each thread; clients of thread `i` have ids that leave `i` + 1. */
  async connectToEach(): Promise<[RespClient, RespClient]> {
    const byThread = new Map<number, RespClient>();
    for (let i = 0; i < CLIENT_COUNT || byThread.size < THREAD_COUNT; i++) {
      const client = await this.connect();
      const id = Number((await client.ask("CLIENT", "ID")).slice(1));
      byThread.set((id - 1) % THREAD_COUNT, client);
    }
    return [byThread.get(0)!, byThread.get(1)!];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client[Symbol.dispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}

async function info(client: RespClient): Promise<Map<string, string>> {
  const lines = (await client.ask("INFO", "everything")).split("\r\n");
  const pairs = lines
    .map((line) => /^(\w[^:]*):(.*)$/.exec(line))
    .filter((match) => match !== null);
  return new Map(pairs.toReversed().map((match) => [match[1]!, match[2]!]));
}

/** Asks until it is answered so: other threads show what they have a few times a second. */
async function askUntil(ask: () => Promise<boolean>, what: string): Promise<void> {
  const late = failLate(() => what);
  try {
    while (!(await Promise.race([ask(), late.promise]))) await Bun.sleep(5);
  } finally {
    late.cancel();
  }
}

const idsIn = (list: string): number[] =>
  [...list.matchAll(/\bid=(\d+) /g)].map((match) => Number(match[1]));

describe.each([...ENGINES.keys()])("a server with several data threads, over %s", (io) => {
  test.each(THREAD_MODES)("adds up what its threads count, %s", async (mode) => {
    await using stand = new Stand(io, "--mode", mode);
    const [first, second] = await stand.connectToEach();
    for (const client of stand.clients) {
      expect(await client.ask("SET", "k", "v")).toBe(OK);
      await client.ask("GET", "k");
      await client.ask("GET", "none");
      await client.ask("STRLEN", "k");
    }
    const count = stand.clients.length;
    const wanted = {
      keyspace_hits: `${count}`,
      keyspace_misses: `${count}`,
      connected_clients: `${count}`,
      total_connections_received: `${count}`,
      threads: `${THREAD_COUNT}`,
      threads_mode: mode,
    };
    for (const client of [first, second]) {
      await askUntil(
        async () => {
          const fields = await info(client);
          const isSummed = Object.entries(wanted).every(
            ([name, value]) => fields.get(name) === value,
          );
          const calls = /^calls=(\d+),/.exec(fields.get("cmdstat_strlen") ?? "")?.[1];
          return isSummed && calls === `${count}` && fields.get("db0")!.startsWith("keys=1,");
        },
        `${JSON.stringify(wanted)}`,
      );
    }
    const [one, other] = [await info(first), await info(second)];
    for (const name of ["run_id", "process_id", "tcp_port"]) {
      expect(other.get(name), name).toBe(one.get(name)!);
    }
    for (let thread = 0; thread < THREAD_COUNT; thread++) {
      expect(one.get(`thread_${thread}`)).toMatch(
        /^connections=[1-9]\d*,unlisted=0,commands=[1-9]/,
      );
    }
  });

  test("lists the clients of all threads, and kills them from any", async () => {
    await using stand = new Stand(io);
    const [first, second] = await stand.connectToEach();
    const count = stand.clients.length;
    for (const client of [first, second]) {
      await askUntil(
        async () => idsIn(await client.ask("CLIENT", "LIST")).length === count,
        "all clients",
      );
    }
    const ids = idsIn(await first.ask("CLIENT", "LIST"));
    expect(ids).toEqual(ids.toSorted((left, right) => left - right));
    expect(new Set(ids).size).toBe(count);
    const secondId = (await second.ask("CLIENT", "ID")).slice(1).trim();
    expect(await first.ask("CLIENT", "KILL", "ID", secondId)).toBe(":1\r\n");
    expect(await second.rest()).toHaveLength(0);
    await askUntil(
      async () => (await first.ask("CLIENT", "LIST", "ID", secondId)) === "$0\r\n\r\n",
      "the killed client to be gone",
    );
    expect(await first.ask("CLIENT", "KILL", "TYPE", "normal")).toBe(`:${count - 2}\r\n`);
    for (const client of stand.clients) if (client !== first) await client.rest();
    expect(await first.ask("PING")).toBe("+PONG\r\n");
    await askUntil(
      async () => idsIn(await first.ask("CLIENT", "LIST")).length === 1,
      "nobody but the caller",
    );
  });

  test("has one set of settings and one slow log", async () => {
    await using stand = new Stand(io);
    const [first, second] = await stand.connectToEach();
    expect(await first.ask("CONFIG", "SET", "slowlog-log-slower-than", "0")).toBe(OK);
    expect(await second.ask("CONFIG", "GET", "slowlog-log-slower-than")).toEndWith("$1\r\n0\r\n");
    await second.ask("ECHO", "from the second");
    expect(await first.ask("SLOWLOG", "GET")).toContain("from the second");
    expect(await second.ask("CONFIG", "SET", "maxmemory", `${32 * 2 ** 20}`)).toBe(OK);
    expect(await first.ask("CONFIG", "GET", "maxmemory")).toContain(`${32 * 2 ** 20}`);
    await first.ask("CONFIG", "RESETSTAT");
    for (const client of [first, second]) {
      expect(Number((await info(client)).get("total_connections_received"))).toBe(0);
    }
  });

  test("makes snapshots for whoever asks, and tells of them everywhere", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fkvs-whole-"));
    try {
      await using stand = new Stand(io, "--dir", folder);
      const [first, second] = await stand.connectToEach();
      const saves = async (client: RespClient) => (await info(client)).get("rdb_saves");
      expect(await second.ask("SAVE")).toBe(OK);
      expect(await saves(second)).toBe("1");
      expect(await saves(first)).toBe("1");
      expect(await second.ask("BGSAVE")).toStartWith("+Background saving started");
      await askUntil(async () => (await saves(first)) === "2", "the snapshot");
      expect(await first.ask("SAVE")).toBe(OK);
      await askUntil(async () => (await saves(second)) === "3", "the third snapshot");
      expect(await second.ask("LASTSAVE")).toBe(await first.ask("LASTSAVE"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
