import { describe, expect, test } from "bun:test";
import {
  LIVE_SETTING_COUNT,
  LiveSettings,
  writeLiveDefaults,
} from "../../src/redis/live-settings.ts";

const valuesOf = (settings: LiveSettings) => [
  settings.isLatencyTracked,
  settings.slowLogThresholdUs,
  settings.slowLogLengthMax,
  settings.isExpiryActive,
];

describe("LiveSettings", () => {
  test("begin as Redis begins, alone or shared", () => {
    const words = new Float64Array(LIVE_SETTING_COUNT);
    writeLiveDefaults(words);
    const defaults = [true, 10_000, 128, true];
    expect(valuesOf(new LiveSettings())).toEqual(defaults);
    expect(valuesOf(new LiveSettings(words))).toEqual(defaults);
  });

  test("are one for all who share the words", () => {
    const words = new Float64Array(LIVE_SETTING_COUNT);
    const first = new LiveSettings(words);
    const second = new LiveSettings(words);
    first.isLatencyTracked = true;
    first.slowLogThresholdUs = -1;
    second.slowLogLengthMax = 7;
    second.isExpiryActive = true;
    expect(valuesOf(second)).toEqual([true, -1, 7, true]);
    second.isLatencyTracked = false;
    first.isExpiryActive = false;
    expect(valuesOf(first)).toEqual([false, -1, 7, false]);
  });
});
