import { describe, expect, test } from "bun:test";
import { createGlob } from "../../src/lib/glob.ts";
import { Random } from "../support/random.ts";

const RANDOM_PAIR_COUNT = 5000;

function matches(pattern: string, text: string, isCaseless = false): boolean {
  const glob = createGlob(Buffer.from(pattern, "latin1"), { isCaseless });
  return glob.matches(Buffer.from(text, "latin1"));
}

/** Pattern, texts that match, texts that do not: as Redis 7.0.15 has them. */
const CASES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["", [""], ["a"]],
  ["abc", ["abc"], ["ab", "abcd", "ABC", ""]],
  ["*", ["a", "abc"], [""]],
  ["**", ["a", "abc"], [""]],
  ["a*", ["a", "ab", "abc"], ["ba", ""]],
  ["*a", ["a", "ba", "aa"], ["ab", ""]],
  ["a**b", ["ab", "axxb"], ["a", "axc"]],
  ["a*b*c", ["abc", "axbxc", "abbcc", "abcbc"], ["acb", "abcb", "ac"]],
  ["*ab*ab", ["abab", "aabxab"], ["aab", "abba"]],
  ["a?c", ["abc", "a?c"], ["ac", "abbc"]],
  ["?", ["a", "*"], ["", "ab"]],
  ["*?", ["a", "ab"], [""]],
  ["a*?", ["ab", "abc"], ["a"]],
  ["[abc]", ["a", "c"], ["d", "", "ab"]],
  ["[^abc]", ["d", "^"], ["a", ""]],
  ["[a^]", ["a", "^"], ["b"]],
  ["[!a]", ["!", "a"], ["b"]],
  ["[a-c]x", ["ax", "bx", "cx"], ["dx", "-x", "x"]],
  ["[c-a]", ["a", "b", "c"], ["d", "-"]],
  ["[-a]", ["-", "a"], ["b"]],
  ["[a-]", ["]", "a", "^"], ["-", "b", "a]"]],
  ["[a-]b]", ["b", "a", "]", "^"], ["-", "ab]"]],
  ["[a-", ["a", "-"], ["b", "[a-"]],
  ["[a-c", ["a", "b", "c"], ["-", "d"]],
  ["[", [], ["[", "a", ""]],
  ["[^", ["a", "[", "^"], ["", "ab"]],
  ["[]", [], ["]", "[", "a", "[]"]],
  ["[]a]", [], ["a]", "]a]", "a"]],
  ["[^]", ["a", "]", "^"], ["", "ab"]],
  ["[ab", ["a", "b"], ["[ab", "c"]],
  ["[a]b]", ["ab]"], ["a", "b"]],
  ["[\\]]", ["]"], ["\\", "a"]],
  ["[\\a-c]", ["a", "-", "c"], ["b", "\\"]],
  ["[a-\\]]", ["a]", "\\]", "^]"], ["a", "]", "b]", "[]"]],
  ["[\\", ["\\"], ["a", "[\\"]],
  ["[*?]", ["*", "?"], ["a"]],
  ["\\*", ["*"], ["a", "\\*", "\\"]],
  ["\\\\", ["\\"], ["\\\\"]],
  ["\\a", ["a"], ["\\a"]],
  ["a\\", ["a\\"], ["a"]],
  ["\\[a]", ["[a]"], ["a"]],
  ["a\\*", ["a*"], ["a", "ab"]],
  ["[a-\xff]", ["a", "\xff", "0", "\x00"], ["b", "\x80", "\xfe"]],
  ["[\x80-\xff]", ["\x80", "\xc3", "\xff"], ["\x7f", "a"]],
  ["[\x00-\x7f]", ["\x00", "a", "\x7f"], ["\x80"]],
  ["\xc3?", ["\xc3\xa9"], ["\xc3", "\xa9\xc3"]],
  ["a\x00*", ["a\x00", "a\x00b"], ["a"]],
];

