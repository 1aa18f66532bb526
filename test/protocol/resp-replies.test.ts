import { describe, expect, test } from "bun:test";
import { SPLICE_LENGTH_MIN } from "../../src/batch/send-windows.ts";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { RESP_ERROR, RespReplies } from "../../src/protocol/resp-replies.ts";
import { SendFixture, WINDOW_SIZE } from "../support/send-fixture.ts";

const LIMIT = 2 * WINDOW_SIZE;
/** They speak RESP2, and RESP3. */
const TWO = 1;
const THREE = 2;

class Fixture extends SendFixture {
  readonly replies: RespReplies;

  constructor() {
    super(0, LIMIT);
    this.replies = new RespReplies(this.sends, this.memory.store, Uint8Array.of(2, 2, 3));
  }

  sent(connection = TWO): string {
    this.sends.flush(connection);
    return this.transport.take(connection);
  }

  /** Leaves so many bytes of the window, and a socket that takes nothing; what it holds. */
  fillUp(left: number): string {
    this.transport.capacity = 0;
    const text = "x".repeat(WINDOW_SIZE - left);
    this.sends.append(TWO, Buffer.from(text));
    return text;
  }
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

describe("RespReplies", () => {
  test("write lines", () => {
    const { replies, ...fixture } = new Fixture();
    const cases: readonly (readonly [() => void, string])[] = [
      [() => replies.ok(TWO), "+OK\r\n"],
      [() => replies.pong(TWO), "+PONG\r\n"],
      [() => replies.arrayHead(TWO, 0), "*0\r\n"],
      [() => replies.arrayHead(TWO, 1_048_576), "*1048576\r\n"],
      [() => replies.integer(TWO, 0), ":0\r\n"],
      [() => replies.integer(TWO, 1_048_576), ":1048576\r\n"],
    ];
    for (const [write] of cases) write();
    fixture.sends.flush(TWO);
    expect(fixture.transport.take(TWO)).toBe(cases.map(([, text]) => text).join(""));
  });

  test("write a nil as the connection's version has it", () => {
    const fixture = new Fixture();
    fixture.replies.nil(TWO);
    fixture.replies.nil(THREE);
    expect(fixture.sent(TWO)).toBe("$-1\r\n");
    expect(fixture.sent(THREE)).toBe("_\r\n");
  });

  test("write the errors of Redis", () => {
    const fixture = new Fixture();
    const { NO_INTEGER, OVERFLOW, FULL } = RESP_ERROR;
    for (const line of [NO_INTEGER, OVERFLOW, FULL]) fixture.replies.error(TWO, line);
    expect(fixture.sent().split("\r\n")).toEqual([
      "-ERR value is not an integer or out of range",
      "-ERR increment or decrement would overflow",
      "-OOM command not allowed when used memory > 'maxmemory'.",
      "",
    ]);
  });

  test("write every error as one line", () => {
    for (const line of Object.values(RESP_ERROR)) {
      const fixture = new Fixture();
      fixture.replies.error(TWO, line);
      expect(fixture.sent()).toMatch(/^-[A-Z]+ [^\r\n]+\r\n$/);
    }
  });

  test("write the text of an integer, wherever it lies and however long it is", () => {
    for (const text of ["0", "-1", "9223372036854775807", "-9223372036854775808"]) {
      const fixture = new Fixture();
      const source = new ByteArea(new ArrayBuffer(100));
      source.bytes.write(`99${text}99`, 5);
      fixture.replies.integerText(TWO, source, 7, text.length);
      expect(fixture.sent()).toBe(`:${text}\r\n`);
    }
  });

  test("write the value of an entry, of any length", () => {
    const fixture = new Fixture();
    const { memory } = fixture;
    const lengths = [0, 1, 9, 10, 63, 64, 99, 100, 9999, SPLICE_LENGTH_MIN - 1, SPLICE_LENGTH_MIN];
    let expected = "";
    for (const length of [...lengths, 65_536, 300_000]) {
      const value = Buffer.alloc(length, `of ${length} `).toString("latin1");
      memory.setBytes("key", Buffer.from(value));
      fixture.replies.value(TWO, memory.find("key"));
      expected += bulk(value);
      memory.remove("key");
    }
    expect(fixture.sent() === expected).toBe(true);
    expect(memory.store.pins.count).toBe(0);
  });

  test("copy no value that is sent from where it lies", () => {
    const fixture = new Fixture();
    fixture.memory.set("key", "v".repeat(SPLICE_LENGTH_MIN));
    const reference = fixture.memory.find("key");
    fixture.replies.value(TWO, reference);
    fixture.sent();
    const areas = fixture.transport.lastRegions.map(({ area }) => area);
    expect(areas).toEqual([
      fixture.sends.area,
      fixture.memory.store.area(reference),
      fixture.sends.area,
    ]);
  });

  test("may begin below the limit of unsent replies, and again when they are sent", () => {
    const fixture = new Fixture();
    fixture.fillUp(0);
    expect(fixture.replies.mayBegin(TWO)).toBe(true);
    fixture.sends.append(TWO, Buffer.alloc(WINDOW_SIZE - 1));
    expect(fixture.replies.mayBegin(TWO)).toBe(true);
    fixture.sends.append(TWO, Buffer.alloc(1));
    expect(fixture.replies.mayBegin(TWO)).toBe(false);
    expect(fixture.replies.mayBegin(THREE)).toBe(true);
    fixture.transport.capacity = LIMIT - 1;
    expect(fixture.replies.mayBegin(TWO)).toBe(false);
    fixture.transport.capacity = Infinity;
    expect(fixture.replies.mayBegin(TWO)).toBe(true);
    expect(fixture.sends.unsentBytes(TWO)).toBeLessThan(LIMIT);
  });

  test("are whole and in order though the window has no room for them", () => {
    const long = "L".repeat(SPLICE_LENGTH_MIN + 3);
    for (let left = 0; left <= 40; left++) {
      const fixture = new Fixture();
      const { replies, memory } = fixture;
      memory.set("short", "value");
      memory.set("long", long);
      const before = fixture.fillUp(left);
      replies.arrayHead(TWO, 6);
      replies.value(TWO, memory.find("short"));
      replies.nil(TWO);
      replies.value(TWO, memory.find("long"));
      replies.value(TWO, memory.find("long"));
      replies.integer(TWO, 12);
      replies.ok(TWO);
      fixture.transport.capacity = Infinity;
      const expected = `*6\r\n${bulk("value")}$-1\r\n${bulk(long)}${bulk(long)}:12\r\n+OK\r\n`;
      expect([left, fixture.sent() === before + expected]).toEqual([left, true]);
      expect(memory.store.pins.count).toBe(0);
    }
  });
});
