import { describe, expect, test } from "bun:test";
import {
  KEY,
  block,
  integer,
  keysToEnd,
  oneKey,
  oneOf,
  specsOf,
  text,
  word,
} from "../../../src/redis/rows/spec.ts";

describe("specsOf", () => {
  const server = specsOf("server", ["connection"]);
  const given = { arity: 1, since: "1.0.0", summary: "Do it" };

  test("gives what a spec leaves out", () => {
    const spec = server("act", given);
    expect(spec).toMatchObject({ ...given, name: "act", group: "server" });
    expect(spec.categories).toEqual(["connection"]);
    expect([spec.flags, spec.keySpecs, spec.subcommands]).toEqual([[], [], []]);
    expect(spec.isHot).toBe(false);
  });

  test("leaves what a spec says", () => {
    const spec = server("act", { ...given, categories: [], flags: ["fast"] });
    expect([spec.categories, spec.flags]).toEqual([[], ["fast"]]);
  });
});

describe("key specs", () => {
  test("are of one key or of all to the end", () => {
    expect(oneKey(["RO"])).toMatchObject({ first: 1, last: 0, step: 1 });
    expect(oneKey(["RO"], 2)).toMatchObject({ first: 2, last: 0, step: 1 });
    expect(keysToEnd(["RO"])).toMatchObject({ first: 1, last: -1, step: 1 });
    expect(keysToEnd(["OW"], 2)).toMatchObject({ first: 1, last: -1, step: 2 });
  });
});

describe("arguments", () => {
  test("have the types of COMMAND DOCS", () => {
    const inner = [text("a"), integer("b")];
    const types = [KEY, ...inner, word("NX"), oneOf("c", inner), block("d", inner)];
    expect(types.map(({ type }) => type)).toEqual([
      "key",
      "string",
      "integer",
      "pure-token",
      "oneof",
      "block",
    ]);
  });

  test("are wanted once unless their details say otherwise", () => {
    expect(text("a")).toMatchObject({ isOptional: false, isMultiple: false, token: null });
    const details = { token: "MATCH", isOptional: true, isMultiple: true };
    expect(text("a", details)).toMatchObject(details);
  });

  test("that are a word are named after it", () => {
    expect(word("NX")).toMatchObject({ name: "nx", token: "NX" });
  });
});
