// The hottest functions of a profile, as a table. *Self* is the share of samples in which the
// function itself ran, *total* the share in which it or what it called did.

import {
  FRAME_KIND,
  countSamples,
  framesOf,
  kindOf,
  nameOf,
  type FoldedStacks,
  type FrameKind,
} from "./folded-stacks.ts";

export interface FunctionShare {
  readonly name: string;
  readonly kind: FrameKind;
  /** Shares of all samples, from 0 to 1. */
  readonly self: number;
  readonly total: number;
}

export type KindShares = Readonly<Record<FrameKind, number>>;

const SHARE_WIDTH = 8;
const KIND_WIDTH = 8;

/** All functions, the hottest first. */
export function shareFunctions(stacks: FoldedStacks): FunctionShare[] {
  const selfs = new Map<string, number>();
  const totals = new Map<string, number>();
  for (const [stack, count] of stacks) {
    const frames = framesOf(stack).slice(1);
    const innermost = frames.at(-1);
    if (innermost === undefined) continue;
    add(selfs, innermost, count);
    // A function that calls itself has been there once.
    for (const frame of new Set(frames)) add(totals, frame, count);
  }
  const sampleCount = countSamples(stacks);
  return [...totals]
    .map(([frame, total]) => ({
      name: nameOf(frame),
      kind: kindOf(frame),
      self: (selfs.get(frame) ?? 0) / sampleCount,
      total: total / sampleCount,
    }))
    .toSorted((a, b) => b.self - a.self || b.total - a.total || a.name.localeCompare(b.name));
}

/** Where the processor was: the shares of the three kinds, which add up to 1. */
export function shareKinds(stacks: FoldedStacks): KindShares {
  const counts = { kernel: 0, jit: 0, native: 0 };
  for (const [stack, count] of stacks) counts[kindOf(framesOf(stack).at(-1)!)] += count;
  const sampleCount = Math.max(countSamples(stacks), 1);
  return {
    kernel: counts.kernel / sampleCount,
    jit: counts.jit / sampleCount,
    native: counts.native / sampleCount,
  };
}

export function renderKinds(shares: KindShares, sampleCount: number): string {
  const user = shares[FRAME_KIND.JIT] + shares[FRAME_KIND.NATIVE];
  return (
    `user ${percent(user)} (jit ${percent(shares.jit)}, native ${percent(shares.native)}), ` +
    `kernel ${percent(shares.kernel)}; ${sampleCount.toLocaleString("en")} samples`
  );
}

/** The first `count` functions, a line each. */
export function renderFunctions(functions: readonly FunctionShare[], count: number): string {
  const head = `${"self".padStart(SHARE_WIDTH)}${"total".padStart(SHARE_WIDTH)}  kind    function`;
  const rows = functions.slice(0, count).map(({ name, kind, self, total }) => {
    const shares = [self, total].map((share) => percent(share).padStart(SHARE_WIDTH)).join("");
    return `${shares}  ${kind.padEnd(KIND_WIDTH)}${name}`;
  });
  return `${[head, ...rows].join("\n")}\n`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
