// What v1 and RESP have in common, and where they differ: counter-commands.test.ts and
// resp-rows.test.ts see their replies.

import { describe, expect, test } from "bun:test";
import { COUNTED, Counter } from "../../src/command/counter.ts";
import { PARSED } from "../../src/protocol/int64.ts";
import { BatchRow } from "../support/batch-row.ts";
import { InProcessServer, type TestServerOptions } from "../support/test-server.ts";

const MAX = "9223372036854775807";
const MIN = "-9223372036854775808";

function setUp(isCanonicalOnly: boolean, options: TestServerOptions = {}) {
  const { store, windows } = new InProcessServer(options).thread;
  const row = new BatchRow(store, windows);
  const counter = new Counter(store, windows, isCanonicalOnly);
  const text = () => {
    const { area, scratchOffset } = windows;
    return area.bytes.toString("latin1", scratchOffset, scratchOffset + counter.textLength);
  };
  const add = (key: string, sign: 1 | -1 = 1) => {
    row.write(key);
    return counter.addOne(row.batch, 0, sign);
  };
  const addAmount = (key: string, amount: string, sign: 1 | -1) => {
    row.write(key, amount);
    const kind = counter.parseAmount(row.batch, 0);
    if (kind === PARSED.INVALID) return COUNTED.INVALID;
    return counter.addAmount(row.batch, 0, sign, kind);
  };
  return { store, row, counter, text, add, addAmount };
}

describe.each([true, false])("a counter, canonical values only: %p", (isCanonicalOnly) => {
  test("counts a missing key as 0, up and down", () => {
    const { row, text, add } = setUp(isCanonicalOnly);
    expect(add("up")).toBe(COUNTED.DONE);
    expect(text()).toBe("1");
    expect(add("down", -1)).toBe(COUNTED.DONE);
    expect(text()).toBe("-1");
    expect([row.get("up"), row.get("down")]).toEqual(["1", "-1"]);
  });

  test.each([
    ["0", "1"],
    ["-1", "0"],
    ["9", "10"],
    ["-10", "-9"],
    ["999999999999999", "1000000000000000"],
    ["-1000000000000000", "-999999999999999"],
    ["9007199254740992", "9007199254740993"],
    ["9223372036854775806", MAX],
    [MIN, "-9223372036854775807"],
  ])("makes %s one more: %s", (value, sum) => {
    const { row, text, add } = setUp(isCanonicalOnly);
    row.set("n", value);
    expect(add("n")).toBe(COUNTED.DONE);
    expect([text(), row.get("n")]).toEqual([sum, sum]);
  });

  test.each(["", " ", "1 ", " 1", "x", "1x", "-", "+", "1.0", "0x1", "9223372036854775808", "1\0"])(
    "does not count %j",
    (value) => {
      const { row, add } = setUp(isCanonicalOnly);
      row.set("n", value);
      expect(add("n")).toBe(COUNTED.INVALID);
      expect(row.get("n")).toBe(value);
    },
  );

  test("stops at the ends of 64 bits", () => {
    const { row, add, addAmount } = setUp(isCanonicalOnly);
    row.set("max", MAX);
    row.set("min", MIN);
    expect(add("max")).toBe(COUNTED.OVERFLOW);
    expect(add("min", -1)).toBe(COUNTED.OVERFLOW);
    expect(addAmount("max", MIN, -1)).toBe(COUNTED.OVERFLOW);
    expect([row.get("max"), row.get("min")]).toEqual([MAX, MIN]);
    expect(addAmount("max", MIN, 1)).toBe(COUNTED.DONE);
    expect(row.get("max")).toBe("-1");
  });

  test("keeps the deadline, whatever becomes of the value's length", () => {
    const { store, row, add } = setUp(isCanonicalOnly);
    const deadlineMs = store.nowMs + 5000;
    row.set("n", "9".repeat(15), deadlineMs);
    expect(add("n")).toBe(COUNTED.DONE);
    const { batch } = row;
    const entry = store.find(batch.keyOffsets[0]!, 1, batch.hashes[0]!);
    expect(store.deadlineMs(entry)).toBe(deadlineMs);
    store.nowMs = deadlineMs;
    expect(add("n")).toBe(COUNTED.DONE);
    expect(row.get("n")).toBe("1");
  });

  test("says when memory is full, and has changed nothing", () => {
    const { store, row, add } = setUp(isCanonicalOnly, { maxMemoryBytes: 16 * 2 ** 20 });
    row.set("n", "9".repeat(4));
    for (let i = 0; row.set(`${i}`, "x".repeat(30_000)) !== 0; i++);
    for (let i = 0; row.set(`s${i}`, "x") !== 0; i++);
    const { keyCount } = store;
    let counted: number = COUNTED.DONE;
    for (let i = 0; counted === COUNTED.DONE; i++) counted = add(`new${i}`);
    expect(counted).toBe(COUNTED.FULL);
    expect(store.keyCount).toBeGreaterThanOrEqual(keyCount);
    // Over what is there it still counts.
    expect(add("n")).toBe(COUNTED.DONE);
    expect(row.get("n")).toBe("10000");
  });
});

describe("a value that is no canonical integer", () => {
  const values = ["+5", "007", "-0", "-01", "00"];

  test.each(values)("%s counts for v1", (value) => {
    const { row, add } = setUp(false);
    row.set("n", value);
    expect(add("n")).toBe(COUNTED.DONE);
    expect(row.get("n")).toBe(`${Number(value) + 1}`);
  });

  test.each(values)("%s does not for RESP", (value) => {
    const { row, add } = setUp(true);
    row.set("n", value);
    expect(add("n")).toBe(COUNTED.INVALID);
    expect(row.get("n")).toBe(value);
  });
});
