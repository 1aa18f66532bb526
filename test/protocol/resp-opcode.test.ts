import { describe, expect, test } from "bun:test";
import { OPCODE_COUNT } from "../../src/protocol/opcode.ts";
import {
  OPCODE_LIMIT,
  PART,
  RESP_OPCODE,
  RESP_OPCODE_MIN,
  RESP_OPCODE_NAMES,
} from "../../src/protocol/resp-opcode.ts";

describe("the opcodes of rows that RESP asked for", () => {
  test("follow one another behind those of v1", () => {
    const opcodes: number[] = Object.values(RESP_OPCODE);
    expect(opcodes).toEqual(opcodes.map((_, i) => RESP_OPCODE_MIN + i));
    expect(RESP_OPCODE_MIN).toBeGreaterThanOrEqual(OPCODE_COUNT);
    expect(OPCODE_LIMIT).toBe(Math.max(...opcodes) + 1);
  });

  test("have their names by their place", () => {
    expect(RESP_OPCODE_NAMES[RESP_OPCODE.GET - RESP_OPCODE_MIN]).toBe("get");
    expect(RESP_OPCODE_NAMES[RESP_OPCODE.PING - RESP_OPCODE_MIN]).toBe("ping");
    expect(RESP_OPCODE_NAMES).toHaveLength(OPCODE_LIMIT - RESP_OPCODE_MIN);
  });

  test("belong to commands whose only key is the first and the last", () => {
    expect(PART.FIRST & PART.LAST).toBe(0);
    expect<number>(PART.ONLY).toBe(PART.FIRST | PART.LAST);
  });
});
