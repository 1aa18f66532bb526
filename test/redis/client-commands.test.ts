// Errors and shapes were recorded from redis-server 7.0.15; SETINFO, NO-TOUCH and the fields of a
// line are 7.2's.

import { describe, expect, test } from "bun:test";
import { CLIENT_HANDLERS } from "../../src/redis/client-commands.ts";
import { CONNECTION_HANDLERS } from "../../src/redis/connection-commands.ts";
import { createRedisFixture, type Argument } from "../support/redis-fixture.ts";

const BAD_NAME = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n";
const SYNTAX = "-ERR syntax error\r\n";

const createFixture = () => createRedisFixture({ ...CLIENT_HANDLERS, ...CONNECTION_HANDLERS });

describe("CLIENT", () => {
  test.each<[Argument[], string]>([
    [["id"], ":1\r\n"],
    [["getname"], "$-1\r\n"],
    [["setname", "a~!"], "+OK\r\n"],
    [["setname", "a b"], BAD_NAME],
    [["setname", "a\x7f"], BAD_NAME],
    [["setname", Buffer.from([0xff])], BAD_NAME],
    [["setname", "x", "y"], "-ERR wrong number of arguments for 'client|setname' command\r\n"],
    [["setinfo", "lib-name", "a"], "+OK\r\n"],
    [["setinfo", "LIB-VER", "1.0"], "+OK\r\n"],
    [["setinfo", "lib-ver", ""], "+OK\r\n"],
    [
      ["setinfo", "Lib-Name", "a b"],
      "-ERR Lib-Name cannot contain spaces, newlines or special characters.\r\n",
    ],
    [["setinfo", "foo", "a"], "-ERR Unrecognized option 'foo'\r\n"],
    [["setinfo", "lib-name"], "-ERR wrong number of arguments for 'client|setinfo' command\r\n"],
    [["no-evict", "ON"], "+OK\r\n"],
    [["no-evict", "x"], SYNTAX],
    [["no-touch", "on"], "+OK\r\n"],
    [["no-touch", "x"], SYNTAX],
    [["no-touch"], "-ERR wrong number of arguments for 'client|no-touch' command\r\n"],
  ])("%j answers %j", (args, reply) => {
    const fixture = createFixture();
    expect(fixture.run(fixture.client(), "client", ...args)).toBe(reply);
  });

  test("SETNAME names the client, and the empty name takes the name away", () => {
    const fixture = createFixture();
    const client = fixture.client();
    fixture.run(client, "client", "setname", "a");
    expect(fixture.run(client, "client", "getname")).toBe("$1\r\na\r\n");
    fixture.run(client, "client", "setname", "a b");
    expect(client.name).toBe("a");
    fixture.run(client, "client", "setname", "");
    fixture.run(client, "hello", "3");
    expect(fixture.run(client, "client", "getname")).toBe("_\r\n");
  });

  test("SETINFO and the switches are remembered", () => {
    const fixture = createFixture();
    const client = fixture.client();
    const run = (text: string) => fixture.run(client, "client", ...text.split(" "));
    for (const text of ["setinfo lib-name a", "setinfo lib-ver 1", "no-evict on", "no-touch on"]) {
      run(text);
    }
    expect(client).toMatchObject({
      libraryName: "a",
      libraryVersion: "1",
      isEvictionExempt: true,
      isNoTouch: true,
    });
    run("no-evict off");
    run("no-touch OFF");
    expect(client).toMatchObject({ isEvictionExempt: false, isNoTouch: false });
  });

  test("INFO is one line, verbatim where there is such a thing", () => {
    const fixture = createFixture();
    const client = fixture.client();
    expect(fixture.run(client, "client", "info")).toMatch(
      /^\$\d+\r\nid=1 .* cmd=client\|info .*\n\r\n$/,
    );
    fixture.run(client, "hello", "3");
    expect(fixture.run(client, "client", "info")).toMatch(/^=\d+\r\ntxt:id=1 .*\n\r\n$/);
  });

  test("HELP says what there is", () => {
    const fixture = createFixture();
    const lines = fixture.run(fixture.client(), "client", "help").split("\r\n");
    expect(lines[0]).toBe(`*${lines.length - 2}`);
    expect(lines[1]).toBe("+CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for (const name of Object.keys(CLIENT_HANDLERS)) {
      const word = name.slice("client|".length).toUpperCase();
      expect(lines.some((line) => line.startsWith(`+${word}`))).toBe(true);
    }
  });
});
