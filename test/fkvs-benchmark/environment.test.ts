import { describe, expect, test } from "bun:test";
import { describeEnvironment } from "../../fkvs-benchmark/environment.ts";
import { VERSION } from "../../src/version.ts";

describe("describeEnvironment", () => {
  test("names the programs and the machine", () => {
    const environment = describeEnvironment();
    expect(environment).toMatchObject({ version: VERSION, bunVersion: Bun.version });
    expect(environment.cpuCount).toBeGreaterThan(0);
    expect(environment.system).toStartWith(`${process.platform} `);
    expect(environment.startedAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });
});
