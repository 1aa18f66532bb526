import { describe, expect, test } from "bun:test";
import { JitSymbols, readableNames } from "../../../bench/profile/jit-symbols.ts";

describe("JitSymbols", () => {
  test("find the code from its first to its last byte", () => {
    const symbols = new JitSymbols([
      { begin: 200, end: 210, name: "b" },
      { begin: 100, end: 110, name: "a" },
    ]);
    const addresses = [99, 100, 109, 110, 199, 200, 209, 210];
    expect(addresses.map((address) => symbols.find(address))).toEqual([
      null,
      "a",
      "a",
      null,
      null,
      "b",
      "b",
      null,
    ]);
  });

  test("forget code whose memory was used again", () => {
    const symbols = new JitSymbols([
      { begin: 100, end: 110, name: "a" },
      { begin: 110, end: 120, name: "b" },
      { begin: 120, end: 130, name: "c" },
      { begin: 105, end: 115, name: "new" },
    ]);
    const addresses = [100, 105, 114, 115, 120];
    expect(addresses.map((address) => symbols.find(address))).toEqual([
      null,
      "new",
      "new",
      null,
      "c",
    ]);
  });

  test("leave out code of no length", () => {
    expect(new JitSymbols([{ begin: 5, end: 5, name: "a" }]).find(5)).toBeNull();
  });
});

describe("readableNames", () => {
  test.each([
    ["JSC-FTL: get#CH6sSU", "get [FTL]"],
    ["JSC-DFG: #field#DuDhvR", "#field [DFG]"],
    ["JSC-InlineCache: GetById Load handler", "GetById Load handler [InlineCache]"],
    ["JSC-Baseline: #DuDhvR", "(anonymous) [Baseline]"],
    ["something else", "something else"],
  ])("makes of %j %j", (name, readable) => {
    expect(readableNames([name]).get(name)).toBe(readable);
  });

  test("tell functions of one name apart, and not the tiers of one function", () => {
    const names = ["JSC-FTL: run#aaaaaa", "JSC-FTL: run#bbbbbb", "JSC-DFG: run#aaaaaa"];
    expect([...readableNames([...names, ...names]).values()]).toEqual([
      "run#aaaaaa [FTL]",
      "run#bbbbbb [FTL]",
      "run [DFG]",
    ]);
  });
});
