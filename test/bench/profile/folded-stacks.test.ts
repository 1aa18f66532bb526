import { describe, expect, test } from "bun:test";
import {
  FRAME_KIND,
  StackFolder,
  countSamples,
  frameOf,
  framesOf,
  kindOf,
  nameOf,
  renderFolded,
} from "../../../bench/profile/folded-stacks.ts";

describe("a frame", () => {
  test.each(Object.values(FRAME_KIND))("of kind %s keeps kind and name", (kind) => {
    const frame = frameOf("a<b>&", kind);
    expect(kindOf(frame)).toBe(kind);
    expect(nameOf(frame)).toBe("a<b>&");
  });

  test("has nothing in it that separates frames or lines", () => {
    expect(frameOf("a;b\n c", FRAME_KIND.NATIVE)).toBe("a:b c");
  });
});

describe("folded stacks", () => {
  test("count the same stack once for each sample", () => {
    const folder = new StackFolder();
    folder.add(["t", "a", "b"]);
    folder.add(["t", "a"]);
    folder.add(["t", "a", "b"]);
    expect(renderFolded(folder.stacks)).toBe("t;a;b 2\nt;a 1\n");
    expect(countSamples(folder.stacks)).toBe(3);
    expect([...folder.stacks.keys()].map(framesOf)).toEqual([
      ["t", "a", "b"],
      ["t", "a"],
    ]);
  });

  test("have neighbours of one name once", () => {
    const folder = new StackFolder();
    folder.add(["t", "[bun]", "[bun]", "a", "[bun]"]);
    expect(renderFolded(folder.stacks)).toBe("t;[bun];a;[bun] 1\n");
  });
});
