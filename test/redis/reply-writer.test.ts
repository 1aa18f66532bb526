// What the bytes have to be was recorded from redis-server 7.0.15 (DEBUG PROTOCOL).

import { describe, expect, test } from "bun:test";
import { SPLICE_LENGTH_MIN } from "../../src/batch/send-windows.ts";
import type { StoredValue } from "../../src/redis/keyspace.ts";
import type { Reply } from "../../src/redis/reply.ts";
import { ReplyWriter, type ReplySink } from "../../src/redis/reply-writer.ts";

/** Writes down what it is given; `|` is between two calls. */
class Sink implements ReplySink {
  readonly calls: string[] = [];

  write(bytes: Uint8Array): void {
    this.calls.push(Buffer.from(bytes).toString("latin1"));
  }

  splice(reference: number): void {
    this.calls.push(`(entry ${reference})`);
  }
}

function write(version: 2 | 3, compose: (reply: Reply) => void): string {
  const sink = new Sink();
  const writer = new ReplyWriter();
  writer.begin(version, sink);
  compose(writer);
  writer.end();
  return sink.calls.join("|");
}

function valueOf(text: string, reference: number): StoredValue {
  const bytes = Buffer.from(text, "latin1");
  return { length: bytes.length, deadlineMs: 0n, reference, bytes: () => bytes };
}

