// What the tools that measure exit with when they fail, and what they say then: 0 = they were asked
// for help, 1 = something did not work, 2 = a mistake on the command line.

import { CommanderError } from "commander";

const EXIT = { OK: 0, FAILED: 1, USAGE: 2 } as const;

export function failureCode(programName: string, error: unknown): number {
  // It has said what is wrong, or printed the help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
  process.stderr.write(`${programName}: ${error instanceof Error ? error.message : error}\n`);
  return EXIT.FAILED;
}
