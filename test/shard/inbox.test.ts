// The rows that an origin sends (outbox.ts), as they arrive in the batch of their owner.

import { expect, test } from "bun:test";
import { BATCH_CAPACITY, Batch } from "../../src/batch/batch.ts";
import { CONNECTION } from "../../src/batch/connection-flag.ts";
import { ReceiveWindows } from "../../src/batch/receive-windows.ts";
import { OPCODE } from "../../src/protocol/opcode.ts";
import { PART, RESP_OPCODE } from "../../src/protocol/resp-opcode.ts";
import { Collection } from "../../src/shard/collection.ts";
import { createInbox } from "../../src/shard/inbox.ts";
import { createOutbox } from "../../src/shard/outbox.ts";
import { LENGTH_MASK } from "../../src/shard/reply-bundle.ts";
import { requestSize } from "../../src/shard/request-record.ts";
import { RingReader, reserveRing } from "../../src/shard/ring.ts";
import { Splices } from "../../src/shard/splices.ts";
import { Random } from "../support/random.ts";
import { CONNECTION_COUNT, SendFixture, WINDOW_SIZE } from "../support/send-fixture.ts";

const RING_SIZE = 2 ** 18;
const ORIGIN = 0;
const OWNER = 1;
/** The virtual connection of the origin. */
const GUEST = 1;

interface Wanted {
  readonly opcode: number;
  readonly hash: number;
  readonly key: string;
  readonly value: string;
  readonly expiry: string;
}

function setUp() {
  const requests = reserveRing(RING_SIZE);
  const replies = reserveRing(RING_SIZE);
  const origin = { batch: new Batch(), windows: new ReceiveWindows(1, WINDOW_SIZE) };
  const originVersions = new Uint8Array(1);
  const outbox = createOutbox({
    ...origin,
    versions: originVersions,
    requests: [null, requests],
  });
  const { sends, memory } = new SendFixture();
  const batch = new Batch();
  const windows = new ReceiveWindows(CONNECTION_COUNT, WINDOW_SIZE);
  for (let i = 0; i < CONNECTION_COUNT; i++) windows.open(i);
  const flags = new Uint8Array(CONNECTION_COUNT);
  const versions = new Uint8Array(CONNECTION_COUNT);
  const taken: Wanted[] = [];
  const text = (offset: number, length: number): string =>
    windows.area.bytes.toString("latin1", offset, offset + length);
  const run = (): void => {
    for (let row = 0; row < batch.count; row++) {
      expect([batch.connections[row]!, batch.parts[row]!, batch.databases[row]!]).toEqual([
        GUEST,
        PART.ONLY,
        0,
      ]);
      taken.push({
        opcode: batch.opcodes[row]!,
        hash: batch.hashes[row]!,
        key: text(batch.keyOffsets[row]!, batch.keyLengths[row]!),
        value: text(batch.valueOffsets[row]!, batch.valueLengths[row]!),
        expiry: text(batch.expiryOffsets[row]!, batch.expiryLengths[row]!),
      });
    }
    batch.count = 0;
  };
  const host = {
    decode: (connection: number) => {
      while (!inbox.decode(connection)) run();
    },
    release: run,
    touch: () => {},
    unpark: () => {},
    requestTurn: () => {},
  };
  const splices = new Splices(sends, memory.store);
  const parts = { batch, windows, sends, splices, flags, versions, host };
  const inbox = createInbox({
    ...parts,
    requests: [requests, null],
    replies: [replies, null],
    first: GUEST,
  });
  return {
    origin,
    originVersions,
    outbox,
    inbox,
    batch,
    flags,
    versions,
    sends,
    taken,
    run,
    replies,
  };
}

