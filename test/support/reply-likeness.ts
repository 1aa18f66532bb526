// Whether two servers' replies to a request are alike, by what can be said of its reply.

import { ABSOLUTE_TIMES } from "./redis-arguments.ts";
import type { Likeness } from "./redis-request.ts";
import { elementsOf } from "./resp-reader.ts";

const SECOND_MS = 1000n;
const INTEGER = /^:(-?\d+)\r\n$/;
const VERSION = /(version\r\n)\$\d+\r\n[^\r]*\r\n/;
const CLIENT_ID = /(id\r\n):\d+\r\n/;

export function areAlike(likeness: Likeness, left: Buffer, right: Buffer): boolean {
  if (left.equals(right)) return true;
  switch (likeness) {
    case "near-seconds":
      return areNear(left, right, 1n);
    case "near-ms":
      return areNear(left, right, SECOND_MS);
    case "sorted":
      return haveSameElements(left, right);
    case "page":
      return isPage(left) && isPage(right);
    case "hello":
      return maskHello(left) === maskHello(right);
    case "integer":
      return integerOf(left) !== null && integerOf(right) !== null;
    default:
      return false;
  }
}

/** Deadlines that were given as points in time must be equal. */
function areNear(left: Buffer, right: Buffer, tolerance: bigint): boolean {
  const a = integerOf(left);
  const b = integerOf(right);
  if (a === null || b === null || ABSOLUTE_TIMES.has(`${b}`)) return false;
  // −1 and −2 say that there is no deadline, or no key.
  if (a < 0n || b < 0n) return false;
  return a - b <= tolerance && b - a <= tolerance;
}

function integerOf(reply: Buffer): bigint | null {
  const match = INTEGER.exec(reply.toString("latin1"));
  return match === null ? null : BigInt(match[1]!);
}

function haveSameElements(left: Buffer, right: Buffer): boolean {
  if (left[0] !== right[0]) return false;
  const a = sortedElements(left);
  return a !== null && a === sortedElements(right);
}

function sortedElements(reply: Buffer): string | null {
  const elements = elementsOf(reply)?.map((element) => element.toString("latin1"));
  return elements?.toSorted().join("") ?? null;
}

function isPage(reply: Buffer): boolean {
  const elements = elementsOf(reply);
  return elements?.length === 2 && elementsOf(elements[1]!) !== null;
}

function maskHello(reply: Buffer): string {
  const text = reply.toString("latin1");
  return text.replace(VERSION, "$1$$?\r\n").replace(CLIENT_ID, "$1:?\r\n");
}
