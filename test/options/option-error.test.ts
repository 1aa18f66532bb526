import { describe, expect, test } from "bun:test";
import { OptionError } from "../../src/options/option-error.ts";

describe("OptionError", () => {
  test("carries the exit code of wrong usage and its own name", () => {
    const error = new OptionError("--port is wrong");
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.message, error.exitCode]).toEqual([
      "OptionError",
      "--port is wrong",
      2,
    ]);
  });

  test("stays one line whatever its parts hold", () => {
    expect(new OptionError("a\nb \u001b[2J").message).toBe("a\\nb \\u001b[2J");
  });
});
