// Recorded from redis-server 7.0.15. Who is meant is tested through CLIENT LIST and CLIENT KILL.

import { describe, expect, test } from "bun:test";
import { CLIENT_HANDLERS } from "../../src/redis/client-commands.ts";
import { createRedisFixture } from "../support/redis-fixture.ts";

const SYNTAX = "-ERR syntax error\r\n";
const BAD_ID = "-ERR client-id should be greater than 0\r\n";
const BAD_TYPE = "-ERR Unknown client type 'x'\r\n";
const NOBODY = "-ERR No such client\r\n";

/** Three clients with the ids 1, 2 and 3; the first one calls. */
function createFixture() {
  const fixture = createRedisFixture(CLIENT_HANDLERS);
  const client = fixture.client();
  fixture.client();
  fixture.client();
  const run = (text: string) => fixture.run(client, "client", ...text.split(" "));
  return { fixture, run };
}

describe("CLIENT LIST", () => {
  test.each([
    ["list", [1, 2, 3]],
    ["list type normal", [1, 2, 3]],
    ["list TYPE Normal", [1, 2, 3]],
    ["list type master", []],
    ["list type slave", []],
    ["list type replica", []],
    ["list type pubsub", []],
    ["list id 3", [3]],
    ["list ID 3 1 3", [3, 1, 3]],
    ["list id 0 -1 9999 2", [2]],
  ])("%s lists %j", (text, ids) => {
    const { run } = createFixture();
    const reply = run(text);
    expect([...reply.matchAll(/\bid=(\d+) /g)].map((match) => Number(match[1]))).toEqual(ids);
    if (ids.length === 0) expect(reply).toBe("$0\r\n\r\n");
  });

  test.each([
    ["list x", SYNTAX],
    ["list type", SYNTAX],
    ["list id", SYNTAX],
    ["list type x", BAD_TYPE],
    ["list type normal x", SYNTAX],
    ["list x y", SYNTAX],
    ["list id x", "-ERR Invalid client ID\r\n"],
    ["list id 1 99999999999999999999", "-ERR Invalid client ID\r\n"],
  ])("%s is refused", (text, reply) => {
    expect(createFixture().run(text)).toBe(reply);
  });
});

describe("CLIENT KILL", () => {
  test.each([
    ["kill 127.0.0.1:50002", "+OK\r\n", [2]],
    ["kill 127.0.0.1:50001", "+OK\r\n", [1]],
    ["kill addr 127.0.0.1:50002", ":1\r\n", [2]],
    ["kill addr 127.0.0.1:50001", ":0\r\n", []],
    ["kill addr 127.0.0.1:50001 skipme no", ":1\r\n", [1]],
    ["kill laddr 127.0.0.1:5995", ":2\r\n", [2, 3]],
    ["kill laddr x", ":0\r\n", []],
    ["kill id 3", ":1\r\n", [3]],
    ["kill id 1", ":0\r\n", []],
    ["kill ID 1 SKIPME NO", ":1\r\n", [1]],
    ["kill id 9999", ":0\r\n", []],
    ["kill type normal", ":2\r\n", [2, 3]],
    ["kill type pubsub", ":0\r\n", []],
    ["kill user default skipme yes", ":2\r\n", [2, 3]],
    ["kill skipme no", ":3\r\n", [2, 3, 1]],
    ["kill skipme no type normal", ":3\r\n", [2, 3, 1]],
    ["kill id 2 addr 127.0.0.1:50003", ":0\r\n", []],
    ["kill id 2 addr 127.0.0.1:50002 user default", ":1\r\n", [2]],
  ])("%s answers %j and closes %j", (text, reply, closed) => {
    const { fixture, run } = createFixture();
    expect(run(text)).toBe(reply);
    expect(fixture.closed).toEqual(closed);
  });

  test.each([
    ["kill", "-ERR wrong number of arguments for 'client|kill' command\r\n"],
    ["kill x", NOBODY],
    ["kill id", NOBODY],
    ["kill id x", BAD_ID],
    ["kill id 0", BAD_ID],
    ["kill id -1", BAD_ID],
    ["kill type x", BAD_TYPE],
    ["kill user x", "-ERR No such user 'x'\r\n"],
    ["kill skipme x", SYNTAX],
    ["kill skipme yes id", SYNTAX],
    ["kill id 9999 foo bar", SYNTAX],
    ["kill maxage 1", SYNTAX],
  ])("%s is refused", (text, reply) => {
    const { fixture, run } = createFixture();
    expect(run(text)).toBe(reply);
    expect(fixture.closed).toEqual([]);
  });

  test("does not find a client again that it has killed", () => {
    const { run } = createFixture();
    expect(run("kill id 2")).toBe(":1\r\n");
    expect(run("kill id 2")).toBe(":0\r\n");
    expect(run("kill 127.0.0.1:50002")).toBe(NOBODY);
  });
});
