import { describe, expect, test } from "bun:test";
import { loadOptions } from "../../src/options/options.ts";
import { parseConfigFile } from "../../src/options/config-file.ts";
import { renderOptionDocument } from "../../src/options/option-document.ts";
import {
  environmentNameOf,
  flagOf,
  OPTION_PROPERTIES,
  OPTION_TABLE,
  REQUEST_FLAGS,
} from "../../src/options/option-table.ts";

const documentFile = Bun.file(new URL("../../docs/OPTIONS.md", import.meta.url));

describe("docs/OPTIONS.md", () => {
  test("is what the table gives; run src/options/option-document.ts after a change", async () => {
    expect(await documentFile.text()).toBe(renderOptionDocument());
  });
});

describe("renderOptionDocument", () => {
  const text = renderOptionDocument();

  test("tells every flag, variable, allowed value and meaning", () => {
    for (const property of OPTION_PROPERTIES) {
      expect(text).toContain(`\`${flagOf(property)}`);
      expect(text).toContain(`\`${environmentNameOf(property)}\``);
      expect(text).toContain(OPTION_TABLE[property].value.allowedText);
      expect(text).toContain(`- **${OPTION_TABLE[property].name}**: `);
    }
    for (const { name } of REQUEST_FLAGS) expect(text).toContain(`- \`--${name}\`: `);
  });

  test("shows a file the program accepts and that changes nothing", () => {
    const example = /```toml\n(.*?)```/s.exec(text)![1]!;
    const loaded = loadOptions([], {}, 2 ** 30);
    if (loaded.kind !== "run") throw new Error("the defaults must run");
    for (const [property, given] of parseConfigFile("example", example).values) {
      const expected: unknown = loaded.options[property];
      expect(OPTION_TABLE[property].value.readToml(given)).toBe(expected as never);
    }
  });
});
