// What the formatter and the type check let through: sizes, layers, words and missing tests. The
// checks live in test/support/tidy-checks.ts; here is what they are asked, and that each can fail.

import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { listFunctions } from "./support/source-functions.ts";
import { divideSource } from "./support/source-text.ts";
import {
  findConsole,
  findForbidden,
  findForbiddenImports,
  findLongFile,
  findLongFunctions,
  findUntested,
  findWideLines,
  makeSourceFile,
  readSources,
  type Layers,
  type SourceFile,
} from "./support/tidy-checks.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDERS = ["src", "test", "bench", "fkvs-benchmark"];

/**
 * What each layer may import besides itself. The requests' way is lib ← store ← batch ← protocol ←
 * command ← server ← main; redis stands on the store beside protocol and command; net stands beside
 * protocol and command, and moves bytes for neither.
 */
const LAYERS: Layers = {
  lib: [],
  version: [],
  options: ["lib", "version"],
  store: ["lib"],
  batch: ["lib", "store"],
  protocol: ["lib", "store", "batch"],
  command: ["lib", "store", "batch", "protocol"],
  shard: ["lib", "store", "batch", "protocol", "command"],
  wal: ["lib", "store", "batch"],
  redis: ["lib", "options", "store", "batch"],
  uring: [],
  net: ["lib", "batch", "uring"],
  server: [
    "lib",
    "options",
    "store",
    "batch",
    "protocol",
    "command",
    "shard",
    "redis",
    "net",
    "uring",
    "wal",
  ],
  check: ["lib", "options", "wal"],
  main: ["lib", "version", "options", "redis", "server"],
};

/** Packages, and the layers that import them. */
const PACKAGES: Layers = {
  node: ["lib", "options", "net", "redis", "server", "uring", "wal"],
  bun: ["lib", "net", "uring"],
  commander: ["options"],
};

/** Writes the start line, which goes to standard output and not to the log. */
const WITH_CONSOLE = "src/server/supervisor.ts";

/** A function that joins parts and decides nothing. */
const LONG_FUNCTIONS = ["src/server/data-thread.ts constructor"];

const ROWS = "rows, which test/redis/rows/all-rows.test.ts and Redis's own records check";

const WITHOUT_TEST: Readonly<Record<string, string>> = {
  "src/batch/connection-flag.ts": "constants",
  "src/lib/durability-choice.ts": "constants",
  "src/lib/io-choice.ts": "constants",
  "src/lib/libc.ts": "calls into the C library, tested where they are made",
  "src/lib/thread-mode.ts": "constants",
  "src/net/engine.ts": "an interface; test/net/listen-engine.test.ts tests what stands behind it",
  "src/redis/call.ts": "an interface",
  "src/server/main-thread-calls.ts": "an interface",
  "src/store/write-log.ts": "an interface; wal/journal.ts is it",
  "src/redis/info-figures.ts": "an interface",
  "src/redis/keyspace.ts": "an interface; store-keyspace.ts makes it",
  "src/redis/redis-server.ts": "an interface",
  "src/redis/snapshots.ts": "an interface",
  "src/redis/reply.ts": "an interface; reply-writer.ts makes it",
  "src/net/uring-listeners.ts": "a part of uring-engine.ts, and tested with it",
  "src/net/uring-sockets.ts": "a part of uring-engine.ts, and tested with it",
  "src/net/uring-user-data.ts": "constants",
  "src/redis/command-row.ts": "interfaces and the words they use",
  "src/redis/error-text.ts": "constants",
  "src/redis/rows/client-rows.ts": ROWS,
  "src/redis/rows/command-rows.ts": ROWS,
  "src/redis/rows/connection-rows.ts": ROWS,
  "src/redis/rows/expiry-rows.ts": ROWS,
  "src/redis/rows/key-rows.ts": ROWS,
  "src/redis/rows/number-rows.ts": ROWS,
  "src/redis/rows/persistence-rows.ts": ROWS,
  "src/redis/rows/script-rows.ts": ROWS,
  "src/redis/rows/server-rows.ts": ROWS,
  "src/redis/rows/string-rows.ts": ROWS,
  "src/redis/rows/transaction-rows.ts": ROWS,
  "src/command/row-router.ts": "an interface",
  "src/server/shard-wiring.ts": "joins parts; test/shard/shards.test.ts has them",
  "src/shard/shard-figures.ts": "counts, tested with shards.ts",
  "src/shard/shard-host.ts": "an interface",
  "src/shard/reply-intake.ts": "a part of shards.ts, and tested with it",
  "src/shard/timeout-reply.ts": "constants",
  "src/server/start-error.ts": "a class without a body",
  "src/server/turn.ts": "the inner half of pipeline.ts, and tested with it",
  "src/server/wal-message.ts": "types",
  "src/version.ts": "a constant",
  "src/wal/partition-files.ts": "a part of wal-writer.ts, and tested with it",
  "src/wal/partition-writer.ts": "a part of wal-writer.ts, and tested with it",
};

