import { describe, expect, test } from "bun:test";
import { JournalShare } from "../../src/wal/journal-share.ts";

function createPair(): [JournalShare, JournalShare] {
  const buffer = JournalShare.reserve(2);
  return [new JournalShare(buffer, 0), new JournalShare(buffer, 1)];
}

describe("JournalShare", () => {
  test("knows how many threads it is for, and refuses others", () => {
    const buffer = JournalShare.reserve(3);
    expect(new JournalShare(buffer, 2).threadCount).toBe(3);
    expect(() => new JournalShare(buffer, 3)).toThrow("one of those that share");
  });

  test("says that somebody waits until nobody does, and counts how often that was", () => {
    const [one, other] = createPair();
    one.raise();
    other.raise();
    one.lower();
    expect([one.isWaiting, one.drainCount]).toEqual([true, 0]);
    other.lower();
    expect([one.isWaiting, one.drainCount]).toEqual([false, 1]);
  });

  test("gives every group of an epoch an id of its own, and those of the next larger ones", () => {
    const [one, other] = createPair();
    one.beginEpoch(7);
    expect(other.epoch).toBe(7);
    const ids = [one.takeGroupId(), other.takeGroupId(), one.takeGroupId()];
    expect(ids).toEqual([7 * 2 ** 32 + 1, 7 * 2 ** 32 + 2, 7 * 2 ** 32 + 3]);
    other.beginEpoch(8);
    expect(one.takeGroupId()).toBe(8 * 2 ** 32 + 1);
  });

  test("tells all why the log is suspended", () => {
    const [one, other] = createPair();
    expect(other.suspendedBy).toBe(0);
    one.suspendedBy = 3;
    expect(other.suspendedBy).toBe(3);
  });

  test("has one thread say that the log has failed, once for each failure", () => {
    const [one, other] = createPair();
    expect([other.noteFailure(), one.noteFailure(), other.noteFailure()]).toEqual([
      true,
      false,
      false,
    ]);
    one.forgetFailure();
    expect([one.noteFailure(), other.noteFailure()]).toEqual([true, false]);
  });

  test("adds up what the threads have recorded", () => {
    const [one, other] = createPair();
    one.recordCount = 2 ** 40;
    other.recordCount = 5;
    expect(one.totalRecordCount).toBe(2 ** 40 + 5);
  });
});
