import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import {
  ARGUMENT_SIZE_MIN,
  INCOMPLETE,
  LINE_LENGTH_MAX,
  LINE_TOO_LONG,
  MALFORMED,
  REFUSED,
  RESTRICTED_LENGTH_MAX,
  TOO_LARGE,
  createRespArguments,
} from "../../src/protocol/resp-arguments.ts";

const AREA_SIZE = 128 * 1024;
const WINDOW_SIZE = 4096;
const LENGTH_MAX = 100_000;
const BEGIN = 37;

function open(text: string, { junk = "9", windowSize = WINDOW_SIZE } = {}) {
  const area = new ByteArea(new ArrayBuffer(AREA_SIZE));
  area.bytes.fill(junk, "latin1");
  area.bytes.write(text, BEGIN, "latin1");
  const args = createRespArguments(area, windowSize, LENGTH_MAX);
  const end = BEGIN + text.length;
  return {
    args,
    /** The length, and where its line ends. */
    readLength(): [number, number | null] {
      const length = args.readLength(BEGIN, end);
      return [length, length >= -1 ? args.next() - BEGIN : null];
    },
    /** The arguments, or what was answered instead. */
    read(count: number, isRestricted = false): string[] | number {
      const position = args.read(BEGIN, count, BEGIN, end, isRestricted);
      if (position < 0) return position;
      expect(position).toBe(end);
      expect(args.count).toBe(count);
      return Array.from({ length: count }, (_, i) => {
        const offset = args.offsets[i]!;
        return area.bytes.toString("latin1", offset, offset + args.lengths[i]!);
      });
    },
  };
}

describe("a length", () => {
  test("is a canonical integer, and ends with its line", () => {
    for (const number of [0, 1, 9, 10, 65_536, 999_999_999, 9_999_999_999]) {
      const line = `${number}\r\n`;
      expect(open(line).readLength()).toEqual([number, line.length]);
      expect(open(`${number}\rxyz`).readLength()).toEqual([number, line.length]);
    }
  });

  test("may be any negative one of 64 bits", () => {
    for (const text of ["-1", "-10", "-9223372036854775807", "-9223372036854775808"]) {
      expect(open(`${text}\r\n`).readLength()).toEqual([-1, text.length + 2]);
    }
  });

  test("is malformed as anything else", () => {
    const texts = ["", "-", "+1", "01", "00", "-0", "-01", " 1", "1 ", "1x", "x", "1\n", "--1"];
    texts.push("10000000000", "-9223372036854775809", `-${"1".repeat(30)}`, "1".repeat(2000));
    for (const text of texts) {
      expect([text, open(`${text}\r\n`).readLength()[0]]).toEqual([text, MALFORMED]);
    }
  });

  test("is incomplete until the byte behind CR has come, whatever lies there", () => {
    for (const text of ["", "1", "12", "12\r", "-", "-1", "-1\r", "0", "0\r", "x", "\r"]) {
      for (const junk of ["9", "\r", "\n", "\0"]) {
        expect([text, open(text, { junk }).readLength()[0]]).toEqual([text, INCOMPLETE]);
      }
    }
  });

  test("does not stand on a line that is too long, whether its end has come or not", () => {
    for (const [windowSize, lengthMax] of [
      [4096, 2048],
      [64 * 1024, LINE_LENGTH_MAX],
      [1024 * 1024, LINE_LENGTH_MAX],
    ] as const) {
      for (const digit of ["1", "0", "x", "-"]) {
        const longest = digit.repeat(lengthMax);
        const lengthOf = (text: string) => open(text, { windowSize }).readLength()[0];
        expect(lengthOf(longest)).toBe(INCOMPLETE);
        expect(lengthOf(`${longest}\r\n`)).toBe(MALFORMED);
        expect(lengthOf(`${longest}${digit}`)).toBe(LINE_TOO_LONG);
        expect(lengthOf(`${longest}${digit}\r\n`)).toBe(LINE_TOO_LONG);
      }
    }
  });
});

describe("the arguments of a command", () => {
  test("are what lies between the lines", () => {
    expect(open("$3\r\nGET\r\n$0\r\n\r\n$2\r\n\r\n\r\n").read(3)).toEqual(["GET", "", "\r\n"]);
    expect(open("$1\r\na12").read(1)).toEqual(["a"]);
  });

  test("are incomplete as long as a byte is missing, the two behind the last included", () => {
    const text = "$3\r\nGET\r\n$1\r\na\r\n";
    for (let length = 0; length < text.length; length++) {
      for (const junk of ["$", "9", "\r", "\n"]) {
        expect(open(text.slice(0, length), { junk }).read(2)).toBe(INCOMPLETE);
      }
    }
  });

  test("are as many as fit a window", () => {
    const count = Math.floor(WINDOW_SIZE / ARGUMENT_SIZE_MIN);
    expect(open("$0\r\n\r\n".repeat(count)).read(count)).toEqual(new Array(count).fill(""));
    expect(open("$0\r\n\r\n".repeat(count + 1)).read(count + 1)).toBe(TOO_LARGE);
    expect(open("").args.offsets.length).toBeGreaterThanOrEqual(count);
  });

  test("may fill the window, which is counted from the command's begin", () => {
    const length = WINDOW_SIZE - "$4087\r\n\r\n".length;
    expect(open(`$${length}\r\n${"x".repeat(length)}\r\n`).read(1)).toHaveLength(1);
    expect(open(`$${length + 1}\r\n`).read(1)).toBe(TOO_LARGE);
    const { args } = open(`$${length}\r\n`);
    expect(args.read(BEGIN, 1, BEGIN, BEGIN + 7, false)).toBe(INCOMPLETE);
    expect(args.read(BEGIN, 1, BEGIN - 1, BEGIN + 7, false)).toBe(TOO_LARGE);
  });

  test("are refused with a reason", () => {
    const refusals: readonly (readonly [string, string])[] = [
      ["x", "expected '$', got 'x'"],
      ["\xff", "expected '$', got '\xff'"],
      ["$-1\r\n", "invalid bulk length"],
      ["$x\r\n", "invalid bulk length"],
      [`$${LENGTH_MAX + 1}\r\n`, "invalid bulk length"],
      [`$${"1".repeat(LINE_LENGTH_MAX + 1)}`, "too big bulk count string"],
      ["$1\r\na\r\n:", "expected '$', got ':'"],
    ];
    for (const [text, error] of refusals) {
      const { args, read } = open(text);
      expect(read(2)).toBe(REFUSED);
      expect(args.error).toBe(`Protocol error: ${error}`);
    }
  });

  test("are shorter for a client that has not logged in", () => {
    const line = (length: number) => `$${length}\r\n`;
    expect(open(line(RESTRICTED_LENGTH_MAX)).read(1, true)).toBe(TOO_LARGE);
    const { args, read } = open(line(RESTRICTED_LENGTH_MAX + 1));
    expect(read(1, true)).toBe(REFUSED);
    expect(args.error).toBe("Protocol error: unauthenticated bulk length");
    expect(read(1, false)).toBe(TOO_LARGE);
    expect(open(line(LENGTH_MAX + 1)).read(1, true)).toBe(REFUSED);
  });
});
