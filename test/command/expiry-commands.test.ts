import { describe, expect, test } from "bun:test";
import { INT64_MAX } from "../../src/protocol/int64.ts";
import { setUpCommands } from "../support/command-fixture.ts";
import { ERROR, OK, reply, request, show } from "../support/v1-frames.ts";

describe("EXPIRE", () => {
  test("gives a key a deadline, and another in place of it", () => {
    const { ask } = setUpCommands();
    ask(request.set("k", "v"));
    expect(ask(request.expire("k", 10), request.ttl("k"))).toEqual(show([OK, reply.value(10)]));
    expect(ask(request.expire("k", 3), request.ttl("k"))).toEqual(show([OK, reply.value(3)]));
    expect(ask(request.get("k"))).toEqual(show(reply.value("v")));
  });

  test("refuses a missing key and bad seconds", () => {
    const { ask } = setUpCommands();
    ask(request.setEx("k", "v", 50));
    expect(ask(request.expire("absent", 10))).toEqual(show(ERROR));
    for (const seconds of ["", "-1", "-0", "x", "1.0", "0".repeat(32), `${INT64_MAX}`]) {
      expect(ask(request.expire("k", seconds), request.ttl("k"))).toEqual(
        show([ERROR, reply.value(50)]),
      );
    }
  });

  test("takes 0: the key is gone at once", () => {
    const { ask } = setUpCommands();
    ask(request.set("k", "v"));
    expect(ask(request.expire("k", 0), request.get("k"))).toEqual(show([OK, ERROR]));
  });

  test("takes the latest deadline there is", () => {
    const { server, ask } = setUpCommands();
    ask(request.set("k", "v"));
    const last = (INT64_MAX - BigInt(server.clock.now)) / 1000n;
    expect(ask(request.expire("k", `${last}`), request.ttl("k"))).toEqual(
      show([OK, reply.value(last)]),
    );
    expect(ask(request.expire("k", `${last + 1n}`), request.ttl("k"))).toEqual(
      show([ERROR, reply.value(last)]),
    );
    server.clock.now += 2500;
    expect(ask(request.ttl("k"))).toEqual(show(reply.value(last - 3n)));
  });

  test("does not bring an expired key back", () => {
    const { server, ask } = setUpCommands();
    ask(request.setEx("k", "v", 1));
    server.clock.now += 1000;
    expect(ask(request.expire("k", 10), request.get("k"))).toEqual(show([ERROR, ERROR]));
  });
});

describe("TTL", () => {
  test("is -2 without a key, -1 without a deadline, else the seconds rounded down", () => {
    const { server, ask } = setUpCommands();
    ask(request.set("k", "v"), request.setEx("e", "v", 10));
    expect(ask(request.ttl("absent"), request.ttl("k"), request.ttl("e"))).toEqual(
      show([reply.value(-2), reply.value(-1), reply.value(10)]),
    );
    server.clock.now += 1;
    expect(ask(request.ttl("e"))).toEqual(show(reply.value(9)));
    server.clock.now += 9998;
    expect(ask(request.ttl("e"))).toEqual(show(reply.value(0)));
    server.clock.now += 1;
    expect(ask(request.ttl("e"))).toEqual(show(reply.value(-2)));
  });

  test("follows a clock that is set back", () => {
    const { server, ask } = setUpCommands();
    ask(request.setEx("e", "v", 10));
    server.clock.now -= 5000;
    expect(ask(request.ttl("e"))).toEqual(show(reply.value(15)));
  });
});

describe("PERSIST", () => {
  test("takes the deadline away, and is OK for every key", () => {
    const { server, ask } = setUpCommands();
    ask(request.setEx("k", "v", 1));
    expect(ask(request.persist("k"), request.ttl("k"), request.persist("absent"))).toEqual(
      show([OK, reply.value(-1), OK]),
    );
    server.clock.now += 5000;
    server.maintain();
    expect(ask(request.get("k"))).toEqual(show(reply.value("v")));
  });

  test("does not bring an expired key back", () => {
    const { server, ask } = setUpCommands();
    ask(request.setEx("k", "v", 1));
    server.clock.now += 1000;
    expect(ask(request.persist("k"), request.get("k"), request.ttl("k"))).toEqual(
      show([OK, ERROR, reply.value(-2)]),
    );
  });
});
