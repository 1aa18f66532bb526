// What a profile is, and the files it becomes.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Figures } from "../../fkvs-benchmark/compare/figures.ts";
import { renderFlameGraph } from "./flame-graph.ts";
import { countSamples, renderFolded, type FoldedStacks } from "./folded-stacks.ts";
import { renderFunctions, renderKinds, shareFunctions, shareKinds } from "./function-table.ts";
import { describeProfile, type ProfileOptions } from "./options.ts";

const FUNCTION_COUNT = 40;

export interface Profile {
  /** What the load saw, while it was slowed down by being watched. */
  readonly figures: Figures;
  readonly stacks: FoldedStacks;
  /** If not, the kernel's time is part of who called it. */
  readonly seesKernel: boolean;
}

/** What is printed, and what functions.txt holds. */
export function renderProfile(profile: Profile, options: ProfileOptions): string {
  const { figures, stacks, seesKernel } = profile;
  const throughput = Math.round(figures.throughput).toLocaleString("en");
  const cpuNs = Math.round(figures.serverCpuNs).toLocaleString("en");
  return [
    describeProfile(options),
    `${throughput} requests/s, ${cpuNs} ns of CPU each, while being watched`,
    renderKinds(shareKinds(stacks), countSamples(stacks)),
    ...(seesKernel ? [] : ["the kernel is not seen: its time is part of who called it"]),
    "",
    renderFunctions(shareFunctions(stacks), FUNCTION_COUNT),
  ].join("\n");
}

/** Writes functions.txt, flame.svg, stacks.folded and load.json to the folder, which is there. */
export function writeProfile(profile: Profile, options: ProfileOptions): void {
  const write = (name: string, text: string): void => writeFileSync(join(options.out, name), text);
  write("functions.txt", renderProfile(profile, options));
  write("flame.svg", renderFlameGraph(profile.stacks, describeProfile(options)));
  write("stacks.folded", renderFolded(profile.stacks));
  write("load.json", `${JSON.stringify({ options, figures: profile.figures }, null, 2)}\n`);
}
