// What the program prints, whole: test/main.test.ts.

import { describe, expect, test } from "bun:test";
import { loadOptions } from "../../src/options/options.ts";
import type { Options } from "../../src/options/option-table.ts";
import { StartError } from "../../src/server/start-error.ts";
import { explainFailure, renderStartLine } from "../../src/server/start-line.ts";
import type { FailedMessage, ReadyMessage } from "../../src/server/thread-message.ts";
import { ONLY_THREAD } from "../../src/server/thread-setup.ts";

const READY: ReadyMessage = {
  kind: "ready",
  addresses: [
    { kind: "tcp", host: "::1", port: 7000, sharing: "first" },
    { kind: "unix", path: "/s", sharing: "first", descriptor: 9 },
  ],
  engine: "uring",
  engineReason: "works here",
};

function optionsOf(...argv: string[]): Options {
  const loaded = loadOptions(["--max-memory", "64mb", ...argv], {});
  if (loaded.kind !== "run") throw new Error("these options run");
  return loaded.options;
}

describe("the start line", () => {
  const end = `version=1.2.3 pid=${process.pid} because="works here"`;
  const places = "tcp=[::1]:7000 unix=/s engine=uring max-memory=64MiB";

  test("names what serves and where", () => {
    expect(renderStartLine(optionsOf(), "1.2.3", ONLY_THREAD, READY)).toBe(
      `fkvs-server ready ${places} ${end}`,
    );
  });

  test("says how many threads there are when there are several", () => {
    const setup = { index: 0, count: 4, mode: "sharded" } as const;
    expect(renderStartLine(optionsOf(), "1.2.3", setup, READY)).toBe(
      `fkvs-server ready ${places} threads=4 mode=sharded ${end}`,
    );
  });
});

describe("the sentence for a start that failed", () => {
  const options = optionsOf("--port", "7000", "--dir", "/d");
  const failure: FailedMessage = { kind: "failed", code: "", message: "why", isRecovery: false };

  test("says where it cannot listen, and why", () => {
    expect(explainFailure(options, failure)).toBe("cannot listen on 127.0.0.1:7000: why");
    const inUse = { ...failure, code: "EADDRINUSE" };
    expect(explainFailure({ ...options, unix: "/s" }, inUse)).toBe(
      "cannot listen on 127.0.0.1:7000 and /s: the address is in use by another program",
    );
  });

  test("says nothing of an address when the engine cannot work", () => {
    const message = "--io uring cannot work here: why";
    const { code } = new StartError(message);
    expect(explainFailure(options, { ...failure, code, message })).toBe(message);
  });

  test("says what cannot be recovered", () => {
    const recovery = { ...failure, isRecovery: true };
    expect(explainFailure(options, recovery)).toBe("cannot recover from /d: why");
  });
});
