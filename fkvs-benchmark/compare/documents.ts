// The documents that figures are written into, each into its section between two comments.

import { readFileSync, writeFileSync } from "node:fs";
import { replaceSection } from "./tables.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Replaces a section of a document of ours; `path` is below the project's folder. */
export function writeSection(path: string, name: string, text: string, root = ROOT): void {
  const file = `${root}${path}`;
  writeFileSync(file, replaceSection(readFileSync(file, "utf8"), name, text));
}
