import { describe, expect, test } from "bun:test";
import { createFixedTemplate, createTextTemplate } from "../../fkvs-benchmark/text-template.ts";

describe("a text template", () => {
  const request = { head: "put ", keyHead: "<", key: "k07", valueHead: ">", valueSize: 2 };

  test("says where each key and value is", () => {
    const { bytes, keyCount, keyStride, keyEnd, valueOffset } = createTextTemplate({
      ...request,
      keyCount: 3,
    });
    expect(bytes.toString("latin1")).toBe("put <k07>xx\r\n<k07>xx\r\n<k07>xx\r\n");
    expect(keyCount).toBe(3);
    for (let i = 0; i < 3; i++) {
      const begin = i * keyStride;
      expect(bytes.toString("latin1", begin + keyEnd - 3, begin + keyEnd)).toBe("k07");
      expect(bytes.toString("latin1", begin + valueOffset, begin + valueOffset + 2)).toBe("xx");
    }
  });

  test("may be without values, or without keys", () => {
    const { bytes, valueOffset } = createTextTemplate({ ...request, valueHead: null, keyCount: 1 });
    expect([bytes.toString("latin1"), valueOffset]).toEqual(["put <k07\r\n", 0]);
    const fixed = createFixedTemplate("ping\r\n");
    expect([fixed.bytes.toString("latin1"), fixed.keyCount]).toEqual(["ping\r\n", 0]);
  });
});
