// Several engines on one address, as the data threads of a server have it.

import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { existsSync, linkSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadLibc } from "../../src/lib/libc.ts";
import type { Engine, ListenAddress, Sharing } from "../../src/net/engine.ts";
import { ListenEngine } from "../../src/net/listen-engine.ts";
import { createUringEngine } from "../../src/net/uring-engine.ts";
import { probeUring } from "../../src/uring/probe.ts";
import { loadUringLibc } from "../../src/uring/uring-libc.ts";
import { TestClient } from "../support/test-client.ts";
import { TestHandlers } from "../support/test-handlers.ts";
import { waitUntil } from "../support/wait-until.ts";

/** Enough that it would be odd if one of two got them all. */
const CLIENT_COUNT = 48;

const folder = mkdtempSync(join(tmpdir(), "fkvs-sharing-"));
afterAll(() => rmSync(folder, { recursive: true }));
let pathCount = 0;

interface Party {
  readonly engine: Engine;
  readonly handlers: TestHandlers;
}

const parties: Party[] = [];
const clients: TestClient[] = [];

afterEach(() => {
  for (const { engine, handlers } of parties.splice(0)) {
    engine.stopListening();
    for (let i = 0; i < openedCount(handlers); i++) engine.destroy(i);
  }
  for (const client of clients.splice(0)) client.destroy();
});

function openedCount({ events }: TestHandlers): number {
  return events.filter((event) => event.startsWith("opened ")).length;
}

function makeParty(make: (handlers: TestHandlers) => Engine): Party {
  const handlers = new TestHandlers(CLIENT_COUNT);
  const party = { engine: make(handlers), handlers };
  parties.push(party);
  return party;
}

/** Connects clients to an address; how many each of the parties got. */
async function spread(address: ListenAddress, among: readonly Party[]): Promise<number[]> {
  for (let i = 0; i < CLIENT_COUNT; i++) clients.push(await TestClient.connect(address));
  const counts = (): number[] => among.map(({ handlers }) => openedCount(handlers));
  const total = (): number => counts().reduce((sum, count) => sum + count, 0);
  await waitUntil(
    () => total() === CLIENT_COUNT,
    () => `${CLIENT_COUNT} connections, so far ${counts()}`,
  );
  return counts();
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "";
  }
  return "no error";
}

const libc = loadUringLibc();
const ENGINES: readonly [string, (handlers: TestHandlers) => Engine][] = [
  ["listen", (handlers) => new ListenEngine(handlers.windows, handlers, CLIENT_COUNT, loadLibc())],
];
if (libc !== null && probeUring(libc).usable) {
  const make = (handlers: TestHandlers): Engine =>
    createUringEngine(libc, handlers.windows, handlers, CLIENT_COUNT);
  (ENGINES as [string, typeof make][]).push(["uring", make]);
}

describe.skipIf(libc === null).each(ENGINES)("a port that engines share, over %s", (_, make) => {
  const tcp = (port: number, sharing?: Sharing): ListenAddress => {
    const address = { kind: "tcp", host: "127.0.0.1", port } as const;
    return sharing === undefined ? address : { ...address, sharing };
  };
  const portOf = (address: ListenAddress): number => (address.kind === "tcp" ? address.port : 0);

  test("has its connections spread over them", async () => {
    const [first, second] = [makeParty(make), makeParty(make)];
    const bound = first.engine.listen(tcp(0, "first"));
    expect(second.engine.listen({ ...bound, sharing: "further" })).toMatchObject({
      port: portOf(bound),
    });
    const counts = await spread(bound, [first, second]);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  test("is refused to others who would be first or alone, while one of them listens", () => {
    const [first, second, other] = [makeParty(make), makeParty(make), makeParty(make)];
    const port = portOf(first.engine.listen(tcp(0, "first")));
    expect(codeOf(() => other.engine.listen(tcp(port, "first")))).toBe("EADDRINUSE");
    second.engine.listen(tcp(port, "further"));
    expect(codeOf(() => other.engine.listen(tcp(port)))).toBe("EADDRINUSE");
    first.engine.stopListening();
    expect(codeOf(() => other.engine.listen(tcp(port, "first")))).toBe("EADDRINUSE");
  });

  test("cannot be joined where somebody listens alone", () => {
    const [alone, further] = [makeParty(make), makeParty(make)];
    const port = portOf(alone.engine.listen(tcp(0)));
    expect(codeOf(() => further.engine.listen(tcp(port, "further")))).toBe("EADDRINUSE");
  });
});

describe("a unix socket", () => {
  const freshPath = (): string => join(folder, `${pathCount++}.sock`);

  test("cannot be shared where Bun listens, and says so by having no descriptor", () => {
    const { engine } = makeParty(ENGINES[0]![1]);
    const address = { kind: "unix", path: freshPath(), sharing: "first" } as const;
    expect(engine.listen(address)).toEqual(address);
  });

  const makeUring = ENGINES[1]?.[1];
  test.skipIf(makeUring === undefined)("is accepted from by every io_uring engine", async () => {
    const [first, second] = [makeParty(makeUring!), makeParty(makeUring!)];
    const path = freshPath();
    const bound = first.engine.listen({ kind: "unix", path, sharing: "first" });
    expect(bound).toEqual({ kind: "unix", path, sharing: "first", descriptor: expect.any(Number) });
    second.engine.listen({ ...bound, sharing: "further" });
    // The first removes its name of the file when it stops; the other goes on.
    const link = freshPath();
    linkSync(path, link);
    first.engine.stopListening();
    const counts = await spread({ kind: "unix", path: link }, [first, second]);
    expect(counts).toEqual([0, CLIENT_COUNT]);
  });

  test.skipIf(makeUring === undefined)("has a file until its first engine stops", async () => {
    const [first, second] = [makeParty(makeUring!), makeParty(makeUring!)];
    const path = freshPath();
    const bound = first.engine.listen({ kind: "unix", path, sharing: "first" });
    second.engine.listen({ ...bound, sharing: "further" });
    second.engine.stopListening();
    expect(existsSync(path)).toBe(true);
    expect(await spread(bound, [first, second])).toEqual([CLIENT_COUNT, 0]);
    first.engine.stopListening();
    expect(existsSync(path)).toBe(false);
  });
});
