import { describe, expect, test } from "bun:test";
import { loadUnacknowledgedBytes } from "../../src/net/unacknowledged-bytes.ts";
import { loadUringLibc } from "../../src/uring/uring-libc.ts";
import { makeSocketPair, receiveText, sendText } from "../uring/socket-stand.ts";

describe.skipIf(process.platform !== "linux")("the unacknowledged bytes of a socket", () => {
  test("fall as the other side reads", () => {
    const unacknowledgedBytes = loadUnacknowledgedBytes();
    const [here, there] = makeSocketPair();
    expect(unacknowledgedBytes(here)).toBe(0);
    sendText(here, "x".repeat(50_000));
    sendText(here, "y".repeat(50_000));
    const all = unacknowledgedBytes(here);
    expect(all).toBeGreaterThanOrEqual(100_000);
    while (unacknowledgedBytes(here) === all) expect(receiveText(there, 10_000)).not.toBe("");
    while (receiveText(there, 10_000) !== "");
    expect(unacknowledgedBytes(here)).toBe(0);
    const libc = loadUringLibc()!;
    for (const descriptor of [here, there]) libc.close(descriptor);
  });

  test("are none of a descriptor that is none", () => {
    expect(loadUnacknowledgedBytes()(-1)).toBe(0);
  });
});
