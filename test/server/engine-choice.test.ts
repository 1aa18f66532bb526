import { describe, expect, test } from "bun:test";
import { makeListenEngine } from "../../src/server/data-thread.ts";
import { chooseEngine } from "../../src/server/engine-choice.ts";
import { StartError } from "../../src/server/start-error.ts";
import { probeUring } from "../../src/uring/probe.ts";
import { loadUringLibc } from "../../src/uring/uring-libc.ts";

const libc = loadUringLibc();
const isUsable = probeUring(libc).usable;

describe("the choice of an engine", () => {
  test("is Bun.listen where it was asked for, whatever else there is", () => {
    expect(chooseEngine("listen")).toEqual({ make: makeListenEngine, reason: "asked for" });
  });

  test.skipIf(!isUsable)("is io_uring where it works", () => {
    for (const [io, reason] of [
      ["auto", "works here"],
      ["uring", "asked for"],
    ] as const) {
      const choice = chooseEngine(io);
      expect(choice.make).not.toBe(makeListenEngine);
      expect(choice.reason).toBe(reason);
    }
  });

  test("says why it is not io_uring, and refuses to start where that was asked for", () => {
    const { make, reason } = chooseEngine("auto", null);
    expect(make).toBe(makeListenEngine);
    expect(reason).toContain("io_uring needs");
    expect(() => chooseEngine("uring", null)).toThrow(StartError);
    expect(() => chooseEngine("uring", null)).toThrow("--io uring cannot work here: ");
  });

  test.skipIf(libc === null)("goes by what the kernel answers", () => {
    const forbidding = { ...libc!, ioUringSetup: () => -1 };
    expect(chooseEngine("auto", forbidding).make).toBe(makeListenEngine);
    expect(chooseEngine("auto", forbidding).reason).toContain("EPERM");
  });
});
