import { describe, expect, test } from "bun:test";
import { askUntilRefused, setUpCommands } from "../support/command-fixture.ts";
import { ERROR, reply, request, show } from "../support/v1-frames.ts";

const MIB = 2 ** 20;

describe("INCR and DECR", () => {
  test("count a missing key as 0", () => {
    const { ask } = setUpCommands();
    expect(ask(request.incr("up"), request.decr("down"))).toEqual(
      show([reply.value(1), reply.value(-1)]),
    );
  });

  test.each([
    ["007", "8", "6"],
    ["+5", "6", "4"],
    ["-0", "1", "-1"],
    ["-1", "0", "-2"],
    ["999999999999999", "1000000000000000", "999999999999998"],
    ["1000000000000000", "1000000000000001", "999999999999999"],
    ["-1000000000000000", "-999999999999999", "-1000000000000001"],
    ["9007199254740992", "9007199254740993", "9007199254740991"],
  ])("write %s back in its shortest form", (text, above, below) => {
    const { ask } = setUpCommands();
    ask(request.set("n", text), request.set("m", text));
    expect(ask(request.incr("n"), request.get("n"), request.decr("m"), request.get("m"))).toEqual(
      show([above, above, below, below].map((value) => reply.value(value))),
    );
  });

  test("keep the deadline, when the value grows too", () => {
    const { ask } = setUpCommands();
    ask(request.setEx("n", "9", 50));
    for (let i = 0; i < 200; i++) ask(request.incrBy("n", "45000000000000000"));
    expect(ask(request.ttl("n"))).toEqual(show(reply.value(50)));
  });

  test("refuse what is no integer, and an overflow, and change nothing then", () => {
    const { ask } = setUpCommands();
    for (const text of ["", "x", "1 ", "9223372036854775808"]) {
      expect(ask(request.set("n", text), request.incr("n"), request.get("n")).slice(1)).toEqual(
        show([ERROR, reply.value(text)]),
      );
    }
    expect(
      ask(request.set("n", "9223372036854775807"), request.incr("n"), request.get("n")).slice(1),
    ).toEqual(show([ERROR, reply.value("9223372036854775807")]));
  });

  test("differ for the empty key: INCR refuses it, DECR does not", () => {
    const { ask } = setUpCommands();
    expect(ask(request.incr(""), request.decr(""), request.incrBy("", 5))).toEqual(
      show([ERROR, reply.value(-1), reply.value(4)]),
    );
  });
});

describe("INCRBY and DECRBY", () => {
  test.each([
    ["10", "-5", "5", "15"],
    ["10", "+5", "15", "5"],
    ["10", "0", "10", "10"],
    ["-1", "9223372036854775807", "9223372036854775806", "-9223372036854775808"],
    ["0", "00012", "12", "-12"],
  ])("of %s by %s", (text, amount, sum, difference) => {
    const { ask } = setUpCommands();
    ask(request.set("n", text), request.set("m", text));
    expect(ask(request.incrBy("n", amount), request.decrBy("m", amount))).toEqual(
      show([reply.value(sum), reply.value(difference)]),
    );
  });

  test("that fail leave no key behind", () => {
    const { server, ask } = setUpCommands();
    for (const amount of ["", "x", " 1", "9223372036854775808"]) {
      expect(
        ask(request.incrBy("n", amount), request.decrBy("n", amount), request.get("n")),
      ).toEqual(show([ERROR, ERROR, ERROR]));
    }
    expect(ask(request.decrBy("n", "-9223372036854775808"))).toEqual(show(ERROR));
    expect(server.thread.store.keyCount).toBe(0);
  });

  test("are exact over all 64 bits", () => {
    const { ask } = setUpCommands();
    let expected = 0n;
    const amounts = [2n ** 62n, 2n ** 62n - 1n, -(2n ** 63n), 1n, -(2n ** 53n), 10n ** 15n, -1n];
    for (const amount of amounts) {
      expected += amount;
      expect(ask(request.incrBy("n", `${amount}`))).toEqual(show(reply.value(expected)));
    }
    for (const amount of amounts.toReversed()) {
      expected -= amount;
      expect(ask(request.decrBy("n", `${amount}`))).toEqual(show(reply.value(expected)));
    }
  });

  test("that memory refuses are an error, and counted", () => {
    const { server, ask } = setUpCommands({ maxMemoryBytes: 16 * MIB });
    const count = askUntilRefused(ask, (i) => request.incrBy(`${i}`.padEnd(60_000, "k"), 5));
    expect(count).toBeGreaterThan(100);
    expect(server.info().get("refused_memory_full")).toBe("1");
    expect(server.thread.store.keyCount).toBe(count);
  });
});
