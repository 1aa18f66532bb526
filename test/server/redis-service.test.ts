import { describe, expect, test } from "bun:test";
import { RESP_DEFAULTS } from "../../src/server/resp-options.ts";
import { DataThread } from "../../src/server/data-thread.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { setUpResp } from "../support/resp-fixture.ts";
import { threadOptions } from "../support/test-server.ts";
import { TestClock } from "../support/test-clock.ts";
import { TestEngine } from "../support/test-engine.ts";

describe("the server that commands see", () => {
  test("has the options that it was started with", () => {
    const resp = { ...RESP_DEFAULTS, maxValueBytes: 4 * 2 ** 20, host: "127.0.0.9" };
    const { peer, thread } = setUpResp({ resp, maxClients: 17 });
    thread.service.listening(4711);
    const replies = peer.ask(
      "CONFIG GET port",
      "CONFIG GET bind",
      "CONFIG GET maxclients",
      "CONFIG GET proto-max-bulk-len",
    );
    const pair = (name: string, value: string) =>
      `*2\r\n$${name.length}\r\n${name}\r\n$${value.length}\r\n${value}\r\n`;
    expect(replies).toEqual([
      pair("port", "4711"),
      pair("bind", "127.0.0.9"),
      pair("maxclients", "17"),
      pair("proto-max-bulk-len", `${4 * 2 ** 20}`),
    ]);
  });

  test("wants the password, in any of its forms", () => {
    const { peer } = setUpResp({ resp: { ...RESP_DEFAULTS, password: "secret" } });
    expect(peer.ask("PING", "AUTH wrong", "AUTH other secret", "PING")).toEqual([
      "-NOAUTH Authentication required.\r\n",
      "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
      "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
      "-NOAUTH Authentication required.\r\n",
    ]);
    expect(peer.ask("AUTH default secret", "PING")).toEqual(["+OK\r\n", "+PONG\r\n"]);
  });

  test("tells how much of a client's replies is unsent", () => {
    const { peer, connect } = setUpResp();
    peer.connection.capacity = 0;
    peer.ask("ECHO 12345678901234567890");
    const list = connect().send("CLIENT LIST ID 1\r\n");
    expect(list).toContain(` omem=${"$20\r\n12345678901234567890\r\n".length} `);
  });

  test("closes who asks for it, once his replies are sent", () => {
    const { peer, thread } = setUpResp();
    peer.connection.capacity = 3;
    expect(peer.send("QUIT\r\nSET k v\r\n")).toBe("+OK");
    expect(peer.connection.isFinished).toBe(false);
    peer.connection.drain(Infinity);
    peer.server.engine.turn();
    expect(peer.connection.isFinished).toBe(true);
    expect(thread.store.keyCount).toBe(0);
  });

  test("is asleep for as long as DEBUG SLEEP says, and expires nothing when told so", () => {
    const { server, peer, thread } = setUpResp();
    expect(peer.ask("DEBUG SLEEP 0", "DEBUG SET-ACTIVE-EXPIRE 0")).toEqual(["+OK\r\n", "+OK\r\n"]);
    peer.ask("SET k v PX 10");
    server.clock.now += 1000;
    server.maintain();
    expect(thread.store.keyCount).toBe(1);
    peer.ask("DEBUG SET-ACTIVE-EXPIRE 1");
    server.maintain();
    expect(thread.store.keyCount).toBe(0);
  });

  test("asks the main thread to stop at SHUTDOWN, and closes the client without a reply", () => {
    let stopCount = 0;
    const thread = new DataThread(
      threadOptions(),
      new TestClock(),
      null,
      (...parts) => new TestEngine(parts[0], parts[1], parts[2]),
      { requestStop: () => stopCount++ },
    );
    const engine = thread.engine as TestEngine;
    const connection = engine.connect();
    connection.feed(encodeCommand(["SHUTDOWN", "NOSAVE"]), encodeCommand(["SET", "k", "v"]));
    engine.turn();
    expect(stopCount).toBe(1);
    expect(connection.take()).toHaveLength(0);
    expect(connection.isFinished).toBe(true);
    expect(thread.store.keyCount).toBe(0);
  });
});
