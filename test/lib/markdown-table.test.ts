import { describe, expect, test } from "bun:test";
import { alignTable } from "../../src/lib/markdown-table.ts";

describe("alignTable", () => {
  test("pads each column to its widest cell", () => {
    const rows = [
      ["Name", "Since"],
      ["`GET`", "1.0.0"],
      ["`PERSIST`", "2.2.0"],
    ];
    expect(alignTable(rows)).toBe(
      [
        "| Name      | Since |",
        "| --------- | ----- |",
        "| `GET`     | 1.0.0 |",
        "| `PERSIST` | 2.2.0 |",
      ].join("\n"),
    );
  });
});
