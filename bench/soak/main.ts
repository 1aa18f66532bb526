#!/usr/bin/env bun
// bun run soak: the server with a data directory for a long time. docs/DURABILITY.md tells what is
// looked at. Exit codes: 0, 1 = something is wrong, 2 = a mistake on the command line.

import { failureCode } from "../../fkvs-benchmark/failure-code.ts";
import { readOptions } from "./options.ts";
import { Soak } from "./soak.ts";

const EXIT = { OK: 0, WRONG: 1 } as const;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const { termCount, killCount, problems, path } = await new Soak(options, write).run();
  write(`ended ${termCount} times by SIGTERM, ${killCount} times by kill -9`);
  for (const problem of problems) process.stderr.write(`soak: ${problem}\n`);
  if (problems.length === 0) return EXIT.OK;
  process.stderr.write(`soak: seed ${options.seed}; the files are left in ${path}\n`);
  return EXIT.WRONG;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = failureCode("soak", error);
}
