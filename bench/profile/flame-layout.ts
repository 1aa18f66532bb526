// Where the boxes of a flame graph lie. A box is a function where it was called from, as wide as
// its share of the samples; what it called stands on top of it.

import { countSamples, framesOf, type FoldedStacks } from "./folded-stacks.ts";

export interface FlameBox {
  readonly frame: string;
  /** 0 = the lowest row, everything. */
  readonly depth: number;
  /** Shares of the whole width, from 0 to 1. */
  readonly left: number;
  readonly width: number;
  readonly sampleCount: number;
}

interface Node {
  count: number;
  readonly children: Map<string, Node>;
}

export const EVERYTHING = "all";

/** Boxes from the lowest row up, each after the one it stands on; those too narrow are left out. */
export function layOutFlames(stacks: FoldedStacks, widthMin: number): FlameBox[] {
  const root = buildTree(stacks);
  const boxes: FlameBox[] = [];
  if (root.count === 0) return boxes;

  const place = (frame: string, node: Node, depth: number, left: number): void => {
    const width = node.count / root.count;
    if (width < widthMin) return;
    boxes.push({ frame, depth, left, width, sampleCount: node.count });
    let childLeft = left;
    // By name and not by share, so that two profiles look alike.
    const children = [...node.children].toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const [childFrame, child] of children) {
      place(childFrame, child, depth + 1, childLeft);
      childLeft += child.count / root.count;
    }
  };

  place(EVERYTHING, root, 0, 0);
  return boxes;
}

function buildTree(stacks: FoldedStacks): Node {
  const root: Node = { count: countSamples(stacks), children: new Map() };
  for (const [stack, count] of stacks) {
    let node = root;
    for (const frame of framesOf(stack)) {
      let child = node.children.get(frame);
      if (child === undefined) {
        child = { count: 0, children: new Map() };
        node.children.set(frame, child);
      }
      child.count += count;
      node = child;
    }
  }
  return root;
}
