// Finds the functions in code whose comments and text are blank (source-text.ts), by their braces:
// a parser would know more, and be a dependency. It relies on the formatter's line breaks.
//
// A line belongs to the innermost function that its first character lies in. So a closure factory
// has the lines between its inner functions, and a suite of tests next to none.

import { lineAt } from "./source-text.ts";

export interface SourceFunction {
  readonly name: string;
  readonly line: number;
  /** Lines of its own. */
  readonly lineCount: number;
}

interface Range {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

const CLOSING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };
/** What stands before a parenthesis that is no list of parameters, although a brace follows it. */
const CONTROL = new Set(["if", "for", "while", "switch", "catch", "with", "await"]);
const NAME_BEFORE = /(#?[\w$]+|\])\s*(?:<[^()]*>)?\s*$/;
const ARROW_NAME = /([#\w$]+)(?::[^=]*)?\s*=\s*(?:async\s*)?(?:\([^=]*|[\w$]+)\s*$/;
/** A brace behind one of these begins the type of an object, not a body. */
const TYPE_BEFORE = /[:|&<,(]\s*$/;

export function listFunctions(code: string): SourceFunction[] {
  const pairs = pairBrackets(code);
  const ranges = [...findArrows(code, pairs), ...findNamed(code, pairs)];
  const counts = countLines(code, ranges);
  return ranges
    .map((range) => ({
      name: range.name,
      line: lineAt(code, range.begin),
      lineCount: counts.get(range)!,
    }))
    .toSorted((a, b) => a.line - b.line);
}

/** From each bracket's position to its partner's. */
function pairBrackets(code: string): Map<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < code.length; at++) {
    const character = code[at]!;
    if (character === "(" || character === "[" || character === "{") open.push(at);
    const opening = CLOSING[character];
    if (opening === undefined || code[open.at(-1) ?? -1] !== opening) continue;
    const begin = open.pop()!;
    pairs.set(begin, at);
    pairs.set(at, begin);
  }
  return pairs;
}

/** Arrow functions with a body; the ones without are expressions of the function around them. */
function findArrows(code: string, pairs: ReadonlyMap<number, number>): Range[] {
  const ranges: Range[] = [];
  for (const match of code.matchAll(/=>\s*\{/g)) {
    const end = pairs.get(match.index + match[0].length - 1);
    if (end === undefined) continue;
    const lineBegin = code.lastIndexOf("\n", match.index) + 1;
    const name = ARROW_NAME.exec(code.slice(lineBegin, match.index))?.[1];
    // The line of one without a name is its caller's.
    const begin = name === undefined ? match.index : skipBlanks(code, lineBegin);
    ranges.push({ name: name ?? "arrow", begin, end });
  }
  return ranges;
}

/** Functions with the keyword, methods, accessors and constructors. */
function findNamed(code: string, pairs: ReadonlyMap<number, number>): Range[] {
  const ranges: Range[] = [];
  for (const match of code.matchAll(/\)/g)) {
    const open = pairs.get(match.index);
    if (open === undefined) continue;
    const lineBegin = code.lastIndexOf("\n", open) + 1;
    const name = NAME_BEFORE.exec(code.slice(lineBegin, open))?.[1];
    if (name === undefined || CONTROL.has(name)) continue;
    const body = findBody(code, match.index + 1, pairs);
    const end = pairs.get(body);
    if (end === undefined) continue;
    const begin = skipBlanks(code, lineBegin);
    ranges.push({ name: name === "]" ? "computed" : name, begin, end });
  }
  return ranges;
}

/** Position of the brace that begins the body behind a list of parameters, -1 = there is none. */
function findBody(code: string, from: number, pairs: ReadonlyMap<number, number>): number {
  let at = skipBlanks(code, from);
  if (code[at] === "{") return at;
  if (code[at] !== ":") return -1;
  let angleDepth = 0;
  for (at++; at < code.length; at++) {
    const character = code[at]!;
    if (character === "{" && !TYPE_BEFORE.test(code.slice(from, at))) return at;
    if (character === "<") angleDepth++;
    else if (character === ">") angleDepth--;
    else if ("{([".includes(character)) at = pairs.get(at) ?? code.length;
    else if (character === "," && angleDepth > 0) continue;
    else if (",;)]}?=".includes(character)) return -1;
  }
  return -1;
}

function skipBlanks(code: string, from: number): number {
  let at = from;
  while (at < code.length && /\s/.test(code[at]!)) at++;
  return at;
}

function countLines(code: string, ranges: readonly Range[]): Map<Range, number> {
  const counts = new Map(ranges.map((range) => [range, 0]));
  let lineBegin = 0;
  for (const line of code.split("\n")) {
    const first = lineBegin + /^\s*/.exec(line)![0].length;
    const around = ranges.filter(({ begin, end }) => begin <= first && first <= end);
    const innermost = around.toSorted((a, b) => b.begin - a.begin)[0];
    if (innermost !== undefined) counts.set(innermost, counts.get(innermost)! + 1);
    lineBegin += line.length + 1;
  }
  return counts;
}
