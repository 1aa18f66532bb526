import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OptionError } from "../../src/options/option-error.ts";
import { PASSWORD_LENGTH_MAX } from "../../src/redis/login-guard.ts";
import { readPassword } from "../../src/redis/password.ts";

const folder = mkdtempSync(join(tmpdir(), "fkvs-password-"));
const path = join(folder, "password");
afterAll(() => rmSync(folder, { recursive: true }));

function readFile(contents: string | Buffer): string | null {
  writeFileSync(path, contents);
  return readPassword({ path, environment: { FKVS_REQUIREPASS: "other" } });
}

describe("the file", () => {
  const longest = "é".repeat(PASSWORD_LENGTH_MAX / 2);

  test.each([
    ["secret", "secret"],
    ["secret\n", "secret"],
    ["secret\r\n", "secret"],
    ["secret\n\n", "secret\n"],
    [" a b ", " a b "],
    [longest, longest],
    [`${longest}\r\n`, longest],
  ])("%j has the password %j", (contents, password) => {
    expect(readFile(contents)).toBe(password);
  });

  test.each<[string | Buffer, string]>([
    ["", `the password in ${path} is empty`],
    ["\n", `the password in ${path} is empty`],
    [`${longest}x`, `the password in ${path} has 513 bytes, at most 512 are allowed`],
    ["x".repeat(10_000), `requirepass-file ${path} cannot be read: it is too long`],
    [Buffer.from([0xff]), `requirepass-file ${path} cannot be read: it is not UTF-8`],
  ])("%j is refused", (contents, message) => {
    expect(() => readFile(contents)).toThrow(new OptionError(message));
  });

  test("must be there, and a file", () => {
    const missing = join(folder, "missing");
    expect(() => readPassword({ path: missing, environment: {} })).toThrow(
      `requirepass-file ${missing} cannot be read: ENOENT`,
    );
    expect(() => readPassword({ path: folder, environment: {} })).toThrow("it is not a file");
  });
});

describe("the environment", () => {
  const read = (password: string | undefined) =>
    readPassword({ path: null, environment: { FKVS_REQUIREPASS: password } });

  test("has the password as it is", () => {
    expect(read("secret\n")).toBe("secret\n");
    expect(read(undefined)).toBeNull();
  });

  test.each([
    ["", "the password in FKVS_REQUIREPASS is empty"],
    ["x".repeat(513), "the password in FKVS_REQUIREPASS has 513 bytes, at most 512 are allowed"],
  ])("%j is refused", (password, message) => {
    expect(() => read(password)).toThrow(new OptionError(message));
  });
});
