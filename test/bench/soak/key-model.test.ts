import { describe, expect, test } from "bun:test";
import { ABSENT, KeyModel, fingerprint, type KeyState } from "../../../bench/soak/key-model.ts";

const KEY = "key";
const NOW_MS = 1_000_000;
const LATER_MS = NOW_MS + 10_000;

function state(text: string, deadlineMs = 0): KeyState {
  return { text, deadlineMs };
}

function seen(text: string | null, atMs = NOW_MS, deadlineMs?: number) {
  const times = { text, fromMs: atMs, toMs: atMs };
  return deadlineMs === undefined ? times : { ...times, deadlineMs };
}

/** A key that has come through these states, of which so many are acknowledged. */
function modelOf(states: readonly KeyState[], acknowledgedCount = states.length): KeyModel {
  const model = new KeyModel();
  states.forEach((one, i) => {
    model.begin(KEY, one);
    if (i < acknowledgedCount) model.acknowledge(KEY);
  });
  return model;
}

describe("what a server says of a key", () => {
  test("is its last state", () => {
    const model = modelOf([state("a"), state("b")]);
    expect(model.compare(KEY, seen("b"))).toBe("");
    expect(model.compare(KEY, seen("a"))).toBe(
      `key is "a" at ${NOW_MS} to ${NOW_MS}, and must be "b"`,
    );
    expect(model.compare(KEY, seen(null))).toContain("is (nothing)");
    expect(new KeyModel().compare(KEY, seen("a"))).toEndWith("must be (nothing)");
  });

  test("is there before its deadline, and gone behind it", () => {
    const model = modelOf([state("a", LATER_MS)]);
    expect(model.compare(KEY, seen("a"))).toBe("");
    expect(model.compare(KEY, seen(null))).not.toBe("");
    expect(model.compare(KEY, seen(null, LATER_MS))).toBe("");
    expect(model.compare(KEY, seen("a", LATER_MS))).toBe("");
    expect(model.compare(KEY, seen("a", LATER_MS + 10_000))).not.toBe("");
  });
});

describe("after a crash a key", () => {
  const states = [state("a"), state("b"), state("c")];

  test.each(["a", "b", "c", null])("may be any since the last certain one: %p", (text) => {
    const model = modelOf(states, 2);
    expect(model.settle(KEY, seen(text, NOW_MS, 0))).toBe("");
    expect(model.latest(KEY)).toEqual(text === null ? ABSENT : state(text));
    expect(model.settle(KEY, seen("other"))).not.toBe("");
  });

  test("is not what it was before that", () => {
    const model = modelOf(states, 2);
    model.makeCertain();
    expect(model.settle(KEY, seen("a"))).toEndWith('must be "b" or "c"');
    expect(model.settle(KEY, seen(null))).not.toBe("");
    expect(model.settle(KEY, seen("b"))).toBe("");
  });

  test("has the deadline of the state that it is", () => {
    const model = modelOf([state("a", LATER_MS), state("a")]);
    expect(model.settle(KEY, seen("a", NOW_MS, LATER_MS + 1))).not.toBe("");
    expect(model.settle(KEY, seen("a", NOW_MS, LATER_MS))).toBe("");
    expect(model.latest(KEY)).toEqual(state("a", LATER_MS));
  });

  test("that was never written is not there", () => {
    expect(new KeyModel().settle(KEY, seen(null))).toBe("");
    expect(new KeyModel().settle(KEY, seen("a"))).not.toBe("");
  });
});

test("what is certain stays so while more is under way", () => {
  const model = modelOf([state("a"), state("b")], 1);
  model.makeCertain();
  model.makeCertain();
  model.acknowledge(KEY);
  model.begin(KEY, state("c"));
  model.makeCertain();
  expect(model.settle(KEY, seen("a"))).toEndWith('must be "b" or "c"');
});

test("long texts are told apart by their fingerprints, short ones are their own", () => {
  expect(fingerprint("short")).toBe("short");
  const long = "x".repeat(1000);
  expect(fingerprint(long)).toStartWith("1000 bytes ");
  expect(fingerprint(`${long.slice(1)}y`)).not.toBe(fingerprint(long));
});
