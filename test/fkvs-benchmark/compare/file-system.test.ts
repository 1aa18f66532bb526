import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { fileSystemOf } from "../../../fkvs-benchmark/compare/file-system.ts";

test("a folder's file system has a name", () => {
  const isKnown = Bun.which("findmnt") !== null && existsSync("/proc/self");
  expect(fileSystemOf("/proc")).toBe(isKnown ? "proc" : "an unknown file system");
});
