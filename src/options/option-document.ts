// Renders docs/OPTIONS.md from the table, so that the document cannot fall behind the program.
//
//   bun src/options/option-document.ts > docs/OPTIONS.md

import { alignTable } from "../lib/markdown-table.ts";
import { OPTION_RULES } from "./option-rule.ts";
import {
  describeDefault,
  environmentNameOf,
  flagOf,
  isInFile,
  OPTION_PROPERTIES,
  OPTION_TABLE,
  REQUEST_FLAGS,
} from "./option-table.ts";
import type { OptionProperty } from "./option-table.ts";

const INTRODUCTION = `# Options

The options of \`fkvs-server\`. This file is made from the table the program itself uses; change
\`src/options/option-table.ts\`, then run \`bun src/options/option-document.ts > docs/OPTIONS.md\`.

Each option can be given in three places, and the first that has it counts:

1. a flag, \`--port 7000\` or \`--port=7000\` (given twice, the last counts);
2. an environment variable, \`FKVS_PORT=7000\`;
3. a key of the configuration file, \`port = 7000\`.

Otherwise the default holds. A value must be valid even where a stronger place overrides it. An
unknown flag, key or variable that begins with \`FKVS_\` is an error. Every error is one sentence on
standard error, and the program ends with code 2.
`;

const SIZES = `## Sizes

A size is a whole number and a unit, in either case; the units are those of \`redis.conf\`:

| Unit      | Bytes         | Unit        | Bytes         |
| --------- | ------------- | ----------- | ------------- |
| none, \`b\` | 1             |             |               |
| \`k\`       | 1,000         | \`kb\`, \`KiB\` | 1,024         |
| \`m\`       | 1,000,000     | \`mb\`, \`MiB\` | 1,048,576     |
| \`g\`       | 1,000,000,000 | \`gb\`, \`GiB\` | 1,073,741,824 |
`;

const FILE = `## The file

The file is TOML without tables. Numbers are TOML integers and switches TOML booleans; a size is a
string with a unit or an integer of bytes. This one sets every key to its default or, where there
is none, leaves it out:
`;

export function renderOptionDocument(): string {
  const sections = [
    INTRODUCTION,
    renderTable(),
    renderMeanings(),
    renderRequests(),
    SIZES,
    renderRules(),
    `${FILE}\n${renderExample()}`,
  ];
  return sections.join("\n");
}

function renderTable(): string {
  const rows = OPTION_PROPERTIES.map((property) => {
    const { name, value } = OPTION_TABLE[property];
    const argument = value.placeholder === null ? "" : ` <${value.placeholder}>`;
    return [
      `\`${flagOf(property)}${argument}\``,
      `\`${environmentNameOf(property)}\``,
      isInFile(property) ? `\`${name}\`` : "none",
      value.allowedText,
      describeDefault(property),
    ];
  });
  const table = alignTable([["Flag", "Environment", "Key", "Value", "Default"], ...rows]);
  return `## All options\n\n${table}\n
A switch takes no value on the command line, and \`true\` or \`false\` in the file. In the
environment it takes any of the words above.\n`;
}

function renderMeanings(): string {
  const lines = OPTION_PROPERTIES.map((property) => {
    const { name, summary } = OPTION_TABLE[property];
    return `- **${name}**: ${lowerFirst(summary)}.`;
  });
  return `## What each means\n\n${lines.join("\n")}\n`;
}

function renderRequests(): string {
  const lines = REQUEST_FLAGS.map(
    ({ name, summary }) => `- \`--${name}\`: ${lowerFirst(summary)}.`,
  );
  return `## On the command line only\n\n${lines.join("\n")}\n`;
}

function renderRules(): string {
  const lines = OPTION_RULES.map(({ summary }) => `- ${summary}`);
  return `## What must hold together\n\n${lines.join("\n")}\n`;
}

function renderExample(): string {
  const lines = OPTION_PROPERTIES.filter(isInFile).map(renderExampleLine);
  return `\`\`\`toml\n${lines.join("\n")}\n\`\`\`\n`;
}

function renderExampleLine(property: OptionProperty): string {
  const { name, defaultText } = OPTION_TABLE[property];
  if (defaultText !== undefined) return `# ${name}: ${defaultText}`;
  const text = renderDefault(property);
  return text === null ? `# ${name} is not set` : `${name} = ${text}`;
}

function renderDefault<P extends OptionProperty>(property: P): string | null {
  const row = OPTION_TABLE[property];
  return row.value.formatToml(row.default(0));
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

if (import.meta.main) process.stdout.write(renderOptionDocument());
