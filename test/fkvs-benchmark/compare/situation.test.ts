import { describe, expect, test } from "bun:test";
import { CONTESTANTS } from "../../../fkvs-benchmark/compare/contestant.ts";
import {
  canAnswer,
  describeSituation,
  listClosedSituations,
  listRateSituations,
} from "../../../fkvs-benchmark/compare/situation.ts";

describe("the situations", () => {
  test("are every test at every depth, and many keys at once", () => {
    const names = listClosedSituations([1, 16]).map(describeSituation);
    const tests = ["SET", "GET", "PING"].flatMap((name) => [`${name} P=1`, `${name} P=16`]);
    expect(names).toEqual([...tests, "MGET of 500 P=1"]);
  });

  test("have their connections in their name where they have their own", () => {
    const situation = { test: "set", pipeline: 16, clients: 512 };
    expect(describeSituation(situation)).toBe("SET P=16, 512 connections");
  });

  test("have rates of so many keys and of so many requests", () => {
    expect(listRateSituations().map(describeSituation)).toEqual([
      "MGET of 500, 24/s = 12,000 keys/s",
      "MGET of 500, 12,000/s = 6,000,000 keys/s",
    ]);
  });

  test("are for those whose protocol has such requests", () => {
    const mget = { test: "mget", pipeline: 1, keysPerRequest: 500 };
    const able = CONTESTANTS.filter((contestant) => canAnswer(contestant, mget));
    expect(able.map(({ name }) => name)).toEqual(["fkvs RESP", "redis"]);
    const get = { test: "get", pipeline: 1 };
    expect(CONTESTANTS.every((contestant) => canAnswer(contestant, get))).toBe(true);
  });
});
