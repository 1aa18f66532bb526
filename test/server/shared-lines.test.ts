import { describe, expect, test } from "bun:test";
import type { LinesWork } from "../support/lines-worker.ts";
import { LINES_HEADER_BYTES, SharedLines } from "../../src/server/shared-lines.ts";

const OFFSET = 16;

const linesOf = (round: number) => new Array<string>(round % 50).fill(`${round}`);

function createStand(lengthMax: number) {
  const sizeBytes = LINES_HEADER_BYTES + lengthMax;
  const buffer = new SharedArrayBuffer(OFFSET + sizeBytes);
  const open = () => new SharedLines(buffer, OFFSET, sizeBytes);
  return { writer: open(), reader: open(), words: new Int32Array(buffer, OFFSET, 2) };
}

describe("SharedLines", () => {
  test("are none at first, and then those that were written last", () => {
    const { writer, reader } = createStand(64);
    expect(reader.read()).toEqual([]);
    expect(writer.write(["a", "", "ä"])).toBe(0);
    expect(reader.read()).toEqual(["a", "", "ä"]);
    writer.write(["b"]);
    expect(reader.read()).toEqual(["b"]);
    writer.write([]);
    expect(reader.read()).toEqual([]);
  });

  test("leave out what there is no room for, and tell how much that is", () => {
    const { writer, reader } = createStand(8);
    expect(writer.write(["abc", "def"])).toBe(0);
    expect(reader.read()).toEqual(["abc", "def"]);
    expect(writer.write(["abc", "defg", "h"])).toBe(2);
    expect(reader.read()).toEqual(["abc"]);
  });

  test("are those before while others are being written", () => {
    const { writer, reader, words } = createStand(64);
    writer.write(["a"]);
    reader.read();
    words[0]! += 1;
    words[1] = 0;
    expect(reader.read()).toEqual(["a"]);
    words[0]! += 1;
    expect(reader.read()).toEqual([]);
  });

  test("are whole, while another thread writes them again and again", async () => {
    const rounds = 20_049;
    const buffer = new SharedArrayBuffer(4096);
    const reader = new SharedLines(buffer, 0, buffer.byteLength);
    const worker = new Worker(new URL("../support/lines-worker.ts", import.meta.url).href);
    try {
      const ended = new Promise((resolve) => worker.addEventListener("message", resolve));
      let hasEnded = false;
      void ended.then(() => (hasEnded = true));
      worker.postMessage({ buffer, rounds } satisfies LinesWork);
      let lastRound = 0;
      while (!hasEnded) {
        const lines = reader.read();
        const round = Number(lines[0] ?? 0);
        if (round > 0) {
          expect(lines).toEqual(linesOf(round));
          expect(round).toBeGreaterThanOrEqual(lastRound);
          lastRound = round;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(reader.read()).toEqual(linesOf(rounds));
    } finally {
      worker.terminate();
    }
  });
});
