import { afterEach, beforeEach, expect, spyOn, test, type Mock } from "bun:test";
import { Command, CommanderError } from "commander";
import { failureCode } from "../../fkvs-benchmark/failure-code.ts";

let said: Mock<typeof process.stderr.write>;
beforeEach(() => {
  said = spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => said.mockRestore());

/** What Commander throws for these arguments, with nothing written. */
function mistakeOf(...argv: readonly string[]): unknown {
  const silent = { writeOut: () => {}, writeErr: () => {} };
  const command = new Command().exitOverride().configureOutput(silent).option("--known");
  try {
    command.parse([...argv], { from: "user" });
  } catch (error) {
    return error;
  }
  throw new Error("nothing was wrong");
}

test("help is no failure", () => {
  expect(failureCode("tool", mistakeOf("--help"))).toBe(0);
  expect(said).not.toHaveBeenCalled();
});

test("a mistake on the command line has been told already", () => {
  const mistake = mistakeOf("--unknown");
  expect(mistake).toBeInstanceOf(CommanderError);
  expect(failureCode("tool", mistake)).toBe(2);
  expect(said).not.toHaveBeenCalled();
});

test.each([
  ["an error", new Error("it did not work")],
  ["a text", "it did not work"],
])("anything else is told: %s", (_, error) => {
  expect(failureCode("tool", error)).toBe(1);
  expect(said.mock.calls).toEqual([["tool: it did not work\n"]]);
});
