import { describe, expect, test } from "bun:test";
import { contentOf, elementsOf, RespReader, splitReplies } from "../support/resp-reader.ts";

const REPLIES = [
  "+OK\r\n",
  "+\r\n",
  "-ERR a b\r\n",
  ":-12\r\n",
  "$0\r\n\r\n",
  "$-1\r\n",
  "$6\r\na\r\n$1\r\r\n",
  "*0\r\n",
  "*-1\r\n",
  "*3\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n+x\r\n",
  "_\r\n",
  "#t\r\n",
  ",1.5\r\n",
  "(123456789012345678901234567890\r\n",
  "!5\r\nERR x\r\n",
  "=7\r\ntxt:abc\r\n",
  "%2\r\n+a\r\n:1\r\n+b\r\n%1\r\n+c\r\n_\r\n",
  "~2\r\n+a\r\n+b\r\n",
  ">2\r\n+invalidate\r\n*1\r\n$1\r\na\r\n",
  "|1\r\n+ttl\r\n:10\r\n$1\r\na\r\n",
];

describe("RespReader", () => {
  test("splits replies that come at once", () => {
    expect(splitReplies(Buffer.from(REPLIES.join(""))).map(String)).toEqual(REPLIES);
  });

  test("splits replies that come byte by byte, each with its last byte", () => {
    const reader = new RespReader();
    for (const reply of REPLIES) {
      for (const [i, byte] of Buffer.from(reply).entries()) {
        expect(reader.next()).toBeNull();
        reader.push(Uint8Array.of(byte));
        if (i < reply.length - 1) expect(reader.next()).toBeNull();
      }
      expect(String(reader.next())).toBe(reply);
    }
    expect(reader.rest()).toHaveLength(0);
  });

  test("splits replies that are cut anywhere", () => {
    const all = Buffer.from(REPLIES.join(""));
    for (let cut = 0; cut <= all.length; cut++) {
      const reader = new RespReader();
      const replies: string[] = [];
      for (const part of [all.subarray(0, cut), all.subarray(cut)]) {
        reader.push(part);
        for (let reply = reader.next(); reply !== null; reply = reader.next()) {
          replies.push(String(reply));
        }
      }
      expect(replies).toEqual(REPLIES);
    }
  });

  test("keeps every byte", () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const reply = Buffer.concat([Buffer.from("$256\r\n"), bytes, Buffer.from("\r\n")]);
    expect(splitReplies(reply)).toEqual([reply]);
    expect(contentOf(reply)).toEqual(bytes);
  });

  test.each(["x\r\n", "+OK\n", "$3\r\nabcd\r\n", "*a\r\n+a\r\n", "$-2\r\n", ":1\r\n junk\r\n"])(
    "throws at %j",
    (text) => {
      expect(() => splitReplies(Buffer.from(text))).toThrow();
    },
  );

  test("takes arrays, sets, pushes and maps apart", () => {
    const parts = (text: string) => elementsOf(Buffer.from(text))?.map(String) ?? null;
    expect(parts("*2\r\n$1\r\na\r\n*1\r\n:1\r\n")).toEqual(["$1\r\na\r\n", "*1\r\n:1\r\n"]);
    expect(parts("%1\r\n+a\r\n:1\r\n")).toEqual(["+a\r\n", ":1\r\n"]);
    expect(parts("*0\r\n")).toEqual([]);
    expect(parts("+OK\r\n")).toBeNull();
  });
});
