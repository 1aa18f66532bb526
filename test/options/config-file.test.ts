import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CONFIG_FILE_LENGTH_MAX,
  parseConfigFile,
  readConfigFile,
} from "../../src/options/config-file.ts";
import { OptionError } from "../../src/options/option-error.ts";

const folder = mkdtempSync(join(tmpdir(), "fkvs-config-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

function writeConfig(content: string | Uint8Array): string {
  const path = join(folder, "fkvs.toml");
  writeFileSync(path, content);
  return path;
}

function faultOf(text: string): string {
  return faultIn(() => parseConfigFile("f.toml", text));
}

function faultIn(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof OptionError) return error.message;
    throw error;
  }
  return "no fault";
}

describe("parseConfigFile", () => {
  test("keeps the values as TOML gives them, by property", () => {
    const { path, values } = parseConfigFile(
      "f.toml",
      'port = 1\nmax-memory = "1GiB"\ntcp = false',
    );
    expect(path).toBe("f.toml");
    expect([...values]).toEqual([
      ["port", 1],
      ["maxMemoryBytes", "1GiB"],
      ["tcp", false],
    ]);
  });

  test("takes an empty file and one of comments", () => {
    expect(parseConfigFile("f.toml", "").values.size).toBe(0);
    expect(parseConfigFile("f.toml", "# nothing\n\n").values.size).toBe(0);
  });

  const UNKNOWN: readonly [string, string][] = [
    ["prot = 1", "prot in f.toml is not a known key, did you mean port?"],
    ["max_clients = 1", "max_clients in f.toml is not a known key, did you mean max-clients?"],
    ["maxClients = 1", "maxClients in f.toml is not a known key, did you mean max-clients?"],
    ["save = 1", "save in f.toml is not a known key"],
    ["[server]\nport = 1", "server in f.toml is not a known key"],
    ["help = true", "help in f.toml is not a known key"],
    ["__proto__ = 1", "__proto__ in f.toml is not a known key"],
    ["constructor = 1", "constructor in f.toml is not a known key"],
    ['"a\\nb" = 1', '"a\\nb" in f.toml is not a known key'],
    ['config = "x"', "config in f.toml is not allowed in a file, only as --config or FKVS_CONFIG"],
  ];
  for (const [text, message] of UNKNOWN) {
    test(`refuses ${JSON.stringify(text)}`, () => expect(faultOf(text)).toBe(message));
  }

  test("names the line of a syntax error", () => {
    expect(faultOf("port =\n")).toStartWith("f.toml, line 1, is not valid TOML: ");
    expect(faultOf("port = 1\n\n# c\nhost = x\ntcp = true")).toStartWith("f.toml, line 4, ");
    expect(faultOf("port = 1\nport = 2\n")).toStartWith("f.toml, line 2, ");
  });

  test("names no line in a file of very many", () => {
    expect(faultOf(`${"\n".repeat(1000)}port =`)).toStartWith("f.toml is not valid TOML: ");
  });

  test("says a syntax error in one line", () => {
    expect(faultOf('host = "a\nb"')).not.toContain("\n");
  });

  test("refuses an integer a number cannot hold", () => {
    expect(faultOf("port = 9007199254740993")).toContain("is not valid TOML: Integer cannot");
  });
});

describe("readConfigFile", () => {
  test("reads a file, also one with a byte order mark", () => {
    const path = writeConfig("\ufeffport = 1\n");
    expect([...readConfigFile(path, "--config").values]).toEqual([["port", 1]]);
  });

  test("names a missing file and who named it", () => {
    expect(faultIn(() => readConfigFile(`${folder}/none`, "FKVS_CONFIG"))).toBe(
      `${folder}/none, named by FKVS_CONFIG, cannot be read (ENOENT: no such file or directory)`,
    );
  });

  test("refuses a folder", () => {
    expect(faultIn(() => readConfigFile(folder, "--config"))).toContain("cannot be read (EISDIR");
  });

  test("refuses what is not UTF-8", () => {
    const path = writeConfig(Uint8Array.of(0x23, 0xff));
    expect(faultIn(() => readConfigFile(path, "--config"))).toBe(
      `${path}, named by --config, is not UTF-8 text`,
    );
  });

  test("reads a file of the greatest length and refuses one byte more", () => {
    const longest = "#".repeat(CONFIG_FILE_LENGTH_MAX);
    expect(readConfigFile(writeConfig(longest), "--config").values.size).toBe(0);
    const path = writeConfig(`${longest}#`);
    expect(faultIn(() => readConfigFile(path, "--config"))).toBe(
      `${path}, named by --config, has 65537 bytes, but a configuration file may have` +
        " at most 65536",
    );
  });
});
