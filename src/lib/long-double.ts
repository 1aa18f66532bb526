// The x87 long double: 64 bits of mantissa, 15 of exponent. Redis adds floats in it, so what it
// prints after INCRBYFLOAT can only be met by computing in it too. Here a value is mantissa ×
// 2^exponent with an exact BigInt for the mantissa; every result is rounded half to even.
//
// The sign of zero is not kept, for it is never printed; nor that of infinity, which no sum may be.

/** Bits of the mantissa. */
const PRECISION = 64;
/** Of the lowest bit: of the smallest value at all, and of the largest mantissa. */
const EXPONENT_MIN = -16_445;
const EXPONENT_MAX = 16_383 - (PRECISION - 1);

/** Most bytes of a number: what the C original has room for. */
export const LONG_DOUBLE_TEXT_LENGTH_MAX = 5 * 1024 - 1;
/** A decimal whose first digit stands here or higher is infinite; below the other, zero. */
const DECIMAL_PLACE_MAX = 5_000;
const DECIMAL_PLACE_MIN = -5_000;
/** The same for hexadecimals, in bits. */
const BINARY_PLACE_MAX = 17_000;
const BINARY_PLACE_MIN = -17_000;
/** Digits behind the point that are printed. */
const FRACTION_DIGITS = 17;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;
const HEXADECIMAL = /^([+-]?)0x([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i;
const INFINITY = /^[+-]?inf(?:inity)?$/i;

export interface LongDouble {
  /** Signed; of at most 64 bits, or a power of two. */
  readonly mantissa: bigint;
  /** Infinity = so is the value. */
  readonly exponent: number;
}

const ZERO: LongDouble = { mantissa: 0n, exponent: 0 };
const INFINITE: LongDouble = { mantissa: 1n, exponent: Infinity };

/**
 * What strtold makes of the whole text; null where Redis takes it for no number: spaces, anything
 * behind the number, nan, too many bytes, and what is not zero or infinite but would become so.
 */
export function parseLongDouble(text: string): LongDouble | null {
  if (text.length > LONG_DOUBLE_TEXT_LENGTH_MAX) return null;
  if (INFINITY.test(text)) return INFINITE;
  return parseWith(HEXADECIMAL, text, roundHexadecimal) ?? parseWith(DECIMAL, text, roundDecimal);
}

/** Infinite when it is too large, and when one of the two is. */
export function addLongDoubles(left: LongDouble, right: LongDouble): LongDouble {
  if (!isFiniteLongDouble(left) || !isFiniteLongDouble(right)) return INFINITE;
  const exponent = Math.min(left.exponent, right.exponent);
  const sum = alignTo(exponent, left) + alignTo(exponent, right);
  const magnitude = round(sum < 0n ? -sum : sum, exponent, false);
  return sum < 0n ? negate(magnitude) : magnitude;
}

export function isFiniteLongDouble(value: LongDouble): boolean {
  return value.exponent !== Infinity;
}

/** A finite value as printf's `%.17Lf` has it, without zeros at the end and without `-0`. */
export function printLongDouble({ mantissa, exponent }: LongDouble): string {
  const magnitude = mantissa < 0n ? -mantissa : mantissa;
  const sign = mantissa < 0n ? "-" : "";
  if (exponent >= 0) return sign + (magnitude << BigInt(exponent)).toString();
  const scaled = shiftRightToEven(magnitude * 10n ** BigInt(FRACTION_DIGITS), -exponent, false);
  if (scaled === 0n) return "0";
  const digits = scaled.toString().padStart(FRACTION_DIGITS + 1, "0");
  const fraction = digits.slice(-FRACTION_DIGITS).replace(/0+$/, "");
  return sign + digits.slice(0, -FRACTION_DIGITS) + (fraction === "" ? "" : `.${fraction}`);
}

/** Rounds digits × base^place, where `place` is that of the last digit; the digits are not zero. */
type RoundDigits = (digits: string, place: number, power: number) => LongDouble;

function parseWith(pattern: RegExp, text: string, roundDigits: RoundDigits): LongDouble | null {
  const match = pattern.exec(text);
  if (match === null) return null;
  const [, sign, whole = "", fraction = "", power = "0"] = match;
  const all = `${whole}${fraction}`;
  if (all === "") return null;
  const digits = all.replace(/^0+/, "");
  if (digits === "") return ZERO;
  const value = roundDigits(digits, -fraction.length, Number(power));
  if (value.mantissa === 0n || !isFiniteLongDouble(value)) return null;
  return sign === "-" ? negate(value) : value;
}

function roundDecimal(digits: string, lastDigit: number, power: number): LongDouble {
  const place = lastDigit + power;
  // Beyond all that can be told from infinity and zero nothing need be computed, however large.
  if (place + digits.length > DECIMAL_PLACE_MAX) return INFINITE;
  if (place + digits.length < DECIMAL_PLACE_MIN) return ZERO;
  const mantissa = BigInt(digits);
  if (place >= 0) return round(mantissa * 10n ** BigInt(place), 0, false);
  const divisor = 10n ** BigInt(-place);
  // Enough bits for the quotient to have two more than are kept; what is left only has to be known.
  const shift = Math.max(0, PRECISION + 2 + bitLength(divisor) - bitLength(mantissa));
  const dividend = mantissa << BigInt(shift);
  return round(dividend / divisor, -shift, dividend % divisor !== 0n);
}

function roundHexadecimal(digits: string, lastDigit: number, power: number): LongDouble {
  const place = 4 * lastDigit + power;
  if (place + 4 * digits.length > BINARY_PLACE_MAX) return INFINITE;
  if (place + 4 * digits.length < BINARY_PLACE_MIN) return ZERO;
  return round(BigInt(`0x${digits}`), place, false);
}

/** Of a magnitude; `hasRest` = the exact value is larger by less than one in the lowest bit. */
function round(magnitude: bigint, exponent: number, hasRest: boolean): LongDouble {
  if (magnitude === 0n) return ZERO;
  const excess = Math.max(bitLength(magnitude) - PRECISION, EXPONENT_MIN - exponent);
  const mantissa = excess > 0 ? shiftRightToEven(magnitude, excess, hasRest) : magnitude;
  const place = excess > 0 ? exponent + excess : exponent;
  if (mantissa === 0n) return ZERO;
  const isInfinite = place + bitLength(mantissa) > EXPONENT_MAX + PRECISION;
  return isInfinite ? INFINITE : { mantissa, exponent: place };
}

function shiftRightToEven(magnitude: bigint, count: number, hasRest: boolean): bigint {
  const shift = BigInt(count);
  const quotient = magnitude >> shift;
  const rest = magnitude - (quotient << shift);
  const half = 1n << (shift - 1n);
  if (rest < half) return quotient;
  if (rest > half || hasRest) return quotient + 1n;
  return quotient + (quotient & 1n);
}

function alignTo(exponent: number, value: LongDouble): bigint {
  return value.mantissa << BigInt(value.exponent - exponent);
}

function negate(value: LongDouble): LongDouble {
  return { mantissa: -value.mantissa, exponent: value.exponent };
}

/** Bits without leading zeros, 0 of zero. */
function bitLength(magnitude: bigint): number {
  if (magnitude === 0n) return 0;
  const digits = magnitude.toString(16);
  return 4 * (digits.length - 1) + (32 - Math.clz32(Number.parseInt(digits[0]!, 16)));
}
