// The short way of INCR and DECR against BigInt, for numbers of every length at every alignment,
// and for what is no number of that kind.

import { describe, expect, test } from "bun:test";
import { createDigitCounter } from "../../src/command/digit-counter.ts";
import { Random } from "../support/random.ts";

const NEIGHBOUR = 0xee;

function setUp() {
  const words = new Int32Array(16);
  const bytes = Buffer.from(words.buffer);
  const { addOne } = createDigitCounter({
    load: (_, word) => words[word]!,
    store: (_, word, value) => {
      words[word] = value;
    },
  });
  /** The text after it, or null when it was left alone; whatever is beside it has to stay. */
  const add = (text: string, skew: number, sign: 1 | -1): string | null => {
    bytes.fill(NEIGHBOUR);
    const begin = 4 + skew;
    bytes.write(text, begin, "latin1");
    const isDone = addOne(0, 1, skew << 3, text.length, sign);
    const after = bytes.toString("latin1", begin, begin + text.length);
    expect(bytes.subarray(0, begin).every((byte) => byte === NEIGHBOUR)).toBe(true);
    expect(bytes.subarray(begin + text.length).every((byte) => byte === NEIGHBOUR)).toBe(true);
    if (!isDone) expect(after).toBe(text);
    return isDone ? after : null;
  };
  return { add };
}

/** The sum's text if that is as long as the number's, and neither has a minus. */
function expected(text: string, sign: 1 | -1): string | null {
  const sum = `${BigInt(text) + BigInt(sign)}`;
  return sum.length === text.length && !sum.startsWith("-") ? sum : null;
}

const SIGNS = [1, -1] as const;

describe("INCR and DECR, the short way", () => {
  test("count as BigInt does, as long as the number stays as long as it is", () => {
    const { add } = setUp();
    const random = new Random(7);
    let doneCount = 0;
    for (let step = 0; step < 20_000; step++) {
      const length = 1 + random.below(18);
      const tail = random.pick(["9", "0", "5"]).repeat(random.below(length + 1));
      const head = Array.from({ length }, () => random.below(10)).join("");
      const number = `${BigInt(`${head.slice(0, length - tail.length)}${tail}`)}`;
      const sign = random.pick([...SIGNS]);
      const sum = add(number, random.below(4), sign);
      expect(sum, `${number} and ${sign}`).toBe(expected(number, sign));
      if (sum !== null) doneCount++;
    }
    expect(doneCount).toBeGreaterThan(10_000);
  });

  test.each([
    "",
    "-1",
    "+1",
    "01",
    "00",
    "1.5",
    "1 ",
    " 1",
    "a",
    "12b4",
    "/",
    ":",
    "1234567890123456789",
  ])("leave %p alone", (text) => {
    const { add } = setUp();
    for (const skew of [0, 1, 2, 3]) {
      for (const sign of SIGNS) expect(add(text, skew, sign)).toBeNull();
    }
  });

  test("leave a number alone that would gain or lose a digit", () => {
    const { add } = setUp();
    for (const text of ["9", "99", "999999999999999999"]) expect(add(text, 1, 1)).toBeNull();
    for (const text of ["0", "10", "1000"]) expect(add(text, 1, -1)).toBeNull();
    expect(add("100000000000000000", 1, 1)).toBe("100000000000000001");
    expect(add("1", 1, -1)).toBe("0");
    expect(add("20", 1, -1)).toBe("19");
  });
});
