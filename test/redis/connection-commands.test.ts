// What is expected here was recorded from redis-server 7.0.15, but for the version HELLO names.

import { describe, expect, test } from "bun:test";
import { CONNECTION_HANDLERS } from "../../src/redis/connection-commands.ts";
import { createRedisFixture, type Argument } from "../support/redis-fixture.ts";

const NOT_LOGGED_IN = "-NOAUTH Authentication required.\r\n";
const WRONG_PASSWORD = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
const HELLO_WITHOUT_LOGIN =
  "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH " +
  "<user> <pass> option can be used to authenticate the client and select the RESP protocol " +
  "version at the same time\r\n";
const BAD_NAME = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n";
const NO_INTEGER = "-ERR value is not an integer or out of range\r\n";

function helloReply(version: 2 | 3, id: number): string {
  const head = version === 3 ? "%7" : "*14";
  return (
    `${head}\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.2.4\r\n` +
    `$5\r\nproto\r\n:${version}\r\n$2\r\nid\r\n:${id}\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n` +
    "$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
  );
}

describe("the connection's commands", () => {
  test.each<[Argument[], string]>([
    [["ping"], "+PONG\r\n"],
    [["PING", "x"], "$1\r\nx\r\n"],
    [["ping", ""], "$0\r\n\r\n"],
    [["ping", "a", "b"], "-ERR wrong number of arguments for 'ping' command\r\n"],
    [["echo", "a\0\r\nb"], "$5\r\na\0\r\nb\r\n"],
    [["echo"], "-ERR wrong number of arguments for 'echo' command\r\n"],
    [["select", "0"], "+OK\r\n"],
    [["select", "15"], "+OK\r\n"],
    [["select", "16"], "-ERR DB index is out of range\r\n"],
    [["select", "-1"], "-ERR DB index is out of range\r\n"],
    [["select", "2147483647"], "-ERR DB index is out of range\r\n"],
    [
      ["select", "2147483648"],
      "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n",
    ],
    [["select", "99999999999999999999"], NO_INTEGER],
    [["select", "x"], NO_INTEGER],
    [["select", ""], NO_INTEGER],
    [["select", "015"], NO_INTEGER],
    [["select", "+1"], NO_INTEGER],
    [["reset", "a"], "-ERR wrong number of arguments for 'reset' command\r\n"],
  ])("answer %j with %j", (args, reply) => {
    const fixture = createRedisFixture(CONNECTION_HANDLERS);
    expect(fixture.run(fixture.client(), ...args)).toBe(reply);
  });

  test("SELECT chooses the database of its client alone", () => {
    const fixture = createRedisFixture(CONNECTION_HANDLERS);
    const client = fixture.client();
    const other = fixture.client();
    fixture.run(client, "select", "9");
    expect([client.database, other.database]).toEqual([9, 0]);
    fixture.run(client, "select", "16");
    expect(client.database).toBe(9);
  });

  test.each([[["quit"]], [["QUIT", "a", "b"]]])("%j closes after its reply", (args) => {
    const fixture = createRedisFixture(CONNECTION_HANDLERS);
    const client = fixture.client();
    expect(fixture.run(client, ...args)).toBe("+OK\r\n");
    expect(fixture.closed).toEqual([client.id]);
    expect(fixture.run(client, "ping")).toBe("");
  });

  test("RESET takes everything back but the library's name", () => {
    const fixture = createRedisFixture(CONNECTION_HANDLERS);
    const client = fixture.client();
    client.libraryName = "lib";
    fixture.run(client, "hello", "3", "setname", "a");
    fixture.run(client, "select", "3");
    client.isEvictionExempt = true;
    client.isNoTouch = true;
    client.queue = [];
    client.hasQueueError = true;
    client.isDirty = true;
    expect(fixture.run(client, "reset")).toBe("+RESET\r\n");
    expect(client).toMatchObject({
      version: 2,
      database: 0,
      name: "",
      isEvictionExempt: false,
      isNoTouch: false,
      queue: null,
      hasQueueError: false,
      isDirty: false,
      libraryName: "lib",
      isAuthenticated: true,
    });
  });

  test("RESET switches replies on again, and a SKIP before it hides its own", () => {
    const fixture = createRedisFixture(CONNECTION_HANDLERS);
    const client = fixture.client();
    client.replyMode = "off";
    expect(fixture.run(client, "reset")).toBe("+RESET\r\n");
    client.replyMode = "skip";
    expect(fixture.run(client, "reset")).toBe("");
    expect(fixture.run(client, "ping")).toBe("+PONG\r\n");
  });
});

