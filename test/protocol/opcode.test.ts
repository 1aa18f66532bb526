import { describe, expect, test } from "bun:test";
import { OPCODE, OPCODE_COUNT, OPCODE_NAMES } from "../../src/protocol/opcode.ts";

describe("OPCODE", () => {
  test("has the command bytes of the original server, and two of its own", () => {
    expect(OPCODE).toEqual({
      INVALID: 0x00,
      SET: 0x01,
      GET: 0x02,
      INCR: 0x03,
      INCRBY: 0x04,
      PING: 0x05,
      DECR: 0x06,
      INFO: 0x07,
      DECRBY: 0x08,
      DEL: 0x09,
      EXPIRE: 0x0a,
      TTL: 0x0b,
      PERSIST: 0x0c,
      KEYS: 0x0d,
      DURABLE: 0x0e,
      DURABILITY: 0x0f,
    });
  });

  test("counts without a gap, so that opcodes index tables", () => {
    expect<number[]>(Object.values(OPCODE)).toEqual(
      Array.from({ length: OPCODE_COUNT }, (_, i) => i),
    );
    expect(OPCODE_NAMES).toHaveLength(OPCODE_COUNT);
    expect(OPCODE_NAMES[OPCODE.INCRBY]).toBe("incrby");
  });
});