describe("a glob", () => {
  test.each(CASES)("%j matches %j and none of %j", (pattern, matching, others) => {
    expect(matching.filter((text) => !matches(pattern, text))).toEqual([]);
    expect(others.filter((text) => matches(pattern, text))).toEqual([]);
  });

  test.each([
    ["ABC", "abc", true],
    ["abc", "ABC", true],
    ["[A-C]x", "bX", true],
    ["[a-c]x", "BX", true],
    ["[B]", "b", true],
    ["[b]", "B", true],
    ["[^B]", "b", false],
    ["\\A", "a", true],
    ["[\\A]", "a", false],
    ["[\\A]", "A", true],
    // In order until both ends become lower case.
    ["[Z-a]", "z", false],
    ["[Z-a]", "[", false],
    ["@", "`", false],
    ["[@]", "`", false],
    ["\xc1", "\xe1", false],
  ])("without case: %j and %j: %p", (pattern, text, isMatch) => {
    expect(matches(pattern, text, true)).toBe(isMatch);
  });

  test("agrees with the plain definition on random pairs", () => {
    for (let seed = 1; seed <= RANDOM_PAIR_COUNT; seed++) {
      const random = new Random(seed);
      const pattern = pickText(random, "ab*?", 10);
      const text = pickText(random, "ab", 12);
      const pair = `seed ${seed}: ${pattern} ${text}`;
      expect([pair, matches(pattern, text)]).toEqual([pair, isMatch(pattern, text)]);
    }
  });

  test("may be used again and again", () => {
    const glob = createGlob(Buffer.from("a*[bc]"));
    for (const [text, isMatch] of [
      ["ab", true],
      ["ad", false],
      ["axxc", true],
    ] as const) {
      expect(glob.matches(Buffer.from(text))).toBe(isMatch);
    }
  });
});

describe("the bounds of a glob", () => {
  test("a match that takes too many steps counts as none", () => {
    // Each place where the letters may begin takes 20,001 steps before it fails.
    const pattern = `*${"a".repeat(20_000)}b`;
    expect(matches(pattern, `${"a".repeat(20_030)}b`)).toBe(true);
    expect(matches(pattern, `${"a".repeat(60_000)}b`)).toBe(false);
  });

  test("stars do not multiply", () => {
    expect(matches("*a".repeat(1000) + "*b", "a".repeat(1500))).toBe(false);
    expect(matches("*a".repeat(1000) + "*b", `${"a".repeat(1500)}b`)).toBe(true);
  });

  test("the longest pattern is compiled, and a longer one matches nothing", () => {
    expect(matches("*".repeat(65_536), "a")).toBe(true);
    expect(matches("*".repeat(65_537), "a")).toBe(false);
    expect(matches("[^]".repeat(21_000), "x".repeat(21_000))).toBe(true);
    expect(matches("[]".repeat(32_768), "x".repeat(32_768))).toBe(false);
    expect(matches("[^a]".repeat(16_384), "x".repeat(16_384))).toBe(true);
    expect(matches(`${"[x]".repeat(21_843)}[a-c]`, `${"x".repeat(21_843)}b`)).toBe(true);
  });
});

/** By a table of all rests of the pattern against all rests of the text. */
function isMatch(pattern: string, text: string): boolean {
  if (text === "") return pattern === "";
  const table = Array.from(
    { length: pattern.length + 1 },
    () => new Array<boolean>(text.length + 1),
  );
  for (let i = pattern.length; i >= 0; i--) {
    for (let j = text.length; j >= 0; j--) {
      if (i === pattern.length) table[i]![j] = j === text.length;
      else if (pattern[i] === "*") {
        table[i]![j] = table[i + 1]![j]! || (j < text.length && table[i]![j + 1]!);
      } else {
        const isSame = j < text.length && (pattern[i] === "?" || pattern[i] === text[j]);
        table[i]![j] = isSame && table[i + 1]![j + 1]!;
      }
    }
  }
  return table[0]![0]!;
}

function pickText(random: Random, alphabet: string, lengthMax: number): string {
  const length = random.between(0, lengthMax);
  return Array.from({ length }, () => random.pick([...alphabet])).join("");
}
