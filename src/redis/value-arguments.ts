// Which arguments of a command become values, so that a long one can be received right into the
// store: handlers ask for exactly these by `Call.value`.

/** Index of the first such argument; of MSET and MSETNX every second one from there. */
const FIRST_VALUES: ReadonlyMap<string, number> = new Map([
  ["set", 2],
  ["setnx", 2],
  ["getset", 2],
  ["setex", 3],
  ["psetex", 3],
  ["mset", 2],
  ["msetnx", 2],
]);
const PAIRS: ReadonlySet<string> = new Set(["mset", "msetnx"]);
const NAME_LENGTH_MAX = 6;

/** `name` as it was sent. */
export function isValueArgument(name: Buffer, index: number): boolean {
  if (name.length > NAME_LENGTH_MAX) return false;
  const command = name.toString("latin1").toLowerCase();
  const first = FIRST_VALUES.get(command);
  if (first === undefined || index < first) return false;
  return index === first || (PAIRS.has(command) && (index & 1) === 0);
}
