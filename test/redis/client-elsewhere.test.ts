import { describe, expect, test } from "bun:test";
import { readClientElsewhere, showClient } from "../../src/redis/client-elsewhere.ts";
import { Client } from "../../src/redis/client.ts";

describe("a client elsewhere", () => {
  test("is read as it was shown, in one line of text", () => {
    const client = new Client({
      connection: 3,
      id: 8,
      nowMs: 0,
      address: "/tmp/a b\n.sock:0",
      localAddress: "127.0.0.1:5995",
      isAuthenticated: false,
    });
    const text = showClient(client, "id=8 name=é\n");
    expect(text).not.toContain("\n");
    expect(readClientElsewhere(text)).toEqual({
      id: 8,
      address: "/tmp/a b\n.sock:0",
      localAddress: "127.0.0.1:5995",
      isAuthenticated: false,
      line: "id=8 name=é\n",
    });
  });
});
