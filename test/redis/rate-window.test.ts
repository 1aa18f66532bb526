import { describe, expect, test } from "bun:test";
import { RateWindow } from "../../src/redis/rate-window.ts";

describe("RateWindow", () => {
  test("is the mean of sixteen samples, of which the first are still zero", () => {
    const rate = new RateWindow(500);
    expect(rate.perSecond).toBe(0);
    rate.sample(160, 600);
    expect(rate.perSecond).toBe(100);
    for (let tick = 2; tick <= 16; tick++) rate.sample(160 * tick, 500 + 100 * tick);
    expect(rate.perSecond).toBe(1600);
  });

  test("forgets what is older", () => {
    const rate = new RateWindow(0);
    rate.sample(1000, 100);
    for (let tick = 2; tick <= 17; tick++) rate.sample(1000, 100 * tick);
    expect(rate.perSecond).toBe(0);
  });

  test("takes no sample where no time has passed", () => {
    const rate = new RateWindow(0);
    rate.sample(10, 0);
    rate.sample(32, 1000);
    expect(rate.perSecond).toBe(2);
  });

  test("begins anew with its count", () => {
    const rate = new RateWindow(0);
    rate.sample(1000, 1000);
    rate.reset();
    expect(rate.perSecond).toBe(0);
    rate.sample(16, 2000);
    expect(rate.perSecond).toBe(1);
  });
});
