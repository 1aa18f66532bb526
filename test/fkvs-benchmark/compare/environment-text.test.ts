import { describe, expect, test } from "bun:test";
import { CONTESTANTS } from "../../../fkvs-benchmark/compare/contestant.ts";
import { renderEnvironment, wrap } from "../../../fkvs-benchmark/compare/environment-text.ts";
import { VERSION } from "../../../src/version.ts";

describe("the environment", () => {
  test("names machine, versions, pinning and the command", () => {
    const text = renderEnvironment({
      contestants: CONTESTANTS.slice(0, 2),
      settings: {
        clients: 50,
        keyCount: 1_000_000,
        keySize: 16,
        valueSize: 32,
        seconds: 1,
        warmupSeconds: 0,
        clientCpu: 1,
      },
      roundCount: 5,
      serverCpu: 0,
      command: "bun run compare",
    }).replaceAll("\n", " ");
    const parts = [
      Bun.version,
      "`bun run compare`",
      "server on CPU 0",
      "client on CPU 1",
      "1,000,000",
    ];
    for (const part of parts) expect(text).toContain(part);
    // One server has one version, whatever it is asked in.
    expect(text).toContain(`, fkvs ${VERSION}. `);
  });

  test("is broken into lines between words", () => {
    const text = Array.from({ length: 100 }, (_, i) => `word${i}`).join(" ");
    const lines = wrap(text).split("\n");
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    expect(lines.join(" ")).toBe(text);
  });
});
