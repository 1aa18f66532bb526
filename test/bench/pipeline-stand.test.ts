import { describe, expect, test } from "bun:test";
import { PipelineStand, CONNECTION_COUNT } from "../../bench/pipeline-stand.ts";
import { REQUEST_KINDS, RequestStream } from "../../bench/request-stream.ts";
import { OPCODE } from "../../src/protocol/opcode.ts";

const KEY_COUNT = 100;
const DEPTH = 3;

describe("a data thread without sockets", () => {
  const stand = new PipelineStand(KEY_COUNT);
  const { executor, store, pipeline } = stand.thread;
  stand.fill(REQUEST_KINDS.set, KEY_COUNT);

  function openStream(): RequestStream {
    const stream = new RequestStream(REQUEST_KINDS.get, CONNECTION_COUNT * DEPTH);
    stream.shuffleKeys(KEY_COUNT);
    return stream;
  }

  test("has the keys it was filled with, and no others", () => {
    expect(store.keyCount).toBe(KEY_COUNT);
  });

  test("executes a turn of all connections in batches, and sends every reply", () => {
    const stream = openStream();
    const before = [executor.executedCounts[OPCODE.GET]!, executor.batchedCount];
    const { sentBytes, sendCount } = stand.engine;
    expect(stand.playTurn(stream, 0, DEPTH)).toBe(CONNECTION_COUNT * DEPTH);
    const after = [executor.executedCounts[OPCODE.GET]!, executor.batchedCount];
    expect(after.map((count, i) => count - before[i]!)).toEqual([150, 150]);
    expect(stand.engine.sendCount - sendCount).toBe(CONNECTION_COUNT);
    expect(stand.engine.sentBytes - sentBytes).toBe(150 * (5 + 32));
  });

  test("executes the same one by one", () => {
    const stream = openStream();
    const before = [executor.executedCounts[OPCODE.GET]!, executor.singleCount];
    const { turnCount } = pipeline.turn;
    expect(stand.playOneByOne(stream, 0, DEPTH)).toBe(CONNECTION_COUNT * DEPTH);
    const after = [executor.executedCounts[OPCODE.GET]!, executor.singleCount];
    expect(after.map((count, i) => count - before[i]!)).toEqual([150, 150]);
    expect(pipeline.turn.turnCount - turnCount).toBe(150);
  });

  test("has no miss among the keys of a stream", () => {
    expect(stand.thread.info()).toContain("\nmisses:0\n");
  });
});

test("the same with a log records every write, round after round of its ring", () => {
  const stand = new PipelineStand(KEY_COUNT, { isLogged: true });
  stand.fill(REQUEST_KINDS.set, KEY_COUNT);
  const { journal } = stand.thread.durability!;
  const before = journal.recordCount();
  const stream = new RequestStream(REQUEST_KINDS.set, CONNECTION_COUNT * 128);
  stream.shuffleKeys(KEY_COUNT);
  const roundCount = 2 * Math.ceil(journal.producers[0]!.size / (stream.count * 72));
  for (let i = 0; i < roundCount; i++) stand.playTurn(stream, 0, 128);
  expect(journal.recordCount() - before).toBe(roundCount * stream.count);
  expect(journal.producers[0]!.room()).toBe(journal.producers[0]!.size);
});
