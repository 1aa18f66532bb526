import { describe, expect, test } from "bun:test";
import { ClientCount } from "../../src/server/client-count.ts";

describe("ClientCount", () => {
  test("counts for all who share its memory, up to the limit", () => {
    const buffer = ClientCount.reserve();
    const first = new ClientCount(3, buffer);
    const second = new ClientCount(3, buffer);
    expect([first.enter(), second.enter(), first.enter()]).toEqual([true, true, true]);
    expect([first.enter(), second.enter()]).toEqual([false, false]);
    expect(first.count).toBe(3);
    second.leave();
    expect(second.count).toBe(2);
    expect(first.enter()).toBe(true);
    expect(second.enter()).toBe(false);
  });
});
