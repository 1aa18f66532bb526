import { describe, expect, test } from "bun:test";
import { foldCpuProfile } from "../../../bench/profile/cpu-profile.ts";
import { renderFolded } from "../../../bench/profile/folded-stacks.ts";

const node = (id: number, functionName: string, url: string, children: number[] = []) => ({
  id,
  callFrame: { functionName, url },
  children,
});

const profile = {
  nodes: [
    node(1, "(root)", "", [2, 4, 5]),
    node(2, "turn", "file:///src/turn.ts", [3]),
    node(3, "get", "file:///src/fast-commands.ts"),
    node(4, "(idle)", ""),
    node(5, "write", ""),
  ],
  samples: [2, 3, 3, 4, 5, 2],
  timeDeltas: [0, 10, 10, 10, 10, 10],
};

describe("foldCpuProfile", () => {
  test("has the callers of each sample, and no idleness", () => {
    expect(renderFolded(foldCpuProfile(profile, 1000)).split("\n").toSorted()).toEqual([
      "",
      "JavaScript;turn (turn.ts)_[j] 2",
      "JavaScript;turn (turn.ts)_[j];get (fast-commands.ts)_[j] 2",
      "JavaScript;write 1",
    ]);
  });

  test("has only what is wanted from its end", () => {
    const stacks = foldCpuProfile(profile, 15);
    expect(renderFolded(stacks)).toBe("JavaScript;turn (turn.ts)_[j] 1\nJavaScript;write 1\n");
  });
});
