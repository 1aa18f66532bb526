import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identifySocket } from "../../src/net/socket-identity.ts";

const folder = mkdtempSync(join(tmpdir(), "fkvs-identity-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("identifySocket", () => {
  test("stays with a file when it is renamed, and tells it from another", () => {
    const [one, other] = [join(folder, "one"), join(folder, "other")];
    writeFileSync(one, "");
    const identity = identifySocket(one);
    renameSync(one, other);
    writeFileSync(one, "");
    expect(identifySocket(other)).toBe(identity);
    expect(identifySocket(one)).not.toBe(identity);
  });

  test("is null where nothing is", () => {
    expect(identifySocket(join(folder, "nothing"))).toBeNull();
  });
});
