// Who may talk, who is asked to leave, and who hears what on the way out.

import { expect, setDefaultTimeout, test } from "bun:test";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { DROP } from "../../src/server/connection-table.ts";
import { RESP_DEFAULTS } from "../../src/server/resp-options.ts";
import { ByteClient } from "../support/byte-client.ts";
import { describeEngines } from "../support/describe-engines.ts";
import { expectHealthy } from "../support/expect-healthy.ts";
import { RespClient, encodeCommand } from "../support/resp-client.ts";
import { NIL, OK, bulk } from "../support/resp-model.ts";
import { ERROR, reply, request, show } from "../support/v1-frames.ts";
import { waitUntil } from "../support/wait-until.ts";

setDefaultTimeout(30_000);

const PASSWORD = { resp: { ...RESP_DEFAULTS, password: "secret" } };
const NO_AUTH = "-NOAUTH Authentication required.\r\n";
const WRONG = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

describeEngines("a server with a password", (startServer) => {
  test("hears nothing but AUTH, HELLO, QUIT and RESET before it", async () => {
    await using server = await startServer(PASSWORD);
    using client = await RespClient.connect(server.port);
    for (const command of ["PING", "SET k v", "GET k", "CLIENT LIST", "COMMAND", "MULTI", "INFO"]) {
      expect(await client.ask(...command.split(" "))).toBe(NO_AUTH);
    }
    expect(await client.ask("HELLO", "3")).toStartWith("-NOAUTH HELLO must be called");
    expect(await client.ask("RESET")).toBe("+RESET\r\n");
    expect(await client.ask("AUTH", "wrong")).toBe(WRONG);
    expect(await client.ask("AUTH", "nobody", "secret")).toBe(WRONG);
    expect(await client.ask("HELLO", "3", "AUTH", "default", "wrong")).toBe(WRONG);
    expect(await client.ask("PING")).toBe(NO_AUTH);
    expect(await client.ask("HELLO", "3", "AUTH", "default", "secret")).toStartWith("%7\r\n");
    expect(await client.ask("PING")).toBe("+PONG\r\n");
    expect(await client.ask("RESET")).toBe("+RESET\r\n");
    expect(await client.ask("PING")).toBe(NO_AUTH);
    using leaving = await ByteClient.connect(server.port);
    leaving.send("QUIT\r\nAUTH secret\r\n");
    expect(await leaving.rest()).toBe(OK);
    expect(server.thread.store.keyCount).toBe(0);
  });

  test("takes no long commands before it", async () => {
    await using server = await startServer(PASSWORD);
    for (const [text, error] of [
      ["*11\r\n", "unauthenticated multibulk length"],
      ["*2\r\n$4\r\nAUTH\r\n$16385\r\n", "unauthenticated bulk length"],
    ]) {
      using client = await ByteClient.connect(server.port);
      client.send(text!);
      expect(await client.rest()).toBe(`-ERR Protocol error: ${error}\r\n`);
    }
    // As long as is allowed, and that is longer than a window.
    using client = await ByteClient.connect(server.port);
    const words = Array.from({ length: 9 }, () => "x".repeat(16 * 1024));
    client.send(encodeCommand(["SET", ...words]), encodeCommand(["AUTH", "secret"]));
    await client.expect(NO_AUTH, OK);
    client.command("ECHO", "e".repeat(100_000));
    await client.expect(bulk("e".repeat(100_000)));
  });

  test("slows down who guesses, and lets others in", async () => {
    await using server = await startServer(PASSWORD);
    using guesser = await RespClient.connect(server.port);
    for (let i = 0; i < 11; i++) expect(await guesser.ask("AUTH", `guess${i}`)).toBe(WRONG);
    expect(await guesser.ask("AUTH", "secret")).toBe(WRONG);
    server.clock.elapsed += 60_000;
    expect(await guesser.ask("AUTH", "secret")).toBe(OK);
  });

  test("refuses v1, which has no passwords, unless it is trusted", async () => {
    await using server = await startServer(PASSWORD);
    const client = await server.connect();
    client.send(request.set("k", "v"), request.get("k"));
    expect(show(await client.replies(1))).toEqual(show(ERROR));
    await client.ended();
    expect(client.replyCount).toBe(0);
    expect(server.thread.store.keyCount).toBe(0);
    client.close();

    await using trusting = await startServer({ resp: { ...PASSWORD.resp, isV1Trusted: true } });
    const old = await trusting.connect();
    expect(show(await old.ask(request.set("k", "v")))).toEqual(show(reply.value("v")));
    using other = await RespClient.connect(trusting.port);
    expect(await other.ask("GET", "k")).toBe(NO_AUTH);
    old.close();
  });
});

