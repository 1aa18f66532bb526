import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSection } from "../../../fkvs-benchmark/compare/documents.ts";
import { listDurabilityParts } from "../../../fkvs-benchmark/compare/durability.ts";
import { replaceSection } from "../../../fkvs-benchmark/compare/tables.ts";
import { listThreadParts } from "../../../fkvs-benchmark/compare/threads.ts";

test("a section is written where it stands, and what is around it stays", () => {
  const root = `${mkdtempSync(join(tmpdir(), "fkvs-documents-"))}/`;
  try {
    writeFileSync(`${root}a.md`, "before\n\n<!-- b:begin -->\n<!-- b:end -->\n\nafter\n");
    writeSection("a.md", "b", "table", root);
    expect(readFileSync(`${root}a.md`, "utf8")).toBe(
      "before\n\n<!-- b:begin -->\n\ntable\n\n<!-- b:end -->\n\nafter\n",
    );
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("every part has its section in the document", async () => {
  const path = new URL("../../../docs/PERFORMANCE.md", import.meta.url).pathname;
  const document = await Bun.file(path).text();
  for (const { section } of [...listDurabilityParts("ext4"), ...listThreadParts([1])]) {
    expect(replaceSection(document, section, "here")).toContain("here");
  }
});
