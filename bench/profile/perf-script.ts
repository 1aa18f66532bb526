// Reads what `perf script -F comm,tid,ip,sym,dso` prints: for each sample the thread, its frames
// from the innermost on, and an empty line.
//
//   Worker 4242
//           ffffffff81a3c1b2 tcp_sendmsg ([kernel.kallsyms])
//               7fb1412450a0 [unknown] (//anon)
//                    3a41f20 [unknown] (/usr/bin/bun)

import { basename } from "node:path";
import { FRAME_KIND, StackFolder, frameOf, type FoldedStacks } from "./folded-stacks.ts";
import type { JitSymbols } from "./jit-symbols.ts";

const SAMPLE = /^(\S.*?)\s+(?:\d+\/)?\d+[\s:]*$/;
const FRAME = /^\s+([0-9a-f]+)\s+(.*?)\s*\(([^()]*(?: \(deleted\))?)\)$/;
const UNKNOWN = "[unknown]";
/** The upper half of the address space. */
const KERNEL_ADDRESS = /^[89a-f][0-9a-f]{15}$/;

export function foldPerfScript(text: string, symbols: JitSymbols): FoldedStacks {
  const folder = new StackFolder();
  let thread: string | null = null;
  let frames: string[] = [];

  const endSample = (): void => {
    if (thread === null) return;
    if (frames.length === 0) frames.push(frameOf(UNKNOWN, FRAME_KIND.NATIVE));
    folder.add([frameOf(thread, FRAME_KIND.NATIVE), ...frames.reverse()]);
    thread = null;
    frames = [];
  };

  for (const line of text.split("\n")) {
    const frame = FRAME.exec(line);
    if (frame !== null) {
      frames.push(readFrame(frame[1]!, frame[2]!, frame[3]!, symbols));
      continue;
    }
    endSample();
    thread = SAMPLE.exec(line)?.[1] ?? null;
  }
  endSample();
  return folder.stacks;
}

function readFrame(address: string, name: string, object: string, symbols: JitSymbols): string {
  if (KERNEL_ADDRESS.test(address)) {
    return frameOf(name === UNKNOWN ? "[kernel]" : name, FRAME_KIND.KERNEL);
  }
  const code = symbols.find(Number.parseInt(address, 16));
  if (code !== null) return frameOf(code, FRAME_KIND.JIT);
  return frameOf(name === UNKNOWN ? nameOfObject(object) : name, FRAME_KIND.NATIVE);
}

/** What a frame without a name is called: `[bun]`. A program without symbols is one such name. */
function nameOfObject(object: string): string {
  const bare = object.replace(/ \(deleted\)$/, "");
  if (bare.startsWith("[") || bare === "//anon") return UNKNOWN;
  return `[${basename(bare)}]`;
}
