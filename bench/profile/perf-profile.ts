// A profile by Linux perf: all threads of the server, compiled JavaScript by name, and the kernel.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CONTESTANTS, type Contestant } from "../../fkvs-benchmark/compare/contestant.ts";
import { RunningServer } from "../../fkvs-benchmark/compare/running-server.ts";
import { readJitDump } from "./jit-dump.ts";
import { JitSymbols } from "./jit-symbols.ts";
import { LEAD_MS, chooseCpus, fill, load } from "./load.ts";
import type { ProfileOptions } from "./options.ts";
import { explainPerf, findPerfObstacle, printPerf, recordPerf } from "./perf.ts";
import { foldPerfScript } from "./perf-script.ts";
import { ProfileError } from "./profile-error.ts";
import type { Profile } from "./profile.ts";

const OURS = CONTESTANTS[0]!;

/** `cleanup` ends the server, if need be before this settles; `scratch` is an empty folder. */
export async function profileWithPerf(
  options: ProfileOptions,
  scratch: string,
  cleanup: AsyncDisposableStack,
): Promise<Profile> {
  const obstacle = findPerfObstacle();
  if (obstacle !== null) throw explainPerf(obstacle);
  const cpus = chooseCpus();
  const file = join(scratch, "perf.data");
  const place = { cpu: cpus.server, parentFolder: null };
  const server = await RunningServer.start(dumpingServer(options, scratch), place);
  cleanup.use(server);
  await fill(server, options, cpus.client);

  const recording = Bun.sleep(LEAD_MS).then(() =>
    recordPerf({ pid: server.pid, cpu: cpus.client, file }, options),
  );
  const [figures] = await Promise.all([load(server, options, cpus.client), recording]);
  // What it has compiled is all written when it has ended.
  await server[Symbol.asyncDispose]();
  const stacks = foldPerfScript(await printPerf(file), readSymbols(scratch));
  return { figures, stacks, seesKernel: true };
}

/** Our server, which writes down what it compiles. */
function dumpingServer(options: ProfileOptions, folder: string): Contestant {
  return {
    ...OURS,
    command: (port, ownFolder) => [
      ...["env", "BUN_JSC_useJITDump=1", `BUN_JSC_jitDumpDirectory=${folder}`],
      ...OURS.command(port, ownFolder),
      ...["--io", options.io],
    ],
  };
}

function readSymbols(folder: string): JitSymbols {
  const paths = [...new Bun.Glob("*.dump").scanSync({ cwd: folder })];
  if (paths.length === 0) throw new ProfileError("this Bun wrote no list of what it compiled");
  return new JitSymbols(paths.flatMap((path) => readJitDump(readFileSync(join(folder, path)))));
}
