// Parts of a history that have no key in common, and so can be checked apart.

import type { Operation } from "./linearizability-model.ts";

export function splitByKeys(history: readonly Operation[]): Operation[][] {
  const parents = new Map<string, string>();
  const rootOf = (key: string): string => {
    const parent = parents.get(key) ?? key;
    if (parent === key) return key;
    const root = rootOf(parent);
    parents.set(key, root);
    return root;
  };
  for (const { steps } of history) {
    const root = rootOf(steps[0]!.key);
    for (const { key } of steps) parents.set(rootOf(key), root);
  }
  const parts = Map.groupBy(history, ({ steps }) => rootOf(steps[0]!.key));
  return [...parts.values()];
}
