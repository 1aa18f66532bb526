import { describe, expect, test } from "bun:test";
import { FlagParser, refuseFlagAsValue } from "../../src/options/flag-parser.ts";

const LINES = [
  { flag: "-p <port>", text: "A port" },
  { flag: "--switch", text: "On or off" },
];
const KNOWN = ["-p", "--switch"];

function parse(...argv: string[]): FlagParser {
  const parser = new FlagParser("program", LINES);
  parser.parse(argv, KNOWN, (flag) => flag.startsWith("--")).refuseOperands();
  return parser;
}

describe("FlagParser", () => {
  test("tells what was given and what was not", () => {
    const parser = parse("-p", "7");
    expect(parser.given("-p")).toBe("7");
    expect(parser.given("--switch")).toBeUndefined();
    expect(parser.given("--nothing")).toBeUndefined();
    expect(parse("--switch").given("--switch")).toBe(true);
  });

  test.each([
    [["--swich"], "--swich is not a known flag, did you mean --switch?"],
    [["-q"], "-q is not a known flag"],
    [["--switch=on"], '--switch takes no value, but was written "--switch=on"'],
    [["-p"], "-p needs a value, but none follows it"],
    [["word"], '"word" is one argument too many, as program takes flags only'],
  ])("refuses %p", (argv, sentence) => {
    expect(() => parse(...argv)).toThrow(sentence);
  });

  test("lays out the help", () => {
    expect(new FlagParser("program", LINES).help()).toContain("-p <port>  A port");
  });
});

describe("refuseFlagAsValue", () => {
  test("takes text and negative numbers, and no flag", () => {
    refuseFlagAsValue("-p", "text");
    refuseFlagAsValue("-p", "-5");
    expect(() => refuseFlagAsValue("-p", "--switch", " (hint)")).toThrow(
      '-p needs a value, but "--switch" follows it (hint)',
    );
  });
});