describe("a reply in RESP2 and RESP3", () => {
  const cases: [string, (reply: Reply) => void, string, string][] = [
    ["a simple text", (r) => r.simple("OK"), "+OK\r\n", "+OK\r\n"],
    ["an error", (r) => r.error("ERR a b"), "-ERR a b\r\n", "-ERR a b\r\n"],
    ["an error of two lines", (r) => r.error("ERR a\r\nb"), "-ERR a  b\r\n", "-ERR a  b\r\n"],
    ["an error of any bytes", (r) => r.error("ERR \xe9"), "-ERR \xe9\r\n", "-ERR \xe9\r\n"],
    ["an integer", (r) => r.integer(-12), ":-12\r\n", ":-12\r\n"],
    [
      "a long integer",
      (r) => r.integer(-(2n ** 63n)),
      `:${-(2n ** 63n)}\r\n`,
      `:${-(2n ** 63n)}\r\n`,
    ],
    [
      "bytes",
      (r) => r.bulk(Buffer.from("\xff\r\n", "latin1")),
      "$3\r\n\xff\r\n\r\n",
      "$3\r\n\xff\r\n\r\n",
    ],
    ["no bytes", (r) => r.bulk(Buffer.alloc(0)), "$0\r\n\r\n", "$0\r\n\r\n"],
    ["a text", (r) => r.bulk("é"), "$2\r\n\xc3\xa9\r\n", "$2\r\n\xc3\xa9\r\n"],
    ["nil", (r) => r.nil(), "$-1\r\n", "_\r\n"],
    ["nil for an array", (r) => r.nilArray(), "*-1\r\n", "_\r\n"],
    ["an array", (r) => r.array(3), "*3\r\n", "*3\r\n"],
    ["a map", (r) => r.map(3), "*6\r\n", "%3\r\n"],
    ["a set", (r) => r.set(3), "*3\r\n", "~3\r\n"],
    ["a push", (r) => r.push(3), "*3\r\n", ">3\r\n"],
    ["an attribute", (r) => r.attribute(1), "", "|1\r\n"],
    ["true", (r) => r.boolean(true), ":1\r\n", "#t\r\n"],
    ["false", (r) => r.boolean(false), ":0\r\n", "#f\r\n"],
    [
      "a big number",
      (r) => r.bigNumber("12345678901234567890"),
      "$20\r\n12345678901234567890\r\n",
      "(12345678901234567890\r\n",
    ],
    [
      "a verbatim text",
      (r) => r.verbatim("é\n"),
      "$3\r\n\xc3\xa9\n\r\n",
      "=7\r\ntxt:\xc3\xa9\n\r\n",
    ],
  ];

  test.each(cases)("%s", (_, compose, second, third) => {
    expect([write(2, compose), write(3, compose)]).toEqual([second, third]);
  });

  test.each([
    [0, "0"],
    [-0, "-0"],
    [1.5, "1.5"],
    [-3, "-3"],
    [3.141, "3.141"],
    [1e300, "1e+300"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
    [NaN, "nan"],
  ])("the double %p", (value, text) => {
    const compose = (reply: Reply): void => reply.double(value);
    expect(write(3, compose)).toBe(`,${text}\r\n`);
    expect(write(2, compose)).toBe(`$${text.length}\r\n${text}\r\n`);
  });
});

describe("a reply", () => {
  test("leaves in one piece, whatever it consists of and however long it is", () => {
    const count = 5000;
    const compose = (reply: Reply): void => {
      reply.array(count);
      for (let i = 0; i < count; i++) reply.bulk(`${i}`.padStart(100, "x"));
    };
    const text = write(2, compose);
    expect(text).not.toContain("|");
    expect(text).toHaveLength(`*${count}\r\n`.length + count * ("$100\r\n".length + 102));
    expect(text).toEndWith(`x${count - 1}\r\n`);
  });

  test("follows the version, which a command may change", () => {
    const compose = (reply: Reply): void => {
      reply.nil();
      reply.version = 3;
      reply.nil();
    };
    expect(write(2, compose)).toBe("$-1\r\n_\r\n");
  });

  test("sends a long value from where it lies, and a short one as a copy", () => {
    const long = valueOf("l".repeat(SPLICE_LENGTH_MIN), 77);
    const short = valueOf("s".repeat(SPLICE_LENGTH_MIN - 1), 78);
    const compose = (reply: Reply): void => {
      reply.array(3);
      reply.value(short);
      reply.value(long);
      reply.integer(1);
    };
    expect(write(2, compose)).toBe(
      `*3\r\n$${short.length}\r\n${short.bytes()}\r\n$${long.length}\r\n|(entry 77)|\r\n:1\r\n`,
    );
  });

  test("sends a long value that lies nowhere as a copy", () => {
    const value = valueOf("l".repeat(SPLICE_LENGTH_MIN), 0);
    expect(write(2, (reply) => reply.value(value))).toBe(
      `$${value.length}\r\n${value.bytes()}\r\n`,
    );
  });

  test("counts its errors and knows the code of the last", () => {
    const writer = new ReplyWriter();
    writer.begin(2, new Sink());
    expect([writer.errorCount, writer.errorCode]).toEqual([0, ""]);
    writer.error("ERR a");
    writer.error("OOM b");
    expect([writer.errorCount, writer.errorCode]).toEqual([2, "OOM"]);
    writer.error("nothing");
    expect([writer.errorCount, writer.errorCode]).toEqual([3, ""]);
    writer.begin(2, new Sink());
    expect([writer.errorCount, writer.errorCode]).toEqual([0, ""]);
  });

  test("that was begun anew leaves nothing of what was composed before", () => {
    const sink = new Sink();
    const writer = new ReplyWriter();
    writer.begin(2, sink);
    writer.array(5);
    writer.begin(2, sink);
    writer.error("ERR internal error");
    writer.end();
    expect(sink.calls).toEqual(["-ERR internal error\r\n"]);
  });

  test("does not hand over anything when there is nothing", () => {
    expect(write(2, () => {})).toBe("");
  });

  test("is right after one that took much memory", () => {
    const sink = new Sink();
    const writer = new ReplyWriter();
    for (const text of ["x".repeat(2 ** 20), "y"]) {
      writer.begin(2, sink);
      writer.bulk(text);
      writer.end();
    }
    expect(sink.calls[1]).toBe("$1\r\ny\r\n");
  });
});
