// Amounts of memory as people write them.
//
// The units are those of redis.conf, so that a habit from there means the same here: a bare letter
// is a power of ten and a letter with `b` a power of two; `KiB`, `MiB` and `GiB` say so outright.
// Case does not count. There are no fractions: 1.5GiB is written 1536MiB.

const UNIT_BYTES: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["k", 1e3],
  ["kb", 1024],
  ["kib", 1024],
  ["m", 1e6],
  ["mb", 1024 ** 2],
  ["mib", 1024 ** 2],
  ["g", 1e9],
  ["gb", 1024 ** 3],
  ["gib", 1024 ** 3],
]);

const PRINTED_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Bytes, or null for text that is no size or one a number cannot hold exactly. */
export function parseSize(text: string): number | null {
  const match = /^(0|[1-9]\d*)([a-z]*)$/i.exec(text);
  if (match === null) return null;
  const unitBytes = UNIT_BYTES.get(match[2]!.toLowerCase());
  if (unitBytes === undefined) return null;
  const bytes = Number(match[1]) * unitBytes;
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** For reading: one decimal at most, such as `17.6GiB`. */
export function formatSize(bytes: number): string {
  let amount = bytes;
  let index = 0;
  // Compared as it will be printed, or 1048575 would read 1024KiB.
  while (index < PRINTED_UNITS.length - 1 && Math.round(amount * 10) >= 10240) {
    amount /= 1024;
    index += 1;
  }
  return `${Math.round(amount * 10) / 10}${PRINTED_UNITS[index]}`;
}

/** For reading back: `parseSize` returns the same bytes. */
export function formatSizeExactly(bytes: number): string {
  let amount = bytes;
  let index = 0;
  while (index < PRINTED_UNITS.indexOf("GiB") && amount !== 0 && amount % 1024 === 0) {
    amount /= 1024;
    index += 1;
  }
  return index === 0 ? `${bytes}` : `${amount}${PRINTED_UNITS[index]}`;
}
