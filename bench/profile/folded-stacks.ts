// Samples of stacks in the form that flame graph tools share: one line for each different stack,
// `thread;outermost;…;innermost count`. What kind of code a frame is stands at the end of its name:
//
//   write_[k]   the kernel      get [FTL]_[j]   compiled JavaScript      malloc   native code

/** Stack → how many samples had it. */
export type FoldedStacks = ReadonlyMap<string, number>;

export const FRAME_KIND = { KERNEL: "kernel", JIT: "jit", NATIVE: "native" } as const;
export type FrameKind = (typeof FRAME_KIND)[keyof typeof FRAME_KIND];

const SUFFIX = { kernel: "_[k]", jit: "_[j]", native: "" } as const;
const SEPARATOR = ";";

/** A frame's text in a stack. */
export function frameOf(name: string, kind: FrameKind): string {
  // What separates frames and lines cannot be in a name.
  return name.replaceAll(SEPARATOR, ":").replaceAll(/\s+/g, " ") + SUFFIX[kind];
}

export function kindOf(frame: string): FrameKind {
  if (frame.endsWith(SUFFIX.kernel)) return FRAME_KIND.KERNEL;
  return frame.endsWith(SUFFIX.jit) ? FRAME_KIND.JIT : FRAME_KIND.NATIVE;
}

export function nameOf(frame: string): string {
  return frame.slice(0, frame.length - SUFFIX[kindOf(frame)].length);
}

/** The frames of a stack, outermost first; the thread is the first of them. */
export function framesOf(stack: string): string[] {
  return stack.split(SEPARATOR);
}

export function countSamples(stacks: FoldedStacks): number {
  return stacks.values().reduce((sum, count) => sum + count, 0);
}

export function renderFolded(stacks: FoldedStacks): string {
  return [...stacks].map(([stack, count]) => `${stack} ${count}\n`).join("");
}

export class StackFolder {
  readonly #counts = new Map<string, number>();

  get stacks(): FoldedStacks {
    return this.#counts;
  }

  /** Frames outermost first. Repeated neighbours count as one: code without names is all alike. */
  add(frames: readonly string[]): void {
    const different = frames.filter((frame, i) => frame !== frames[i - 1]);
    const stack = different.join(SEPARATOR);
    this.#counts.set(stack, (this.#counts.get(stack) ?? 0) + 1);
  }
}
