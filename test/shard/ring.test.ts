import { expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { RingReader, RingWriter, reserveRing } from "../../src/shard/ring.ts";
import { Random } from "../support/random.ts";

const AREA_SIZE = 4096;

function openRing(size: number) {
  const buffer = reserveRing(size);
  return { writer: new RingWriter(buffer), reader: new RingReader(buffer) };
}

function areaOf(text: string): ByteArea {
  const area = new ByteArea(new ArrayBuffer(AREA_SIZE));
  area.bytes.write(text, "latin1");
  return area;
}

/** A text, up to whole words. */
function write(writer: RingWriter, text: string): void {
  writer.copyFrom(areaOf(text), 0, text.length, writer.head);
  writer.head = (writer.head + ((text.length + 3) & ~3)) | 0;
}

function readAll(reader: RingReader, lengthMax = Infinity): string {
  const length = Math.min(lengthMax, (reader.published - reader.position) | 0);
  const area = areaOf("");
  reader.copyTo(area, 0, length, reader.position);
  reader.position = (reader.position + length) | 0;
  return area.bytes.toString("latin1", 0, length);
}

test("nothing is seen before it is published, and then all of it", () => {
  const { writer, reader } = openRing(256);
  write(writer, "one.");
  write(writer, "second..");
  expect(reader.hasMore()).toBe(false);
  reader.refresh();
  expect(readAll(reader)).toBe("");

  expect(writer.publish()).toBe(true);
  expect(writer.publish()).toBe(false);
  expect(reader.hasMore()).toBe(true);
  reader.refresh();
  expect(readAll(reader)).toBe("one.second..");
  expect(reader.hasMore()).toBe(false);
});

test("words that are written in place lie where bytes are read", () => {
  const { writer, reader } = openRing(64);
  writer.words[0] = 0x64636261;
  writer.head += 4;
  writer.publish();
  reader.refresh();
  expect(reader.words[0]).toBe(0x64636261);
  expect(readAll(reader)).toBe("abcd");
});

test("room is there again when it is given back, and not before", () => {
  const { writer, reader } = openRing(64);
  write(writer, "x".repeat(64));
  writer.publish();
  expect(writer.hasRoom(4)).toBe(false);
  reader.refresh();
  readAll(reader);
  expect(writer.hasRoom(4)).toBe(false);
  expect(reader.release()).toBe(false);
  expect(writer.usedBytes()).toBe(0);
  expect(writer.hasRoom(64)).toBe(true);
  expect(writer.hasRoom(68)).toBe(false);
});

test("who waits for room hears of it once", () => {
  const { writer, reader } = openRing(64);
  write(writer, "1234");
  writer.publish();
  writer.awaitRoom();
  reader.refresh();
  expect(reader.release()).toBe(false);
  readAll(reader);
  expect(reader.release()).toBe(true);
  write(writer, "5678");
  writer.publish();
  reader.refresh();
  readAll(reader);
  expect(reader.release()).toBe(false);
});

test("any history arrives as it was sent, whatever wraps around", () => {
  const seed = 7;
  for (const size of [64, 128, 1024]) {
    const random = new Random(seed + size);
    const { writer, reader } = openRing(size);
    let sent = "";
    let taken = "";
    for (let step = 0; step < 3000; step++) {
      const text = random.text(4 * random.below(size / 4 + 1));
      if (writer.hasRoom(text.length)) {
        write(writer, text);
        sent += text;
      }
      if (random.oneIn(2)) writer.publish();
      if (random.oneIn(2)) reader.refresh();
      taken += readAll(reader, 4 * random.below(size / 4 + 1));
      if (random.oneIn(3)) reader.release();
    }
    writer.publish();
    reader.refresh();
    taken += readAll(reader);
    expect(taken === sent, `size ${size}, seed ${seed}`).toBe(true);
    expect(sent.length).toBeGreaterThan(100 * size);
  }
});

test("positions go on when they have been counted through", () => {
  const buffer = reserveRing(64);
  // The words of PUBLISHED and RELEASED, 16 bytes before the end of 32 bits.
  const words = new Int32Array(buffer);
  words[0] = -16;
  words[16] = -16;
  const writer = new RingWriter(buffer);
  const reader = new RingReader(buffer);
  for (let i = 0; i < 8; i++) {
    const text = `${i}`.repeat(36);
    expect(writer.hasRoom(text.length)).toBe(true);
    write(writer, text);
    writer.publish();
    expect(writer.usedBytes()).toBe(text.length);
    reader.refresh();
    expect(readAll(reader)).toBe(text);
    reader.release();
  }
});

test("a writer goes back to the front when all is read, and nothing is lost or read twice", () => {
  const seed = 3;
  const random = new Random(seed);
  const { writer, reader } = openRing(2 ** 18);
  let sent = "";
  let taken = "";
  let backCount = 0;
  let frontmost = 0;
  for (let step = 0; step < 2000; step++) {
    writer.rewind();
    const offset = writer.head & (writer.size - 1);
    if (offset < frontmost) backCount++;
    frontmost = offset;
    for (let count = random.below(4); count > 0; count--) {
      const text = random.text(4 * random.below(AREA_SIZE / 4));
      expect(writer.hasRoom(text.length), `seed ${seed}`).toBe(true);
      write(writer, text);
      sent += text;
    }
    writer.publish();
    if (random.oneIn(3)) continue;
    reader.refresh();
    while (reader.position !== reader.published) taken += readAll(reader, AREA_SIZE);
    reader.release();
  }
  reader.refresh();
  while (reader.position !== reader.published) taken += readAll(reader, AREA_SIZE);
  expect(taken === sent, `seed ${seed}`).toBe(true);
  // Four times as often as it comes to the end.
  expect(backCount).toBeGreaterThan(sent.length / 2 ** 17);
});
