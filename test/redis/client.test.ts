import { describe, expect, test } from "bun:test";
import { Client } from "../../src/redis/client.ts";

function createClient(address: string): Client {
  return new Client({
    connection: 7,
    id: 1,
    nowMs: 5,
    address,
    localAddress: "127.0.0.1:5995",
    isAuthenticated: true,
  });
}

describe("Client", () => {
  test.each([
    ["127.0.0.1:50000", false],
    ["[::1]:50000", false],
    ["/run/fkvs.sock:0", true],
  ])("of %s is of a Unix socket: %p", (address, isUnixSocket) => {
    expect(createClient(address).isUnixSocket).toBe(isUnixSocket);
  });

  test("is as before MULTI and WATCH after its transaction", () => {
    const client = createClient("127.0.0.1:50000");
    const before = { ...client };
    client.queue = [{ args: [], parcels: new Map() }];
    client.queueSize = 100;
    client.hasQueueError = true;
    client.watchedCount = 1;
    client.isDirty = true;
    client.endTransaction();
    expect({ ...client }).toEqual(before);
  });
});
