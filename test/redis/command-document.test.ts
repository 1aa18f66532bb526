import { describe, expect, test } from "bun:test";
import { renderCommandDocument, renderSyntax } from "../../src/redis/command-document.ts";
import { ALL_ROWS } from "../../src/redis/rows/all-rows.ts";
import {
  KEY,
  MULTIPLE,
  OPTIONAL,
  block,
  integer,
  key,
  oneOf,
  specsOf,
  text,
  word,
} from "../../src/redis/rows/spec.ts";

const documentFile = Bun.file(new URL("../../docs/COMMANDS.md", import.meta.url));

describe("docs/COMMANDS.md", () => {
  test("is what the rows give; run src/redis/command-document.ts after a change", async () => {
    expect(await documentFile.text()).toBe(renderCommandDocument());
  });
});

describe("renderCommandDocument", () => {
  const rendered = renderCommandDocument();

  test("tells every command and subcommand once", () => {
    const heads = [...rendered.matchAll(/^\| `(.*?)` /gm)].map(([, syntax]) => syntax!);
    const expected = ALL_ROWS.flatMap((spec) => {
      const inner = spec.subcommands.map(
        (subcommand) => `${spec.name.toUpperCase()} ${renderSyntax(subcommand)}`,
      );
      return inner.length === 0 || spec.arity === -1 ? [renderSyntax(spec), ...inner] : inner;
    });
    const escaped = expected.map((syntax) => syntax.replaceAll("|", "\\|"));
    expect(heads.sort()).toEqual(escaped.sort());
  });

  test("tells every difference", () => {
    const specs = ALL_ROWS.flatMap((spec) => [spec, ...spec.subcommands]);
    for (const { difference } of specs)
      if (difference !== null) expect(rendered).toContain(difference);
  });

  test("has no pipe that ends a cell early", () => {
    const rows = rendered.split("\n").filter((line) => line.startsWith("| "));
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(5);
  });
});

describe("renderSyntax", () => {
  const server = specsOf("server", []);
  const choice = [word("NX"), integer("seconds", { token: "EX" })];

  test.each([
    [[], "ACT"],
    [[KEY, text("value")], "ACT key value"],
    [[key("key", 0, MULTIPLE)], "ACT key [key ...]"],
    [[text("section", { ...OPTIONAL, ...MULTIPLE })], "ACT [section [section ...]]"],
    [[oneOf("how", choice)], "ACT <NX | EX seconds>"],
    [[oneOf("how", choice, OPTIONAL)], "ACT [NX | EX seconds]"],
    [[oneOf("how", choice, { token: "BY", ...OPTIONAL })], "ACT [BY <NX | EX seconds>]"],
    [[oneOf("how", choice, MULTIPLE)], "ACT <NX | EX seconds> ..."],
    [[block("pair", [KEY, text("value")], MULTIPLE)], "ACT key value [key value ...]"],
    [[word("GET", OPTIONAL)], "ACT [GET]"],
  ])("of %j is %p", (all, expected) => {
    const spec = server("act", { arity: -1, since: "1.0.0", summary: "Act", arguments: all });
    expect(renderSyntax(spec)).toBe(expected);
  });
});
