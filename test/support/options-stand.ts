// Options loaded from all three sources, with a file of their own.

import { expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OptionError } from "../../src/options/option-error.ts";
import { loadOptions } from "../../src/options/options.ts";
import type { Environment } from "../../src/options/options.ts";

export const MEMORY_BYTES = 8 * 2 ** 30;

export class OptionsStand implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "fkvs-options-"));
  readonly configPath = join(this.folder, "fkvs.toml");

  readonly runFile = (
    text: string,
    argv: readonly string[] = [],
    environment: Environment = {},
  ) => {
    writeFileSync(this.configPath, text);
    return run(["--config", this.configPath, ...argv], environment);
  };

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

export function run(argv: readonly string[], environment: Environment = {}) {
  const loaded = loadOptions(argv, environment, MEMORY_BYTES);
  if (loaded.kind !== "run") throw new Error("the options ask to print");
  return loaded;
}

export function printed(argv: readonly string[], environment: Environment = {}): string {
  const loaded = loadOptions(argv, environment, MEMORY_BYTES);
  if (loaded.kind !== "print") throw new Error("the options ask to run");
  expect(loaded.exitCode).toBe(0);
  return loaded.text;
}

export function faultIn(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    expect(error.exitCode).toBe(2);
    expect(error.message).not.toMatch(/\n|\.$/);
    return error.message;
  }
  return "no fault";
}