describeEngines("CLIENT KILL", (startServer) => {
  test("of oneself is answered, and nothing behind it is executed", async () => {
    await using server = await startServer();
    using client = await ByteClient.connect(server.port);
    client.send("SET k v\r\nCLIENT KILL ID 1 SKIPME no\r\nDEL k\r\nPING\r\n");
    expect(await client.rest()).toBe(`${OK}:1\r\n`);
    await expectHealthy(server);
    expect(server.thread.store.keyCount).toBe(1);
  });

  test("ends others at once, those that do not read their replies as well", async () => {
    await using server = await startServer();
    const { thread } = server;
    using idle = await ByteClient.connect(server.port);
    idle.send("PING\r\n");
    await idle.expect("+PONG\r\n");
    const stuck = await ByteClient.connect(server.port);
    stuck.command("SET", "large", "l".repeat(100_000));
    await stuck.expect(OK);
    stuck.pause();
    stuck.send(encodeCommand(["GET", "large"]).toString().repeat(2000), "SET after x\r\n");
    await waitUntil(
      () => thread.connections.is(1, CONNECTION.BLOCKED),
      () => "the connection to be blocked",
    );
    using half = await ByteClient.connect(server.port);
    half.send("PING\r\n", encodeCommand(["SET", "k", "v".repeat(500_000)]).subarray(0, 300_000));
    await half.expect("+PONG\r\n");
    using killer = await RespClient.connect(server.port);
    expect(await killer.ask("CLIENT", "KILL", "TYPE", "normal")).toBe(":3\r\n");
    expect(await idle.rest()).toBe("");
    expect(await half.rest()).toBe("");
    await waitUntil(
      () => thread.connections.openCount === 1,
      () => `${thread.connections.openCount} connections to close`,
    );
    expect(thread.store.pins.count).toBe(0);
    expect(thread.store.memoryBytes().pieces).toBe(0);
    expect(await killer.ask("CLIENT", "LIST")).toMatch(/^[^\n]*\n[^\n]*id=4 [^\n]*\n\r\n$/);
    expect(await killer.ask("EXISTS", "after")).toBe(":0\r\n");
    stuck.destroy();
  });

  test("in one write with what its victim does, whichever comes first", async () => {
    await using server = await startServer();
    for (let round = 0; round < 10; round++) {
      using victim = await ByteClient.connect(server.port);
      using killer = await ByteClient.connect(server.port);
      victim.send("CLIENT ID\r\n");
      let line = "";
      while (!line.endsWith("\r\n")) line += (await victim.take(1)).toString();
      victim.send("INCR n\r\n".repeat(100));
      killer.send(`CLIENT KILL ID ${line.slice(1, -2)}\r\nPING\r\n`);
      victim.send("INCR n\r\n".repeat(100));
      await killer.expect(":1\r\n+PONG\r\n");
      await victim.rest();
    }
    await expectHealthy(server);
  });
});

describeEngines("a connection that ends itself", (startServer) => {
  test("is answered up to QUIT, however many replies that are", async () => {
    await using server = await startServer();
    using client = await ByteClient.connect(server.port);
    const count = 3000;
    client.command("SET", "k", "v".repeat(2000));
    const get = encodeCommand(["GET", "k"]).toString();
    client.pause();
    client.send(get.repeat(count), "QUIT\r\n", get, "SET k w\r\n");
    await waitUntil(
      () => server.thread.sends.unsentBytes(0) > 0,
      () => "replies to be unsent",
    );
    client.resume();
    const text = await client.rest();
    expect(text === OK + bulk("v".repeat(2000)).repeat(count) + OK).toBe(true);
    expect(server.thread.connections.droppedCounts[DROP.PROTOCOL]).toBe(0);
    await expectHealthy(server);
  });

  test("says nothing to what CLIENT REPLY skips, in the middle of a pipeline", async () => {
    await using server = await startServer();
    using client = await ByteClient.connect(server.port);
    client.send(
      "SET n 1\r\nCLIENT REPLY SKIP\r\nINCR n\r\nINCR n\r\nCLIENT REPLY OFF\r\nINCR n\r\nGET n\r\n",
      encodeCommand(["MSET", "a", "1", "b", "2"]),
      encodeCommand(["CLIENT", "REPLY", "ON"]),
      "MGET n a b\r\nGET none\r\n",
    );
    await client.expect(OK, ":3\r\n", OK, `*3\r\n${bulk("4")}${bulk("1")}${bulk("2")}`, NIL);
  });
});

describeEngines("a browser that was made to talk to the port", (startServer) => {
  test.each([
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nSET k v\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nSET k v\r\n",
    "Host: localhost\r\nSET k v\r\n",
  ])("is closed before anything is executed: %j", async (text) => {
    await using server = await startServer();
    using client = await ByteClient.connect(server.port);
    client.send(text);
    expect(await client.rest()).toBe("");
    expect(server.thread.front.attackCount).toBe(1);
    expect(server.thread.store.keyCount).toBe(0);
    await expectHealthy(server);
  });
});
