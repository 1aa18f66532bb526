#!/usr/bin/env bun
// fkvs-server: options, then the server until a signal.
//
//   loadOptions     flags, environment, file → one frozen object      options/
//   Supervisor      the main thread: memory, data thread, signals     server/
//   DataThread      engine, pipeline, store                           server/, net/, store/

import { Log } from "./lib/log.ts";
import { OptionError } from "./options/option-error.ts";
import { loadOptions } from "./options/options.ts";
import { readPassword } from "./redis/password.ts";
import { StartError } from "./server/start-error.ts";
import { Supervisor } from "./server/supervisor.ts";
import { VERSION } from "./version.ts";

const EXIT_FAILURE = 1;

async function main(): Promise<number> {
  const loaded = loadOptions(process.argv.slice(2), process.env);
  if (loaded.kind === "print") {
    process.stdout.write(loaded.text);
    return loaded.exitCode;
  }
  const log = new Log({ level: loaded.options.logLevel });
  const path = loaded.options.requirepassFile;
  const password = readPassword({ path, environment: process.env });
  return await new Supervisor(loaded.options, VERSION, log, password).run();
}

try {
  process.exit(await main());
} catch (error) {
  const isExpected = error instanceof OptionError || error instanceof StartError;
  if (!isExpected) throw error;
  process.stderr.write(`fkvs-server: ${error.message}\n`);
  process.exit(error instanceof OptionError ? error.exitCode : EXIT_FAILURE);
}
