import { expect } from "bun:test";
import { show, textIn } from "./v1-frames.ts";

const TAG_OFFSET = 2;
const TAG_INFO = 7;
const TAG_KEYS = 13;

/** Compares replies by their bytes; KEYS may list in any order, INFO says anything. */
export function expectReplies(
  actual: readonly Buffer[],
  expected: readonly Buffer[],
  context: string,
): void {
  const count = Math.max(actual.length, expected.length);
  for (let i = 0; i < count; i++) {
    const left = actual[i];
    const right = expected[i];
    if (left !== undefined && right !== undefined && isSameReply(left, right)) continue;
    const shown = (bytes: Buffer | undefined) => (bytes === undefined ? "none" : show(bytes)[0]);
    expect({ context, reply: i, bytes: shown(left) }).toEqual({
      context,
      reply: i,
      bytes: shown(right),
    });
  }
}

function isSameReply(left: Buffer, right: Buffer): boolean {
  if (left.equals(right)) return true;
  const tag = left[TAG_OFFSET];
  if (tag !== right[TAG_OFFSET] || left.length < 5) return false;
  if (tag === TAG_INFO) return true;
  return tag === TAG_KEYS && sortedKeys(left) === sortedKeys(right);
}

/** The keys of a KEYS reply, sorted; the numbers have to count from 1. */
function sortedKeys(answer: Buffer): string {
  const lines = textIn(answer).split("\n");
  const keys = lines.map((line, i) => {
    const prefix = `${i + 1}) `;
    return line.startsWith(prefix) ? line.slice(prefix.length) : `misnumbered: ${line}`;
  });
  return keys.sort().join("\n");
}
