import { describe, expect, test } from "bun:test";
import { describeClient } from "../../src/redis/client-line.ts";
import type { Client } from "../../src/redis/client.ts";
import { createRedisFixture } from "../support/redis-fixture.ts";

function describeAfter(prepare: (client: Client) => void, unsentBytes = 0): string {
  const fixture = createRedisFixture({}, { server: { unsentBytes: () => unsentBytes } });
  const client = fixture.client();
  fixture.pass(61_999);
  prepare(client);
  return describeClient(client, fixture.server);
}

describe("a client's line", () => {
  test("has the fields of 7.2", () => {
    expect(describeAfter((client) => (client.lastCommandMs += 60_000))).toBe(
      "id=1 addr=127.0.0.1:50001 laddr=127.0.0.1:5995 fd=8 name= age=61 idle=1 flags=N db=0 " +
        "sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 " +
        "obl=0 oll=0 omem=0 tot-mem=0 events=r cmd=NULL user=default redir=-1 resp=2 " +
        "lib-name= lib-ver=\n",
    );
  });

  test("has what the client said of itself", () => {
    const line = describeAfter((client) => {
      client.name = "a";
      client.database = 3;
      client.version = 3;
      client.lastCommand = "client|list";
      client.libraryName = "lib";
      client.libraryVersion = "1.2";
    });
    expect(line).toContain(" name=a ");
    expect(line).toContain(" db=3 ");
    expect(line).toContain(
      " cmd=client|list user=default redir=-1 resp=3 lib-name=lib lib-ver=1.2\n",
    );
  });

  test("has the transaction and the replies that wait", () => {
    const line = describeAfter((client) => {
      client.queue = [{ args: [], parcels: new Map() }];
      client.queueSize = 100;
    }, 50);
    expect(line).toContain(" flags=x ");
    expect(line).toContain(" multi=1 ");
    expect(line).toContain(" multi-mem=100 ");
    expect(line).toContain(" oll=1 omem=50 tot-mem=150 events=rw ");
  });

  test.each<[string, (client: Client) => void]>([
    ["xd", (client) => Object.assign(client, { queue: [], isDirty: true })],
    ["c", (client) => Object.assign(client, { isClosing: true })],
    ["eT", (client) => Object.assign(client, { isEvictionExempt: true, isNoTouch: true })],
    ["U", (client) => Object.assign(client, { address: "/run/fkvs.sock:0" })],
  ])("has the flags %s", (flags, prepare) => {
    expect(describeAfter(prepare)).toContain(` flags=${flags} `);
  });
});
