#!/usr/bin/env bun
// fkvs-check: verifies a data directory that no server uses, and says what is in it.

import { OptionError } from "./options/option-error.ts";
import { DataDirectory } from "./wal/data-directory.ts";
import { DirectoryCheck } from "./wal/directory-check.ts";
import { DiskError } from "./wal/disk.ts";
import { RealDisk } from "./wal/real-disk.ts";
import { RecoveryError } from "./wal/recovery-error.ts";

const PROGRAM_NAME = "fkvs-check";
const USAGE = `Usage: ${PROGRAM_NAME} DIR

Verifies the files of DIR, the directory of a server that is not running, and says what each has
and what is wrong with it. Nothing is changed.

Exit code: 0 sound (also with an end that a crash left torn), 1 damaged, 2 nothing was checked.
`;

const EXIT = { SOUND: 0, DAMAGED: 1, USAGE: 2 } as const;

function main(argv: readonly string[]): number {
  const [path] = argv;
  if (path === "--help" || path === "-h") {
    process.stdout.write(USAGE);
    return EXIT.SOUND;
  }
  if (path === undefined || argv.length > 1 || path.startsWith("-")) {
    throw new OptionError("it takes one argument, the directory to check (--help says more)");
  }
  return check(path);
}

function check(path: string): number {
  const directory = openDirectory(path);
  try {
    const write = (line: string) => process.stdout.write(`${line}\n`);
    const { fileCount, damageCount, tornBytes } = new DirectoryCheck(directory, write).run();
    const torn = tornBytes === 0 ? "" : `, ${tornBytes} bytes torn at an end and never synced`;
    const verdict = damageCount === 0 ? "sound" : `damaged in ${count(damageCount, "place")}`;
    write(`${path}: ${verdict}, ${count(fileCount, "file")}${torn}`);
    return damageCount === 0 ? EXIT.SOUND : EXIT.DAMAGED;
  } finally {
    directory.close();
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function openDirectory(path: string): DataDirectory {
  try {
    return DataDirectory.openExisting(new RealDisk(path), path);
  } catch (error) {
    if (error instanceof DiskError) throw new OptionError(error.message);
    // META alone can be damaged; the rest says that this is no directory to check.
    if (!(error instanceof RecoveryError) || error.file !== "") throw error;
    throw new OptionError(error.message);
  }
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  const isExpected =
    error instanceof OptionError || error instanceof RecoveryError || error instanceof DiskError;
  if (!isExpected) throw error;
  process.stderr.write(`${PROGRAM_NAME}: ${error.message}\n`);
  process.exitCode = error instanceof OptionError ? EXIT.USAGE : EXIT.DAMAGED;
}