const files = readSources(ROOT, FOLDERS);
const sources = files.filter(({ path }) => path.startsWith("src/"));

function sample(source: string, path = "src/store/sample.ts"): SourceFile {
  return makeSourceFile(path, source);
}

describe("the source", () => {
  test("is found", () => {
    expect(sources.map(({ path }) => path)).toContain("src/store/store.ts");
    expect(files.map(({ path }) => path)).toContain("test/tidy.test.ts");
  });

  test("has no line that is too wide", () => {
    expect(files.flatMap(findWideLines)).toEqual([]);
  });

  test("has no function that is too long", () => {
    expect(files.flatMap((file) => findLongFunctions(file, LONG_FUNCTIONS))).toEqual([]);
  });

  test("has no file that is too long", () => {
    expect(files.flatMap(findLongFile)).toEqual([]);
  });

  test("has nothing that is forbidden", () => {
    expect(files.flatMap(findForbidden)).toEqual([]);
  });

  test("leaves the console alone", () => {
    const silent = sources.filter(({ path }) => path !== WITH_CONSOLE);
    expect(silent.flatMap(findConsole)).toEqual([]);
  });

  test("imports only what its layer may", () => {
    expect(sources.flatMap((file) => findForbiddenImports(file, LAYERS, PACKAGES))).toEqual([]);
  });

  test("has a test for every file", () => {
    const paths = files.map(({ path }) => path);
    expect(findUntested(paths, WITHOUT_TEST)).toEqual([]);
  });
});

describe("divideSource", () => {
  const divide = (source: string) => {
    const { code, comments } = divideSource(source);
    expect([code.length, comments.length]).toEqual([source.length, source.length]);
    return { code: code.trimEnd(), comments: comments.trim() };
  };

  test.each([
    ['a("{}//"); // {', 'a("    ");', "// {"],
    ["a('\\'{'); /* { */ b;", "a('   ');         b;", "/* { */"],
    ["`{${b({ c: `}` })}}` + d", "`   b({ c: ` ` })  ` + d", ""],
    ["a / b / c; // d", "a / b / c;", "// d"],
    ['x = /[/"]{2}/g;', "x = /       /g;", ""],
    ["return /\\/{/.test(a);", "return /    /.test(a);".replace("    ", "   "), ""],
  ])("divides %j", (source, code, comments) => {
    expect(divide(source)).toEqual({ code, comments });
  });

  test("keeps the lines", () => {
    const source = "a;\n// b\n/*\nc */ d;\n`e\n${f}`;\n";
    expect(divideSource(source).code.split("\n")).toHaveLength(source.split("\n").length);
  });
});

describe("listFunctions", () => {
  const list = (source: string) =>
    listFunctions(divideSource(source).code).map(({ name, lineCount }) => [name, lineCount]);

  test("sees functions, methods and arrow functions with a body", () => {
    const source = [
      "export async function first<T>(a: { b: T }): Promise<Map<string, { c: T }>> {",
      "  return a;",
      "}",
      "class A {",
      "  readonly #field = (a: number): boolean => {",
      "    return a > 0;",
      "  };",
      "  get size(): { a: number; b: number } {",
      "    return { a: 1, b: 2 };",
      "  }",
      "  async [Symbol.asyncDispose](): Promise<void> {}",
      "}",
      "const arrow = async (a) => {",
      "  if (first(a)) {",
      "    for (const b of a) {",
      "    }",
      "  }",
      "};",
    ].join("\n");
    expect(list(source)).toEqual([
      ["first", 3],
      ["#field", 3],
      ["size", 3],
      ["computed", 1],
      ["arrow", 6],
    ]);
  });

  test("does not take calls, types and conditions for functions", () => {
    const source = [
      "interface A {",
      "  method(a: number): { b: number };",
      "}",
      "if (a(b) && (c || d)) {",
      "} else if (e()) {",
      "}",
      "const f = a ? b(c) : { d: 1 };",
      "switch (b(c)) {",
      "}",
    ].join("\n");
    expect(list(source)).toEqual([]);
  });

  test("counts the lines of inner functions for those alone", () => {
    const source = [
      "function factory(",
      "  a: number,",
      ") {",
      "  let b = a;",
      "",
      "  function inner() {",
      "    return b;",
      "  }",
      "",
      "  return { inner, other: () => b };",
      "}",
    ].join("\n");
    expect(list(source)).toEqual([
      ["factory", 8],
      ["inner", 3],
    ]);
  });
});

