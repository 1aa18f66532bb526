// Splits an inline command as Redis does (sdssplitargs): arguments between white space, in single
// quotes with \' or in double quotes with \n \r \t \b \a \xHH \" and \\ meaning what they do in C.

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const BACKSLASH = 0x5c;
const LOWER_X = 0x78;
const HEX_DIGITS = 2;

const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x62, 0x08],
  [0x61, 0x07],
]);

/** The arguments of a line without its end, null = its quotes do not match. */
export function splitInline(line: Uint8Array): Buffer[] | null {
  // Redis reads a C string.
  const zero = line.indexOf(0);
  const end = zero < 0 ? line.length : zero;
  const args: Buffer[] = [];
  let at = 0;
  for (;;) {
    while (at < end && isSpace(line[at]!)) at++;
    if (at >= end) return args;
    const bytes: number[] = [];
    at = readArgument(line, at, end, bytes);
    if (at < 0) return null;
    args.push(Buffer.from(bytes));
  }
}

/** Where the argument ends, −1 = its quotes do not. */
function readArgument(line: Uint8Array, begin: number, end: number, bytes: number[]): number {
  let at = begin;
  while (at < end && !isSeparator(line[at]!)) {
    const byte = line[at]!;
    if (byte !== DOUBLE_QUOTE && byte !== SINGLE_QUOTE) {
      bytes.push(byte);
      at++;
      continue;
    }
    at =
      byte === DOUBLE_QUOTE
        ? readDouble(line, at + 1, end, bytes)
        : readSingle(line, at + 1, end, bytes);
    // A closing quote is followed by a space or nothing.
    if (at < 0 || (at < end && !isSpace(line[at]!))) return -1;
    return at;
  }
  return at;
}

function readDouble(line: Uint8Array, begin: number, end: number, bytes: number[]): number {
  let at = begin;
  while (at < end) {
    const byte = line[at]!;
    if (byte === DOUBLE_QUOTE) return at + 1;
    if (byte !== BACKSLASH || at + 1 >= end) {
      bytes.push(byte);
      at++;
      continue;
    }
    const code = readHex(line, at, end);
    if (code >= 0) {
      bytes.push(code);
      at += 2 + HEX_DIGITS;
    } else {
      bytes.push(ESCAPES.get(line[at + 1]!) ?? line[at + 1]!);
      at += 2;
    }
  }
  return -1;
}

function readSingle(line: Uint8Array, begin: number, end: number, bytes: number[]): number {
  let at = begin;
  while (at < end) {
    const byte = line[at]!;
    if (byte === SINGLE_QUOTE) return at + 1;
    if (byte === BACKSLASH && line[at + 1] === SINGLE_QUOTE && at + 1 < end) at++;
    bytes.push(line[at]!);
    at++;
  }
  return -1;
}

/** The byte that `\xHH` at `at` stands for, −1 = it is none. */
function readHex(line: Uint8Array, at: number, end: number): number {
  if (line[at + 1] !== LOWER_X || at + 2 + HEX_DIGITS > end) return -1;
  const digits = String.fromCharCode(line[at + 2]!, line[at + 3]!);
  return /^[0-9a-f]{2}$/i.test(digits) ? Number.parseInt(digits, 16) : -1;
}

/** As C's isspace: tab to carriage return, and space. Arguments begin behind these. */
function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CR);
}

/** What ends an argument without quotes: vertical tab and form feed do not. */
function isSeparator(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === LF || byte === CR;
}
