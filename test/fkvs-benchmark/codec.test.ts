// All three protocols: requests as written in their documents, replies whole and cut at every byte.

import { describe, expect, test } from "bun:test";
import { COMMANDS, REPLY, type Codec, type ReplyReader } from "../../fkvs-benchmark/codec.ts";
import { memcachedCodec } from "../../fkvs-benchmark/memcached-codec.ts";
import { respCodec } from "../../fkvs-benchmark/resp-codec.ts";
import { v1Codec } from "../../fkvs-benchmark/v1-codec.ts";
import { ERROR, OK, reply, request } from "../support/v1-frames.ts";

interface ReplyCase {
  readonly bytes: Buffer;
  readonly kind: number;
  readonly value?: string;
}

const text = (line: string): Buffer => Buffer.from(line, "latin1");

const REPLIES: readonly (readonly [string, Codec, readonly ReplyCase[]])[] = [
  [
    "fkvs",
    v1Codec,
    [
      { bytes: ERROR, kind: REPLY.NOTHING },
      { bytes: OK, kind: REPLY.OK },
      { bytes: reply.value("value"), kind: REPLY.VALUE, value: "value" },
      { bytes: reply.value(""), kind: REPLY.VALUE, value: "" },
      { bytes: reply.value("v".repeat(300)), kind: REPLY.VALUE, value: "v".repeat(300) },
      { bytes: reply.pong(""), kind: REPLY.PONG, value: "" },
    ],
  ],
  [
    "resp",
    respCodec,
    [
      { bytes: text("$-1\r\n"), kind: REPLY.NOTHING },
      { bytes: text("$5\r\nva\nue\r\n"), kind: REPLY.VALUE, value: "va\nue" },
      { bytes: text("$0\r\n\r\n"), kind: REPLY.VALUE, value: "" },
      { bytes: text(`$300\r\n${"v".repeat(300)}\r\n`), kind: REPLY.VALUE, value: "v".repeat(300) },
      { bytes: text("+OK\r\n"), kind: REPLY.OK, value: "OK" },
      { bytes: text("+PONG\r\n"), kind: REPLY.PONG, value: "PONG" },
      { bytes: text(":-12\r\n"), kind: REPLY.INTEGER, value: "-12" },
      { bytes: text("-ERR no\r\n"), kind: REPLY.ERROR, value: "ERR no" },
    ],
  ],
  [
    "memcached",
    memcachedCodec,
    [
      { bytes: text("END\r\n"), kind: REPLY.NOTHING },
      { bytes: text("NOT_FOUND\r\n"), kind: REPLY.NOTHING },
      { bytes: text("VALUE k 0 5\r\nva\nue\r\nEND\r\n"), kind: REPLY.VALUE, value: "va\nue" },
      { bytes: text("VALUE k 0 0\r\n\r\nEND\r\n"), kind: REPLY.VALUE, value: "" },
      { bytes: text("STORED\r\n"), kind: REPLY.OK },
      { bytes: text("DELETED\r\n"), kind: REPLY.OK },
      { bytes: text("VERSION 1.6\r\n"), kind: REPLY.PONG },
      { bytes: text("ERROR\r\n"), kind: REPLY.ERROR },
      { bytes: text("SERVER_ERROR out of memory\r\n"), kind: REPLY.ERROR },
      { bytes: text("CLIENT_ERROR bad\r\n"), kind: REPLY.ERROR },
    ],
  ],
];

function valueOf(reader: ReplyReader, bytes: Buffer): string {
  return bytes.toString("latin1", reader.valueOffset, reader.valueOffset + reader.valueLength);
}

for (const [name, codec, cases] of REPLIES) {
  describe(`replies of ${name}`, () => {
    test("are read whole, wherever they lie", () => {
      const reader = codec.createReader();
      for (const { bytes, kind, value } of cases) {
        const padded = Buffer.concat([Buffer.from("\n$:VA"), bytes, Buffer.from("\r\n00")]);
        expect(reader.read(padded, 5, 5 + bytes.length)).toBe(kind);
        expect(reader.size).toBe(bytes.length);
        if (value !== undefined) expect(valueOf(reader, padded)).toBe(value);
      }
    });

    test("are incomplete at every cut", () => {
      const reader = codec.createReader();
      for (const { bytes } of cases) {
        for (let length = 0; length < bytes.length; length++) {
          // What lies behind the end is not there.
          expect(reader.read(bytes, 0, length)).toBe(REPLY.INCOMPLETE);
        }
      }
    });

    test("one after the other come apart", () => {
      const reader = codec.createReader();
      const all = Buffer.concat(cases.map(({ bytes }) => bytes));
      let at = 0;
      for (const { kind } of cases) {
        expect(reader.read(all, at, all.length)).toBe(kind);
        at += reader.size;
      }
      expect(at).toBe(all.length);
    });
  });
}

