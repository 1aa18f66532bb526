import { describe, expect, test } from "bun:test";
import type { Argument, CommandSpec } from "../../../src/redis/command-row.ts";
import { ALL_ROWS } from "../../../src/redis/rows/all-rows.ts";

/** A spec, and the names before its own. */
type Named = readonly [fullName: string, spec: CommandSpec];

const ALL = ALL_ROWS.flatMap((spec): Named[] => [
  [spec.name, spec],
  ...spec.subcommands.map((inner): Named => [`${spec.name}|${inner.name}`, inner]),
]);

function argumentsOf(all: readonly Argument[]): Argument[] {
  return all.flatMap((argument) => [argument, ...argumentsOf(argument.arguments)]);
}

describe("ALL_ROWS", () => {
  test("has each command once", () => {
    const names = ALL.map(([fullName]) => fullName);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(names.map((name) => name.toLowerCase()));
  });

  test("has what docs/RESP.md calls the hot way", () => {
    const hot = ALL.filter(([, { isHot }]) => isHot).map(([fullName]) => fullName);
    const expected = ["del", "exists", "get", "incr", "mget", "mset", "ping", "set"];
    expect(hot.sort()).toEqual(expected);
  });

  test.each(ALL)("%s has arguments that agree with its arity and its keys", (_, spec) => {
    const { arity, arguments: all, keySpecs } = spec;
    const wantedCount = all.filter(({ isOptional }) => !isOptional).length;
    if (arity < 0) expect(wantedCount).toBeLessThan(-arity + 1);
    const keyArguments = argumentsOf(all).filter(({ type }) => type === "key");
    const indexes = new Set(keyArguments.map(({ keySpecIndex }) => keySpecIndex));
    expect([...indexes]).toEqual(keySpecs.map((_spec, index) => index));
  });

  test.each(ALL)("%s tells what it is", (_, { summary, since, complexity, history }) => {
    expect(summary).toMatch(/^[A-Z]/);
    expect(complexity).not.toBe("");
    for (const version of [since, ...history.map(([version]) => version)]) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  test.each(ALL)("%s has arguments whole in themselves", (_, spec) => {
    for (const argument of argumentsOf(spec.arguments)) {
      const isChoice = argument.type === "oneof" || argument.type === "block";
      expect([argument.name, argument.arguments.length > 0]).toEqual([argument.name, isChoice]);
      if (argument.type === "pure-token") expect(argument.token).not.toBeNull();
    }
  });
});
