import { describe, expect, test } from "bun:test";
import {
  renderFunctions,
  renderKinds,
  shareFunctions,
  shareKinds,
} from "../../../bench/profile/function-table.ts";

const stacks = new Map([
  ["t;main;get_[j];write_[k]", 5],
  ["t;main;get_[j]", 3],
  ["t;main;main", 1],
  ["u;main", 1],
]);

describe("the table of functions", () => {
  test("has what ran itself, and what it called, each stack once", () => {
    expect(shareFunctions(stacks)).toEqual([
      { name: "write", kind: "kernel", self: 0.5, total: 0.5 },
      { name: "get", kind: "jit", self: 0.3, total: 0.8 },
      { name: "main", kind: "native", self: 0.2, total: 1 },
    ]);
  });

  test("has shares of kinds that add up", () => {
    const shares = shareKinds(stacks);
    expect(shares).toEqual({ kernel: 0.5, jit: 0.3, native: 0.2 });
    expect(renderKinds(shares, 10)).toBe(
      "user 50.0 % (jit 30.0 %, native 20.0 %), kernel 50.0 %; 10 samples",
    );
  });

  test("is printed as far as it is wanted", () => {
    expect(renderFunctions(shareFunctions(stacks), 2).split("\n")).toEqual([
      "    self   total  kind    function",
      "  50.0 %  50.0 %  kernel  write",
      "  30.0 %  80.0 %  jit     get",
      "",
    ]);
  });

  test("is empty without samples", () => {
    expect(shareFunctions(new Map())).toEqual([]);
    expect(shareKinds(new Map())).toEqual({ kernel: 0, jit: 0, native: 0 });
  });
});