describe("what is no reply", () => {
  test("of fkvs is found out", () => {
    const reader = v1Codec.createReader();
    const broken = [
      [0, 0, 1],
      [0, 1, 7],
      [0, 2, 1, 0],
      [0, 5, 9, 0, 2, 1, 1],
      [0, 5, 1, 0, 3, 1, 1],
    ];
    for (const bytes of broken) {
      expect(reader.read(Uint8Array.from(bytes), 0, bytes.length)).toBe(REPLY.BROKEN);
    }
  });

  test("of RESP and memcached is found out", () => {
    for (const line of ["HTTP/1.1 200\r\n", "$12a\r\n", "$99999999999\r\n"]) {
      const reader = respCodec.createReader();
      expect(reader.read(text(line), 0, line.length)).toBe(REPLY.BROKEN);
    }
    for (const line of ["HTTP/1.1 200\r\n", "VALUE k 0 1x\r\n"]) {
      const reader = memcachedCodec.createReader();
      expect(reader.read(text(line), 0, line.length)).toBe(REPLY.BROKEN);
    }
  });
});

describe("requests", () => {
  test("of fkvs are frames", () => {
    const bytes = COMMANDS.map((command) => v1Codec.template(command, "key:1", 4, 1)?.bytes);
    expect(bytes).toEqual([
      request.ping(""),
      request.set("key:1", "xxxx"),
      request.get("key:1"),
      request.incr("key:1"),
      request.del("key:1"),
      undefined,
      undefined,
    ]);
  });

  test("of RESP are arrays of bulk strings", () => {
    const lines = COMMANDS.map((command) => respCodec.template(command, "k:1", 4, 1)!.bytes);
    expect(lines.map((bytes) => bytes.toString("latin1"))).toEqual([
      "*1\r\n$4\r\nPING\r\n",
      "*3\r\n$3\r\nSET\r\n$3\r\nk:1\r\n$4\r\nxxxx\r\n",
      "*2\r\n$3\r\nGET\r\n$3\r\nk:1\r\n",
      "*2\r\n$4\r\nINCR\r\n$3\r\nk:1\r\n",
      "*2\r\n$3\r\nDEL\r\n$3\r\nk:1\r\n",
      "*2\r\n$4\r\nMGET\r\n$3\r\nk:1\r\n",
      "*3\r\n$4\r\nMSET\r\n$3\r\nk:1\r\n$4\r\nxxxx\r\n",
    ]);
  });

  test("of RESP may have several keys", () => {
    const texts = (["mget", "mset"] as const).map((command) =>
      respCodec.template(command, "k:1", 4, 2)!.bytes.toString("latin1"),
    );
    expect(texts).toEqual([
      "*3\r\n$4\r\nMGET\r\n$3\r\nk:1\r\n$3\r\nk:1\r\n",
      `*5\r\n$4\r\nMSET\r\n${"$3\r\nk:1\r\n$4\r\nxxxx\r\n".repeat(2)}`,
    ]);
  });

  test("of memcached are lines", () => {
    const lines = COMMANDS.map((command) => memcachedCodec.template(command, "k:1", 4, 1));
    expect(lines.map((template) => template?.bytes.toString("latin1"))).toEqual([
      "version\r\n",
      "set k:1 0 0 4\r\nxxxx\r\n",
      "get k:1\r\n",
      undefined,
      "delete k:1\r\n",
      undefined,
      undefined,
    ]);
  });

  test("say where key and value are", () => {
    for (const codec of [v1Codec, respCodec, memcachedCodec]) {
      for (const command of COMMANDS) {
        const template = codec.template(command, "key:007", 3, 1);
        if (template === null || command === "ping") continue;
        const { bytes, keyEnd, valueOffset } = template;
        expect(bytes.toString("latin1", keyEnd - 7, keyEnd)).toBe("key:007");
        if (command !== "set" && command !== "mset") expect(valueOffset).toBe(0);
        else expect(bytes.toString("latin1", valueOffset, valueOffset + 3)).toBe("xxx");
      }
    }
  });
});
