// A profile by the profiler that Bun has in itself: JavaScript alone, of a server that runs in one
// thread, where Linux perf is not to be had.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Contestant } from "../../fkvs-benchmark/compare/contestant.ts";
import { RunningServer } from "../../fkvs-benchmark/compare/running-server.ts";
import { foldCpuProfile, type CpuProfile } from "./cpu-profile.ts";
import { chooseCpus, fill, load } from "./load.ts";
import type { ProfileOptions } from "./options.ts";
import { ProfileError } from "./profile-error.ts";
import type { Profile } from "./profile.ts";

const FLAG = "--cpu-prof";
const SERVER = fileURLToPath(new URL("./in-process-server.ts", import.meta.url));
const US_PER_SECOND = 1_000_000;

/** `cleanup` ends the server, if need be before this settles; `scratch` is an empty folder. */
export async function profileWithBun(
  options: ProfileOptions,
  scratch: string,
  cleanup: AsyncDisposableStack,
): Promise<Profile> {
  if (!hasProfiler()) throw new ProfileError(`Bun ${Bun.version} has no ${FLAG}`);
  const cpus = chooseCpus();
  const stopPath = join(scratch, "stop");
  const contestant = profiledServer(options, scratch, stopPath);
  const server = await RunningServer.start(contestant, {
    cpu: cpus.server,
    parentFolder: null,
  });
  cleanup.defer(async () => {
    writeFileSync(stopPath, "");
    await server[Symbol.asyncDispose]();
  });
  await fill(server, options, cpus.client);
  const figures = await load(server, options, cpus.client);
  writeFileSync(stopPath, "");
  await server[Symbol.asyncDispose]();
  const stacks = foldCpuProfile(readProfile(scratch), options.seconds * US_PER_SECOND);
  return { figures, stacks, seesKernel: false };
}

function hasProfiler(): boolean {
  return Bun.spawnSync([process.execPath, "--help"]).stdout.toString().includes(FLAG);
}

function profiledServer(options: ProfileOptions, folder: string, stopPath: string): Contestant {
  const intervalUs = Math.max(1, Math.round(US_PER_SECOND / options.frequency));
  return {
    name: "fkvs",
    program: "fkvs",
    protocol: "fkvs",
    command: (port) => [
      ...[process.execPath, FLAG, `${FLAG}-dir=${folder}`, `${FLAG}-interval=${intervalUs}`],
      ...[SERVER, stopPath, "--port", `${port}`, "--io", options.io],
    ],
    versionCommand: [process.execPath, "--version"],
  };
}

function readProfile(folder: string): CpuProfile {
  const [path] = [...new Bun.Glob("*.cpuprofile").scanSync({ cwd: folder })];
  if (path === undefined) throw new ProfileError("Bun's profiler has written no profile");
  return JSON.parse(readFileSync(join(folder, path), "utf8")) as CpuProfile;
}
