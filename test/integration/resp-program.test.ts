// RESP and the real program: how it ends, whom it lets in, what it writes down.

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ByteClient } from "../support/byte-client.ts";
import { ENGINES } from "../support/describe-engines.ts";
import { RespClient, encodeCommand } from "../support/resp-client.ts";
import { OK, bulk } from "../support/resp-model.ts";
import { spawnServer } from "../support/server-process.ts";
import { ERROR, reply, request, show } from "../support/v1-frames.ts";

setDefaultTimeout(30_000);

const folder = mkdtempSync(join(tmpdir(), "fkvs-resp-"));
afterAll(() => rmSync(folder, { recursive: true }));

function passwordFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o600);
  return path;
}

describe.each([...ENGINES.keys()])("the program, over %s", (io) => {
  test("stops at SHUTDOWN with the exit code 0, what was asked before it answered", async () => {
    await using server = spawnServer(["--io", io]);
    const port = await server.port();
    using other = await ByteClient.connect(port);
    other.command("SET", "k", "v".repeat(200_000));
    other.command("GET", "k");
    await other.expect(OK, bulk("v".repeat(200_000)));
    using client = await ByteClient.connect(port);
    client.send("PING\r\nSHUTDOWN NOSAVE\r\nPING\r\n");
    expect(await client.rest()).toBe("+PONG\r\n");
    expect(await other.rest()).toBe("");
    const { exitCode, stderr } = await server.ended();
    expect(stderr).not.toMatch(/error/i);
    expect(exitCode).toBe(0);
  });

  test("wants the password of --requirepass-file", async () => {
    const path = passwordFile(`password-${io}`, "correct horse\n");
    await using server = spawnServer(["--io", io, "--requirepass-file", path]);
    using client = await RespClient.connect(await server.port());
    expect(await client.ask("GET", "k")).toBe("-NOAUTH Authentication required.\r\n");
    expect(await client.ask("AUTH", "correct")).toStartWith("-WRONGPASS ");
    expect(await client.ask("AUTH", "correct horse")).toBe(OK);
    expect(await client.ask("SET", "k", "v")).toBe(OK);
    const old = await server.connect();
    expect(show(await old.ask(request.get("k")))).toEqual(show(ERROR));
    await old.ended();
    old.close();
    server.signal("SIGTERM");
    const { exitCode, stdout, stderr } = await server.ended();
    expect(exitCode).toBe(0);
    expect(stdout + stderr).not.toContain("correct");
  });

  test("tells the operator of a browser that was made to talk to it, not each time", async () => {
    await using server = spawnServer(["--io", io]);
    for (let i = 0; i < 5; i++) {
      using client = await ByteClient.connect(await server.port());
      client.send("POST /?\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\nSHUTDOWN\r\n");
      expect(await client.rest()).toBe("");
    }
    using next = await RespClient.connect(await server.port());
    expect(await next.ask("PING")).toBe("+PONG\r\n");
    server.signal("SIGTERM");
    const { exitCode, stderr } = await server.ended();
    expect(exitCode).toBe(0);
    const lines = stderr.split("\n").filter((line) => line.includes("HTTP"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/ warn  [^\n]*attack[^\n]* address=127\.0\.0\.1:\d+ count=1$/);
    expect(stderr).not.toContain("\x1b");
  });
});

describe("the program", () => {
  test("serves v1 beside a password when told to trust it", async () => {
    const path = passwordFile("trusted", "secret");
    await using server = spawnServer(["--requirepass-file", path, "--v1-trusted"]);
    const old = await server.connect();
    expect(show(await old.ask(request.set("k", "v")))).toEqual(show(reply.value("v")));
    old.close();
    using client = await RespClient.connect(await server.port());
    expect(await client.ask("GET", "k")).toBe("-NOAUTH Authentication required.\r\n");
  });

  test("stops at SHUTDOWN although a client has sent half a command", async () => {
    await using server = spawnServer();
    const port = await server.port();
    using half = await ByteClient.connect(port);
    half.send("PING\r\n", encodeCommand(["SET", "k", "v".repeat(500_000)]).subarray(0, 300_000));
    await half.expect("+PONG\r\n");
    using client = await ByteClient.connect(port);
    client.send("SHUTDOWN\r\n");
    expect(await client.rest()).toBe("");
    expect((await server.ended()).exitCode).toBe(0);
  });
});
