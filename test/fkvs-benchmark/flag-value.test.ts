import { describe, expect, test } from "bun:test";
import {
  decimal,
  distribution,
  plain,
  protocol,
  rate,
  testList,
} from "../../fkvs-benchmark/flag-value.ts";
import { integer } from "../../src/options/option-value.ts";

describe("plain", () => {
  test("takes a value of the server's command line", () => {
    const value = plain(integer("port", 1, 9));
    expect(value.argument).toBe("<port>");
    expect(value.allowedText).toBe("an integer from 1 to 9");
    expect([value.readText("9"), value.readText("10")]).toEqual([9, undefined]);
  });
});

describe("rate", () => {
  const { readText } = rate(1, 1_500_000);

  test.each([
    ["1", 1],
    ["50000", 50_000],
    ["50k", 50_000],
    ["50K", 50_000],
    ["1.5m", 1_500_000],
    ["0.001k", 1],
  ])("reads %s", (text, perSecond) => {
    expect(readText(text)).toBe(perSecond);
  });

  test.each([
    "",
    "0",
    "0.9",
    "-1",
    "1.51m",
    "1500001",
    "5g",
    "k",
    "1e3",
    "5 k",
    "1.",
    ".5k",
    "1kk",
  ])("refuses %j", (text) => {
    expect(readText(text)).toBeUndefined();
  });
});

describe("decimal", () => {
  const { readText, allowedText } = decimal("seconds", "seconds", 0.5, 10);

  test("reads from bound to bound", () => {
    expect(["0.5", "1", "9.99", "10", "10.0"].map(readText)).toEqual([0.5, 1, 9.99, 10, 10]);
  });

  test.each(["", "0.49", "10.01", "-1", "1e1", "1s", "Infinity", "1."])("refuses %j", (text) => {
    expect(readText(text)).toBeUndefined();
  });

  test("says the unit", () => {
    expect(allowedText).toBe("a number of seconds from 0.5 to 10");
  });
});

describe("testList", () => {
  const { readText, suggest } = testList();

  test("reads one test and several", () => {
    expect(readText("ping")).toEqual(["ping"]);
    expect(readText("set,get,mixed,incr,del")).toEqual(["set", "get", "mixed", "incr", "del"]);
    expect(readText("set,set")).toEqual(["set", "set"]);
  });

  test.each(["", ",", "set,", "SET", "set, get", "lpush"])("refuses %j", (text) => {
    expect(readText(text)).toBeUndefined();
  });

  test("guesses the first that is unknown", () => {
    expect(suggest!("set,pign,gte")).toBe(", did you mean ping?");
    expect(suggest!("set,lpush")).toBe("");
  });
});

describe("protocol", () => {
  test("reads the three names", () => {
    const { readText, allowedText } = protocol();
    expect(["fkvs", "resp", "memcached"].map(readText)).toEqual(["fkvs", "resp", "memcached"]);
    expect(readText("redis")).toBeUndefined();
    expect(allowedText).toBe("fkvs, resp or memcached");
  });

  test("guesses a misspelt one", () => {
    expect(protocol().suggest!("memcache")).toBe(", did you mean memcached?");
  });
});

describe("distribution", () => {
  const { readText, suggest } = distribution();

  test("reads uniform and zipf with and without theta", () => {
    expect(readText("uniform")).toEqual({ kind: "uniform" });
    expect(readText("zipf")).toEqual({ kind: "zipf", theta: 0.99 });
    expect(readText("zipf:0.5")).toEqual({ kind: "zipf", theta: 0.5 });
    expect(readText("zipf:0.0001")).toEqual({ kind: "zipf", theta: 0.0001 });
  });

  test.each(["", "zipf:", "zipf:0", "zipf:0.0", "zipf:1", "zipf:1.2", "zipf:-0.5", "uniform:0.5"])(
    "refuses %j",
    (text) => {
      expect(readText(text)).toBeUndefined();
    },
  );

  test("guesses the name before the colon", () => {
    expect(suggest!("zif:0.5")).toBe(", did you mean zipf?");
  });
});
