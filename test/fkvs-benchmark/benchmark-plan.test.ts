import { describe, expect, test } from "bun:test";
import { formatTarget } from "../../fkvs-benchmark/benchmark-plan.ts";

describe("formatTarget", () => {
  test("writes addresses as they can be read back", () => {
    expect(formatTarget({ kind: "tcp", host: "localhost", port: 5995 })).toBe("localhost:5995");
    expect(formatTarget({ kind: "tcp", host: "::1", port: 5995 })).toBe("[::1]:5995");
    expect(formatTarget({ kind: "unix", path: "/a/b" })).toBe("/a/b");
  });
});
