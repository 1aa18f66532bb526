// Compares the constants with the headers of the kernel where they are installed. A header may be
// older than the constants; what it does not have is left out.

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import * as constants from "../../src/uring/kernel-constants.ts";

const HEADER = "/usr/include/linux/io_uring.h";
const hasHeader = existsSync(HEADER);

/** Names and values of `#define NAME (1U << 3)`, of `#define NAME 3ULL` and of enumerations. */
function parseHeader(source: string): Map<string, number> {
  const values = new Map<string, number>();
  const valueOf = (text: string): number | null => {
    const literal = /^\(?(0x[0-9a-f]+|\d+)U?L*\)?$/i.exec(text);
    if (literal !== null) return Number(literal[1]);
    const shift = /^\(1U << (\w+)\)$/.exec(text);
    if (shift === null) return null;
    const count = /^\d+$/.test(shift[1]!) ? Number(shift[1]) : values.get(shift[1]!);
    return count === undefined ? null : 2 ** count;
  };
  const text = source.replaceAll(/\/\*[^]*?\*\//g, "");
  for (const [, body] of text.matchAll(/\benum\s*\w*\s*\{([^}]*)\}/g)) {
    let next = 0;
    for (const item of body!.split(",")) {
      const [, name, value] = /^\s*(\w+)(?:\s*=\s*(\d+))?\s*$/.exec(item) ?? [];
      if (name === undefined) continue;
      if (value !== undefined) next = Number(value);
      values.set(name, next++);
    }
  }
  for (const [, name, value] of text.matchAll(/^#define\s+(\w+)\s+(.+?)\s*$/gm)) {
    const number = valueOf(value!);
    if (number !== null) values.set(name!, number);
  }
  return values;
}

describe("the constants", () => {
  const values: [string, number][] = Object.entries(constants);

  test.skipIf(!hasHeader)(`are those of ${HEADER}`, () => {
    const header = parseHeader(readFileSync(HEADER, "utf8"));
    const compared = values.filter(([name]) => header.has(name));
    expect(compared).toEqual(compared.map(([name]): [string, number] => [name, header.get(name)!]));
    expect(compared.length).toBeGreaterThan(30);
  });

  test("have offsets within their structures", () => {
    const sizes: [string, number][] = [
      ["SQE_", constants.SQE_WORDS],
      ["CQE_", constants.CQE_WORDS],
      ["GETEVENTS_", constants.GETEVENTS_WORDS],
      ["TIMESPEC_", constants.TIMESPEC_WORDS],
      ["MSGHDR_", constants.MSGHDR_WORDS],
      ["IOVEC_", constants.IOVEC_WORDS],
      ["RSRC_UPDATE_", constants.RSRC_UPDATE_WORDS],
      ["SYNC_CANCEL_", constants.SYNC_CANCEL_WORDS],
    ];
    for (const [prefix, size] of sizes) {
      const words = values.filter(([name]) => name.startsWith(prefix) && name.endsWith("_WORD"));
      expect(words.length).toBeGreaterThan(0);
      for (const [, word] of words) expect(word).toBeLessThan(size);
    }
  });
});
