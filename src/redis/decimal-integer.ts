// Integers as Redis reads them in arguments and values: signed 64 bits, in the one way in which
// they are printed. `+1`, `01`, `-0`, spaces and the empty text are none.

export const INTEGER_MAX = 2n ** 63n - 1n;
export const INTEGER_MIN = -(2n ** 63n);

/** Most bytes of such an integer, its sign included. */
export const INTEGER_TEXT_LENGTH_MAX = 20;

const DECIMAL = /^(?:0|-?[1-9]\d*)$/;

/** Null = it is none. */
export function parseDecimalInteger(text: Uint8Array): bigint | null {
  if (text.length === 0 || text.length > INTEGER_TEXT_LENGTH_MAX) return null;
  const digits = String.fromCharCode(...text);
  if (!DECIMAL.test(digits)) return null;
  const value = BigInt(digits);
  return isInteger64(value) ? value : null;
}

export function isInteger64(value: bigint): boolean {
  return value >= INTEGER_MIN && value <= INTEGER_MAX;
}
