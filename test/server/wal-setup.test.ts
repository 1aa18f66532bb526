import { describe, expect, test } from "bun:test";
import { connectRings, type WalSetup } from "../../src/server/wal-setup.ts";
import { JournalShare } from "../../src/wal/journal-share.ts";
import { reserveWalBuffer } from "../../src/wal/wal-buffer.ts";
import { WalConsumer } from "../../src/wal/wal-consumer.ts";
import { WalDoorbell } from "../../src/wal/wal-control.ts";
import { appendSet, setRecordSize } from "../support/wal-records.ts";

const SIZE = setRecordSize("a", "1");

function setUp(threadCount: number) {
  const buffers = [0, 1, 2].map(() => reserveWalBuffer(4096));
  const doorbells = [new WalDoorbell(), new WalDoorbell()];
  const journalShare = threadCount === 1 ? null : JournalShare.reserve(threadCount);
  const setup = {
    buffers,
    doorbells: doorbells.map(({ buffer }) => buffer),
    journalShare,
  } as unknown as WalSetup;
  return { setup, buffers, doorbells };
}

describe("connectRings", () => {
  test("gives the only thread rings of its own, and each the doorbell of its WAL thread", () => {
    const { setup, buffers, doorbells } = setUp(1);
    const { producers, share } = connectRings(setup, 0);
    expect(share).toBeNull();
    for (const [partition, producer] of producers.entries()) {
      const consumer = new WalConsumer(buffers[partition]!);
      consumer.restart(0);
      consumer.setWakeCount(1);
      const woken: boolean[] = [];
      doorbells[partition % 2]!.sleep(() => {
        appendSet(producer, "a", "1");
        producer.publish();
        woken.push(doorbells[partition % 2]!.words[0] === 0);
        return 0;
      });
      expect(woken).toEqual([true]);
    }
  });

  test("joins threads where the first has begun", () => {
    const { setup } = setUp(2);
    const [one, other] = [connectRings(setup, 0), connectRings(setup, 1)];
    expect([one.share!.index, other.share!.index]).toEqual([0, 1]);
    for (const producer of one.producers) producer.restart(800);
    appendSet(one.producers[2]!, "a", "1");
    // One that comes later changes nothing.
    const late = connectRings(setup, 1);
    expect(late.producers.map((producer) => producer.position())).toEqual([800, 800, 800 + SIZE]);
    expect(other.producers[2]!.position()).toBe(800 + SIZE);
  });
});
