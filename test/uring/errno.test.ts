import { describe, expect, test } from "bun:test";
import { constants } from "node:os";
import { checkResult, ERRNO, errnoName, SystemCallError } from "../../src/uring/errno.ts";

describe("ERRNO", () => {
  test.skipIf(process.platform !== "linux")("agrees with the runtime", () => {
    for (const [name, number] of Object.entries(constants.errno)) {
      if (name in ERRNO)
        expect([name, ERRNO[name as keyof typeof ERRNO] as number]).toEqual([name, number]);
    }
  });

  test("has one name for each number", () => {
    const numbers = Object.values(ERRNO);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

describe("errnoName", () => {
  test.each([
    [-104, "ECONNRESET"],
    [104, "ECONNRESET"],
    [-1, "EPERM"],
    [-125, "ECANCELED"],
    [-999, "errno 999"],
  ])("names %d", (errno, name) => {
    expect(errnoName(errno)).toBe(name);
  });
});

describe("checkResult", () => {
  test("lets results pass", () => {
    expect(checkResult("a call", 0)).toBe(0);
    expect(checkResult("a call", 7)).toBe(7);
  });

  test("throws what failed and why", () => {
    const error = new SystemCallError("a call", -ERRNO.ENOMEM);
    expect(() => checkResult("a call", -12)).toThrow(error);
    expect(error.message).toBe("a call failed: ENOMEM");
    expect([error.name, error.call, error.errno]).toEqual(["SystemCallError", "a call", 12]);
  });
});
