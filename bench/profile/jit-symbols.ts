// Which compiled code lies at an address. Memory of code that was thrown away is used again: the
// code that came last counts, as the profile is of a server that has long been warm.

import type { JitCode } from "./jit-dump.ts";

/** `JSC-FTL: get#CH6sSU`: who compiled, what, and a hash of its source. */
const JSC_NAME = /^JSC-([^:]+):\s*(.*?)(#\w{6})?$/;

export class JitSymbols {
  /** Sorted, without overlaps. */
  readonly #codes: JitCode[] = [];

  /** Codes in the order in which they were compiled. */
  constructor(codes: readonly JitCode[]) {
    const names = readableNames(codes.map(({ name }) => name));
    for (const code of codes) {
      if (code.end > code.begin) this.#insert({ ...code, name: names.get(code.name)! });
    }
  }

  /** The name of the code, null where there is none. */
  find(address: number): string | null {
    const code = this.#codes[this.#firstEndingAfter(address)];
    return code !== undefined && code.begin <= address ? code.name : null;
  }

  #insert(code: JitCode): void {
    const index = this.#firstEndingAfter(code.begin);
    let count = 0;
    while (index + count < this.#codes.length && this.#codes[index + count]!.begin < code.end) {
      count++;
    }
    this.#codes.splice(index, count, code);
  }

  #firstEndingAfter(address: number): number {
    let low = 0;
    let high = this.#codes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#codes[middle]!.end > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/**
 * `get [FTL]` of `JSC-FTL: get#CH6sSU`. Where different functions of one name were compiled they
 * keep the hash, which stays the same as long as their source does: `run#CH6sSU [FTL]`.
 */
export function readableNames(names: readonly string[]): Map<string, string> {
  const hashes = new Map<string, Set<string>>();
  const parts = new Map<string, { readonly short: string; readonly long: string }>();
  for (const name of names) {
    const [, maker, what, hash = ""] = JSC_NAME.exec(name) ?? [];
    if (maker === undefined) continue;
    const bare = what === "" ? "(anonymous)" : what;
    const short = `${bare} [${maker}]`;
    parts.set(name, { short, long: `${bare}${hash} [${maker}]` });
    hashes.set(short, (hashes.get(short) ?? new Set()).add(hash));
  }
  const readable = (name: string): string => {
    const part = parts.get(name);
    if (part === undefined) return name;
    return hashes.get(part.short)!.size > 1 ? part.long : part.short;
  };
  return new Map(names.map((name) => [name, readable(name)]));
}
