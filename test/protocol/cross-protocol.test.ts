import { describe, expect, test } from "bun:test";
import { isAttack } from "../../src/protocol/cross-protocol.ts";
import { splitInline } from "../../src/protocol/inline-arguments.ts";

const isAttackLine = (line: string) => isAttack(splitInline(Buffer.from(line, "latin1"))!);

describe("a line of HTTP", () => {
  test("is one that begins with POST or Host, as in Redis", () => {
    for (const line of ["POST / HTTP/1.1", "post", "POST", "Host: a", "host:a b", "HOST:"]) {
      expect([line, isAttackLine(line)]).toEqual([line, true]);
    }
  });

  test("is one of any method that says HTTP", () => {
    for (const method of ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"]) {
      for (const version of ["0.9", "1.0", "1.1", "2"]) {
        expect(isAttackLine(`${method} /x HTTP/${version}`)).toBe(true);
      }
    }
  });

  test("is no command, whatever words it has", () => {
    const lines = [
      "GET a",
      "GET HTTP/1.1",
      "get / HTTP/1.1",
      "SET a HTTP/1.1",
      "MSET Host: 1",
      "GET a b HTTP/1.1",
      "DEL POST",
      "hostname: x",
      "POSTS / x",
      "PING 'POST / HTTP/1.1'",
      "GET / HTTP/",
    ];
    for (const line of lines) expect([line, isAttackLine(line)]).toEqual([line, false]);
  });
});