describe("the checks", () => {
  test("see a line of 101 characters and none of 100", () => {
    const file = sample(`${"a".repeat(100)}\n${"b".repeat(101)}\n`);
    expect(findWideLines(file)).toEqual(["src/store/sample.ts:2 a line of 101 characters"]);
  });

  test("see a function of 71 lines and none of 70", () => {
    const functionOf = (name: string, lineCount: number) =>
      `function ${name}() {\n${"a();\n".repeat(lineCount - 2)}}\n`;
    const file = sample(functionOf("short", 70) + functionOf("long", 71));
    expect(findLongFunctions(file, [])).toEqual(["src/store/sample.ts:71 long has 71 lines"]);
    expect(findLongFunctions(file, [`${file.path} long`])).toEqual([]);
  });

  test("see a file of 401 lines and none of 400", () => {
    expect(findLongFile(sample("a;\n".repeat(400)))).toEqual([]);
    expect(findLongFile(sample("a;\n".repeat(401)))).toHaveLength(1);
  });

  test.each([
    "let a: any;",
    "b as any;",
    "new Map<string, any>();",
    "f<any>();",
    "type A = any | B;",
    "enum A { B }",
    "export const enum A { B }",
    "export default class {}",
    'export * from "./a.ts";',
    "// TODO: later",
    "/** FIXME */",
    "// @ts-ignore",
  ])("see what is forbidden in %j", (source) => {
    expect(findForbidden(sample(`a;\n${source}`))).toHaveLength(1);
    expect(findForbidden(sample(`a;\n${source}`))[0]).toStartWith("src/store/sample.ts:2 ");
  });

  test.each([
    "expect.any(Number);",
    'const a = "enum A { TODO }: any";',
    "// any default export, any enum of them",
    "const anyFrame: Frame = enumerate(any);",
    'export { a } from "./a.ts";',
  ])("leave %j alone", (source) => {
    expect(findForbidden(sample(source))).toEqual([]);
  });

  test("see the console, and not the word", () => {
    expect(findConsole(sample("a;\nconsole.log(a);"))).toHaveLength(1);
    expect(findConsole(sample("// console.log"))).toEqual([]);
  });

  test.each([
    ["src/store/a.ts", "../batch/batch.ts"],
    ["src/lib/a.ts", "../store/store.ts"],
    ["src/net/a.ts", "../protocol/opcode.ts"],
    ["src/lib/a.ts", "../../package.json"],
    ["src/server/a.ts", "../../test/support/random.ts"],
    ["src/server/a.ts", "../main.ts"],
    ["src/store/a.ts", "commander"],
    ["src/store/a.ts", "node:fs"],
    ["src/options/a.ts", "left-pad"],
    ["src/unheard-of/a.ts", "./b.ts"],
  ])("see that %s must not import %s", (path, imported) => {
    for (const line of [`import type { A } from "${imported}";`, `await import("${imported}");`]) {
      expect(findForbiddenImports(sample(line, path), LAYERS, PACKAGES)).toHaveLength(1);
    }
  });

  test.each([
    ["src/store/a.ts", "./arena.ts"],
    ["src/batch/a.ts", "../store/store.ts"],
    ["src/main.ts", "./server/supervisor.ts"],
    ["src/version.ts", "../package.json"],
    ["src/options/a.ts", "commander"],
    ["src/lib/a.ts", "bun:ffi"],
  ])("see that %s may import %s", (path, imported) => {
    const file = sample(`// from "../main.ts"\nimport {\n  A,\n} from "${imported}";`, path);
    expect(findForbiddenImports(file, LAYERS, PACKAGES)).toEqual([]);
  });

  test("see a file without a test, and an exception that is not needed", () => {
    const paths = ["src/a/b.ts", "src/a/c.ts", "src/a/d.ts", "test/a/b.test.ts"];
    expect(findUntested(paths, { "src/a/d.ts": "a constant" })).toEqual([
      "src/a/c.ts:1 has no test/a/c.test.ts",
    ]);
    const needless = { "src/a/b.ts": "", "src/a/c.ts": "", "src/a/d.ts": "", "src/a/e.ts": "" };
    expect(findUntested(paths, needless)).toEqual([
      "src/a/b.ts:1 needs no exception",
      "src/a/e.ts:1 needs no exception",
    ]);
  });
});
