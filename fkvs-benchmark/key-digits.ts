// Writes the number of a key into the request that carries it: decimal digits, from the right, with
// zeros before them.
//
//   key:000000012345        width 12, of which the last `digitCount` are ever written
//
// Four digits at a time from a table, because this happens for every request.

const GROUP = 4;
const GROUP_VALUES = 10_000;
const ZERO = 0x30;

/** ASCII of 0000 to 9999, as words in the order of memory. */
const GROUPS = listGroups();

export type WriteKeyDigits = (end: number, key: number) => void;

/** Writes keys that have at most `digitCount` digits so that the last one is before `end`. */
export function createKeyDigits(view: DataView, digitCount: number): WriteKeyDigits {
  const groupCount = Math.floor(digitCount / GROUP);
  const rest = digitCount % GROUP;

  return function write(end, key) {
    let at = end;
    let left = key;
    for (let i = 0; i < groupCount; i++) {
      const higher = Math.floor(left / GROUP_VALUES);
      at -= GROUP;
      view.setInt32(at, GROUPS[left - higher * GROUP_VALUES]!, true);
      left = higher;
    }
    for (let i = 0; i < rest; i++) {
      const higher = Math.floor(left / 10);
      view.setUint8(--at, ZERO + left - higher * 10);
      left = higher;
    }
  };
}

function listGroups(): Int32Array {
  const groups = new Int32Array(GROUP_VALUES);
  const view = new DataView(groups.buffer);
  for (let value = 0; value < GROUP_VALUES; value++) {
    const text = `${value}`.padStart(GROUP, "0");
    for (let i = 0; i < GROUP; i++) view.setUint8(value * GROUP + i, text.charCodeAt(i));
  }
  // The table is read as numbers and written little-endian; on a big-endian machine it is swapped.
  return Int32Array.from(groups, (_, i) => view.getInt32(i * GROUP, true));
}
