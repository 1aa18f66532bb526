import { expect, test } from "bun:test";
import { reserveAlignedArea } from "../../src/lib/aligned-area.ts";
import { loadLibc } from "../../src/lib/libc.ts";

const libc = loadLibc();

test.if(libc !== null)("an area begins at a multiple of its alignment", () => {
  for (const alignment of [8, 512, 4096, 65_536]) {
    for (const length of [1, 4095, 4096, 100_000]) {
      const area = reserveAlignedArea(length, alignment);
      expect(libc!.addressOf(area.bytes) % alignment).toBe(0);
      expect([area.length, area.bytes.length, area.view.byteLength]).toEqual([
        length,
        length,
        length,
      ]);
      area.view.setUint8(length - 1, 7);
      expect(area.bytes[length - 1]).toBe(7);
    }
  }
});