function send(
  { origin, originVersions, outbox }: ReturnType<typeof setUp>,
  { opcode, hash, key, value, expiry }: Wanted,
  version = 2,
): void {
  const { batch, windows } = origin;
  const { bytes } = windows.area;
  bytes.write(key + value + expiry, 1, "latin1");
  batch.opcodes[0] = opcode;
  batch.keyOffsets[0] = 1;
  batch.keyLengths[0] = key.length;
  batch.valueOffsets[0] = 1 + key.length;
  batch.expiryOffsets[0] = 1 + key.length + value.length;
  const collection = new Collection();
  collection.begin(0, true);
  batch.valueLengths[0] = value.length;
  batch.expiryLengths[0] = expiry.length;
  originVersions[0] = version;
  outbox.hashes[0] = hash;
  outbox.send(OWNER, 0, outbox.sizeOf(0), collection, 0);
}

test("rows arrive as they were sent, whatever wraps around and is cut", () => {
  const seed = 11;
  const random = new Random(seed);
  const stand = setUp();
  const { outbox, inbox, taken, run } = stand;
  const sent: Wanted[] = [];
  for (let step = 0; step < 400; step++) {
    for (let count = random.below(2 * BATCH_CAPACITY); count > 0; count--) {
      const opcode = random.pick([OPCODE.SET, RESP_OPCODE.GET, OPCODE.INCRBY]);
      const valueLength = random.oneIn(40) ? random.below(50_000) : random.below(80);
      const wanted = {
        opcode,
        hash: random.word(),
        key: random.text(random.below(100)),
        value: opcode === RESP_OPCODE.GET ? "" : random.text(valueLength),
        expiry: opcode === OPCODE.SET ? random.text(random.below(32)) : "",
      };
      const { key, value, expiry } = wanted;
      if (!outbox.hasRoom(OWNER, requestSize(key.length, value.length, expiry.length))) break;
      send(stand, wanted);
      sent.push(wanted);
    }
    outbox.writers[OWNER]!.publish();
    inbox.drain(ORIGIN);
    run();
    while (outbox.outCount(OWNER) > 0) outbox.take(OWNER);
  }
  expect(Bun.deepEquals(taken, sent), `seed ${seed}`).toBe(true);
  expect(sent.length).toBeGreaterThan(5000);
});

const GET = { opcode: RESP_OPCODE.GET, hash: 1, key: "k", value: "", expiry: "" };

test("what is blocked stays where it is", () => {
  const stand = setUp();
  const { outbox, inbox, flags, batch } = stand;
  send(stand, GET);
  outbox.writers[OWNER]!.publish();
  flags[GUEST] = CONNECTION.BLOCKED;
  inbox.drain(ORIGIN);
  expect(batch.count).toBe(0);
  expect(inbox.wantsTurn(ORIGIN)).toBe(false);
  flags[GUEST] = 0;
  inbox.drain(ORIGIN);
  expect(batch.count).toBe(1);
});

test("replies of a turn are one bundle, each by the length that it has", () => {
  const stand = setUp();
  const { outbox, inbox, batch, versions, sends, replies } = stand;
  for (const version of [2, 3, 2]) send(stand, GET, version);
  outbox.writers[OWNER]!.publish();
  inbox.drain(ORIGIN);
  const texts = ["+one\r\n", "_\r\n", "$3\r\nfar\r\n"];
  const seen: number[] = [];
  for (let row = 0; row < batch.count; row++) {
    inbox.begin(row, GUEST);
    seen.push(versions[GUEST]!);
    const at = sends.ends[GUEST]!;
    sends.area.bytes.write(texts[row]!, at, "latin1");
    sends.ends[GUEST] = at + texts[row]!.length;
    expect(inbox.answer(row, GUEST, false)).toBe(true);
  }
  expect(seen).toEqual([2, 3, 2]);
  inbox.flush(ORIGIN);
  inbox.writers[ORIGIN]!.publish();
  const reader = new RingReader(replies);
  reader.refresh();
  const [count, size, ...rest] = reader.words.subarray(0, 5);
  expect([count, size]).toEqual([3, reader.published]);
  expect(rest.map((entry) => entry & LENGTH_MASK)).toEqual(texts.map(({ length }) => length));
  const text = texts.join("");
  expect(reader.area.bytes.toString("latin1", 20, 20 + text.length)).toBe(text);
  expect(sends.unsentBytes(GUEST)).toBe(0);
});