describe("HELLO", () => {
  test.each<[Argument[], string]>([
    [["hello"], helloReply(2, 1)],
    [["hello", "2"], helloReply(2, 1)],
    [["hello", "3"], helloReply(3, 1)],
    [["HELLO", "3", "AUTH", "default", "x", "SETNAME", "a"], helloReply(3, 1)],
    [["hello", "3", "setname", "a", "auth", "default", ""], helloReply(3, 1)],
    [["hello", "x"], "-ERR Protocol version is not an integer or out of range\r\n"],
    [["hello", "9".repeat(20)], "-ERR Protocol version is not an integer or out of range\r\n"],
    [["hello", "4"], "-NOPROTO unsupported protocol version\r\n"],
    [["hello", "1"], "-NOPROTO unsupported protocol version\r\n"],
    [["hello", "2", "x"], "-ERR Syntax error in HELLO option 'x'\r\n"],
    [["hello", "2", "auth", "default"], "-ERR Syntax error in HELLO option 'auth'\r\n"],
    [["hello", "3", "SETNAME"], "-ERR Syntax error in HELLO option 'SETNAME'\r\n"],
    [["hello", "3", "setname", "a b"], BAD_NAME],
    [["hello", "3", "setname", "a\nb"], BAD_NAME],
    [["hello", "3", "auth", "nobody", "x"], WRONG_PASSWORD],
    [["hello", "3", "auth", "Default", "x"], WRONG_PASSWORD],
  ])("answers %j", (args, reply) => {
    const fixture = createRedisFixture(CONNECTION_HANDLERS);
    expect(fixture.run(fixture.client(), ...args)).toBe(reply);
  });

  test("keeps the version without one, and speaks the new one at once", () => {
    const fixture = createRedisFixture(CONNECTION_HANDLERS);
    const client = fixture.client();
    expect(fixture.run(client, "hello", "3")).toBe(helloReply(3, 1));
    expect(fixture.run(client, "hello")).toBe(helloReply(3, 1));
    expect(fixture.run(client, "hello", "2")).toBe(helloReply(2, 1));
  });

  test("takes effect as a whole or not at all", () => {
    const fixture = createRedisFixture(CONNECTION_HANDLERS);
    const client = fixture.client();
    fixture.run(client, "hello", "3", "setname", "a", "foo");
    expect(client).toMatchObject({ version: 2, name: "" });
    fixture.run(client, "hello", "3", "setname", "a", "setname", "b");
    expect(client).toMatchObject({ version: 3, name: "b" });
  });
});

describe("without login", () => {
  test.each<[Argument[], string]>([
    [["ping"], NOT_LOGGED_IN],
    [["select", "1"], NOT_LOGGED_IN],
    [["echo"], "-ERR wrong number of arguments for 'echo' command\r\n"],
    [["foo"], "-ERR unknown command 'foo', with args beginning with: \r\n"],
    [["hello"], HELLO_WITHOUT_LOGIN],
    [["hello", "3"], HELLO_WITHOUT_LOGIN],
    [["hello", "9"], "-NOPROTO unsupported protocol version\r\n"],
    [["hello", "3", "setname", "x"], HELLO_WITHOUT_LOGIN],
    [["hello", "3", "auth", "default", "wrong"], WRONG_PASSWORD],
    [["hello", "3", "auth", "default", "secret"], helloReply(3, 1)],
    [["auth", "wrong"], WRONG_PASSWORD],
    [["auth", "default", "wrong"], WRONG_PASSWORD],
    [["auth", "nobody", "secret"], WRONG_PASSWORD],
    [["auth", "secret"], "+OK\r\n"],
    [["auth", "default", "secret"], "+OK\r\n"],
    [["auth"], "-ERR wrong number of arguments for 'auth' command\r\n"],
    [["auth", "a", "b", "c"], "-ERR syntax error\r\n"],
    [["reset"], "+RESET\r\n"],
    [["quit"], "+OK\r\n"],
  ])("%j is answered %j", (args, reply) => {
    const fixture = createRedisFixture(CONNECTION_HANDLERS, { password: "secret" });
    expect(fixture.run(fixture.client(), ...args)).toBe(reply);
  });

  test("a refused HELLO changes nothing", () => {
    const fixture = createRedisFixture(CONNECTION_HANDLERS, { password: "secret" });
    const client = fixture.client();
    fixture.run(client, "hello", "3", "setname", "a");
    fixture.run(client, "hello", "3", "auth", "default", "wrong", "setname", "a");
    expect(client).toMatchObject({ version: 2, name: "", isAuthenticated: false });
  });

  test.each([[["auth", "secret"]], [["hello", "2", "auth", "default", "secret"]]])(
    "%j logs in, a wrong password afterwards changes nothing, and RESET logs out",
    (login) => {
      const fixture = createRedisFixture(CONNECTION_HANDLERS, { password: "secret" });
      const client = fixture.client();
      fixture.run(client, ...login);
      expect(fixture.run(client, "ping")).toBe("+PONG\r\n");
      expect(fixture.run(client, "auth", "wrong")).toBe(WRONG_PASSWORD);
      expect(fixture.run(client, "ping")).toBe("+PONG\r\n");
      fixture.run(client, "reset");
      expect(fixture.run(client, "ping")).toBe(NOT_LOGGED_IN);
    },
  );
});

describe("AUTH of a server without password", () => {
  test.each<[Argument[], string]>([
    [
      ["auth", "x"],
      "-ERR AUTH <password> called without any password configured for the default user. " +
        "Are you sure your configuration is correct?\r\n",
    ],
    [["auth", "default", "x"], "+OK\r\n"],
    [["auth", "nobody", "x"], WRONG_PASSWORD],
  ])("answers %j with %j", (args, reply) => {
    const fixture = createRedisFixture(CONNECTION_HANDLERS);
    expect(fixture.run(fixture.client(), ...args)).toBe(reply);
  });
});
