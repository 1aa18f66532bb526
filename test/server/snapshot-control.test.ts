import { describe, expect, test } from "bun:test";
import { OUTCOME, RESTART, SnapshotControl } from "../../src/server/snapshot-control.ts";

describe("SnapshotControl", () => {
  test("is seen by whoever has the same memory", () => {
    const buffer = SnapshotControl.reserve(2);
    const main = new SnapshotControl(buffer);
    const data = new SnapshotControl(buffer);
    expect([data.outcome, data.restart]).toEqual([OUTCOME.RUNNING, RESTART.NONE]);
    main.outcome = OUTCOME.FAILED;
    main.restart = RESTART.STARTED;
    data.setBusy(1, true);
    expect([data.outcome, data.restart]).toEqual([OUTCOME.FAILED, RESTART.STARTED]);
    expect([main.isBusy(0), main.isBusy(1)]).toEqual([false, true]);
    main.setBusy(1, false);
    expect(data.isBusy(1)).toBe(false);
    expect(data.outcome).toBe(OUTCOME.FAILED);
  });
});
