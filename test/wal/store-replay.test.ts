import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { RECORD_KIND } from "../../src/wal/record.ts";
import { RECORD_STEP, RecordReader } from "../../src/wal/record-reader.ts";
import { MemoryFullError } from "../../src/wal/recovery-error.ts";
import { StoreReplay } from "../../src/wal/store-replay.ts";
import { tries } from "../support/effort.ts";
import { KeyspaceFixture } from "../support/keyspace-fixture.ts";
import { emptyChain } from "../../src/store/pieces.ts";
import { Random } from "../support/random.ts";
import { highWord, lowWord } from "../support/store-fixture.ts";
import { contentsOf, nameOf, scratchOf, textOf } from "../support/recovery-fixture.ts";
import { recordBytes, type RecordText } from "../support/wal-files.ts";

const { SET, DELETE } = RECORD_KIND;
const wordsOf = (ms: number) => ({ low: lowWord(ms), high: highWord(ms) });
const SEED = 0x5e77;
const MIB = 2 ** 20;

function makeReplay(sizeBytes = 64 * MIB) {
  const keyspace = new KeyspaceFixture({ sizeBytes });
  const replay = new StoreReplay(keyspace.store, scratchOf(keyspace), keyspace.clock);
  return { keyspace, replay };
}

function addAll(replay: StoreReplay, records: readonly RecordText[]): void {
  const area = new ByteArea(Uint8Array.from(Buffer.concat(records.map(recordBytes))).buffer);
  const reader = new RecordReader(area);
  reader.open(area, 0, area.length);
  while (reader.next() === RECORD_STEP.RECORD) replay.add(reader);
}

describe("StoreReplay", () => {
  test("sets and removes keys of any length in any database, in order", () => {
    for (let seed = SEED; seed < SEED + tries(2); seed++) {
      const random = new Random(seed);
      const { keyspace, replay } = makeReplay();
      const { now } = keyspace.clock;
      const expected = new Map<string, string>();
      const keys = Array.from({ length: 30 }, (_, i) =>
        random.text(i === 0 ? 0xffff : i === 1 ? 0 : random.below(random.pick([40, 3000]))),
      );
      for (let i = 0; i < 20; i++) {
        const records = Array.from({ length: random.between(1, 100) }, () => {
          const key = random.pick(keys);
          const database = random.below(16);
          const value = random.text(
            random.below(random.oneIn(100) ? 200_000 : random.pick([1, 30, 4100])),
          );
          const deadlineMs = random.oneIn(3) ? now + random.between(-5, 5) : 0;
          const isSet = !random.oneIn(4);
          const isThere = isSet && (deadlineMs === 0 || deadlineMs > now);
          if (isThere) expected.set(nameOf(database, key), textOf(value, deadlineMs));
          else expected.delete(nameOf(database, key));
          const record = { kind: SET, database, key, value, deadlineMs };
          return isSet ? record : { kind: DELETE, database, key };
        });
        addAll(replay, records);
        if (random.oneIn(2)) replay.settle();
      }
      replay.finish();
      expect({ seed, contents: contentsOf(keyspace) }).toEqual({ seed, contents: expected });
      expect(keyspace.store.database).toBe(0);
    }
  });

  test("needs a scratch that the store sees", () => {
    const { store, clock } = new KeyspaceFixture({ sizeBytes: 2 * MIB });
    const area = new ByteArea(new ArrayBuffer(2 ** 17));
    const scratch = { area, offset: 0, length: area.length };
    expect(() => new StoreReplay(store, scratch, clock)).toThrow("what the store takes keys from");
  });

  test("keeps nothing of a long value that has expired", () => {
    const { keyspace, replay } = makeReplay();
    const chain = emptyChain();
    replay.append(chain, Buffer.alloc(300_000));
    const { low, high } = wordsOf(keyspace.clock.now - 1);
    keyspace.set(2, "k", "old");
    replay.apply({
      index: 0,
      partition: 0,
      kind: SET,
      database: 2,
      key: Buffer.from("k"),
      value: chain,
      deadlineLow: low,
      deadlineHigh: high,
    });
    expect(keyspace.store.keyCount).toBe(0);
    expect(keyspace.store.memoryBytes().pieces).toBe(0);
  });

  test("does not act upon deadlines before it is finished", () => {
    const { keyspace, replay } = makeReplay();
    const { now } = keyspace.clock;
    addAll(replay, [{ kind: SET, key: "k", value: "v", deadlineMs: now + 10 }]);
    replay.settle();
    keyspace.clock.now = now + 20;
    expect(keyspace.store.nowMs).toBe(0);
    expect(keyspace.store.keyCount).toBe(1);
    replay.finish();
    expect(keyspace.store.nowMs).toBe(now + 20);
    expect(keyspace.get(0, "k")).toBeNull();
  });

  test("does not gather reminders of deadlines that were replaced", () => {
    const { keyspace, replay } = makeReplay();
    const { now } = keyspace.clock;
    for (let i = 0; i < 300; i++) {
      const records = Array.from({ length: 100 }, (_, j) => {
        return { kind: SET, key: `${j}`, value: "", deadlineMs: now + 1000 + i };
      });
      addAll(replay, records);
    }
    replay.finish();
    expect(replay.recordCount).toBe(30_000);
    expect(keyspace.store.expiry.pairCount).toBeLessThan(10_000);
    expect(keyspace.store.deadlineCount).toBe(100);
  });

  test("says when memory is full, whatever the value's length", () => {
    for (const length of [100, 5000, 300_000]) {
      const { keyspace, replay } = makeReplay(2 * MIB);
      const count = length > 100_000 ? 10 : 100;
      const records = Array.from({ length: count }, (_, i) => {
        return { kind: SET, database: 3, key: `${i}`, value: "x".repeat(length) };
      });
      expect(() => {
        for (let i = 0; i < 300; i++) {
          addAll(
            replay,
            records.map((record) => ({ ...record, key: `${i}:${record.key}` })),
          );
        }
      }).toThrow(MemoryFullError);
      expect(keyspace.store.database).toBe(0);
    }
  });
});
