import { expect, test } from "bun:test";
import { SPLICE_LENGTH_MIN, SendWindows } from "../../src/batch/send-windows.ts";
import { AREA, Collection, FIRST_HOME } from "../../src/shard/collection.ts";
import { createDelivery } from "../../src/shard/delivery.ts";
import { OWN_WINDOW_COUNT, createOwnReplies } from "../../src/shard/own-replies.ts";
import { Splices } from "../../src/shard/splices.ts";
import { LIMIT, SendFixture, WINDOW_SIZE } from "../support/send-fixture.ts";

const CLIENT = 0;
const FIRST = 1;

function setUp(limitBytes = LIMIT) {
  const { memory, transport } = new SendFixture();
  const connectionCount = FIRST + OWN_WINDOW_COUNT;
  const options = { connectionCount, windowSizeBytes: WINDOW_SIZE, spareCount: 2, limitBytes };
  const sends = new SendWindows(options, memory.store, transport);
  for (let i = 0; i < connectionCount; i++) sends.open(i);
  const own = createOwnReplies(sends, new Splices(sends, memory.store), FIRST);
  const flags = new Uint8Array(connectionCount);
  const delivery = createDelivery({ sends, own, flags, windowSizeBytes: WINDOW_SIZE });
  const collection = new Collection();
  collection.begin(CLIENT, true);
  const reply = (text: string, mayBeLong = false): number => {
    const window = own.windowFor(mayBeLong);
    const begin = sends.ends[window]!;
    sends.area.bytes.write(text, begin, "latin1");
    sends.ends[window] = begin + text.length;
    own.keep(window, collection);
    return window;
  };
  const delivered = (): string => {
    while (collection.isHeadReady) delivery.append(collection);
    sends.flush(CLIENT);
    return transport.take(CLIENT);
  };
  return { sends, delivery, collection, reply, delivered };
}

test("replies stay where they were written, and leave in order", () => {
  const { collection, reply, delivered } = setUp();
  expect([reply("one"), reply("two, longer than a word"), reply("x".repeat(100))]).toEqual([
    FIRST + 1,
    FIRST + 1,
    FIRST + 1,
  ]);
  expect([collection.count, collection.slots[0]]).toEqual([1, FIRST_HOME + 1]);
  expect(delivered()).toBe(`onetwo, longer than a word${"x".repeat(100)}`);
});

test("what may be long is copied out, and its window is empty again", () => {
  const { sends, collection, reply, delivered } = setUp();
  const begin = sends.ends[FIRST];
  expect(reply("a".repeat(50_000), true)).toBe(FIRST);
  expect([sends.ends[FIRST], collection.slots[0]]).toEqual([begin, AREA]);
  expect(delivered()).toBe("a".repeat(50_000));
});

test("windows are filled one after the other, and begin again when all of them has gone", () => {
  const { reply, delivered } = setUp();
  const text = "t".repeat(SPLICE_LENGTH_MIN - 1);
  const used = Array.from({ length: 20 }, () => reply(text) - FIRST);
  // Window 0 takes what the others have no room for.
  expect(new Set(used)).toEqual(new Set([1, 2, 3, 4, 0]));
  expect(used.slice(-2)).toEqual([0, 0]);
  expect(delivered()).toBe(text.repeat(20));
  expect(reply("next") - FIRST).not.toBe(0);
  expect(delivered()).toBe("next");
});

test("no window takes what its limit of unsent bytes would stop", () => {
  const { reply } = setUp(SPLICE_LENGTH_MIN);
  expect(reply("short")).toBe(FIRST);
});
