// Reads a .cpuprofile, the format of the browsers' developer tools that `bun --cpu-prof` writes: a
// tree of calls, and for each sample which node of it ran.

import { basename } from "node:path";
import { FRAME_KIND, StackFolder, frameOf, type FoldedStacks } from "./folded-stacks.ts";

export interface CpuProfile {
  readonly nodes: readonly CpuProfileNode[];
  /** Ids of nodes. */
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

interface CpuProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

const THREAD = "JavaScript";
const ROOT = "(root)";
const IDLE = "(idle)";

/** The samples of the last `lastUs`; before it the server was started and filled. */
export function foldCpuProfile(profile: CpuProfile, lastUs: number): FoldedStacks {
  const stackOf = listStacks(profile.nodes);
  const folder = new StackFolder();
  let remainingUs = lastUs;
  for (let i = profile.samples.length - 1; i >= 0 && remainingUs > 0; i--) {
    const stack = stackOf.get(profile.samples[i]!);
    if (stack !== undefined && stack.at(-1) !== IDLE) folder.add(stack);
    remainingUs -= profile.timeDeltas[i] ?? 0;
  }
  return folder.stacks;
}

/** The frames of every node by its id, outermost first. */
function listStacks(nodes: readonly CpuProfileNode[]): Map<number, readonly string[]> {
  const parents = new Map<number, number>();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const stacks = new Map<number, readonly string[]>();
  for (const { id } of nodes) {
    const frames: string[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const { functionName, url } = byId.get(at)!.callFrame;
      if (functionName !== ROOT) frames.push(nameFrame(functionName, url));
    }
    stacks.set(id, [frameOf(THREAD, FRAME_KIND.NATIVE), ...frames.reverse()]);
  }
  return stacks;
}

function nameFrame(functionName: string, url: string): string {
  if (functionName === IDLE) return IDLE;
  const name = functionName === "" ? "(anonymous)" : functionName;
  // What comes with Bun has no file.
  if (url === "") return frameOf(name, FRAME_KIND.NATIVE);
  return frameOf(`${name} (${basename(url)})`, FRAME_KIND.JIT);
}
