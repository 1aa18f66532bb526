import { describe, expect, test } from "bun:test";
import { SPLICE_LENGTH_MIN } from "../../src/batch/send-windows.ts";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { TAG, TEXT_LENGTH_MAX, V1Replies } from "../../src/protocol/v1-replies.ts";
import { SendFixture, WINDOW_SIZE } from "../support/send-fixture.ts";
import { reply, show } from "../support/v1-frames.ts";

const CONNECTION = 1;
const FENCE = 0xee;

class Fixture extends SendFixture {
  readonly replies: V1Replies;
  readonly source = new ByteArea(new ArrayBuffer(100_000));

  constructor() {
    super(0, WINDOW_SIZE);
    this.sends.area.bytes.fill(FENCE);
    this.replies = new V1Replies(this.sends, this.memory.store);
  }

  text(tag: typeof TAG.PONG | typeof TAG.VALUE, text: string): boolean {
    this.source.bytes.write(text, 7, "latin1");
    return this.replies.text(CONNECTION, tag, this.source, 7, text.length);
  }

  /** The reply just written, and nothing behind it. */
  written(): string[] {
    const end = this.sends.ends[CONNECTION]!;
    expect(this.sends.area.bytes[end]).toBe(FENCE);
    this.sends.flush(CONNECTION);
    return show(Buffer.from(this.transport.take(CONNECTION), "latin1"));
  }

  /** Leaves so many bytes of the window, and a socket that takes nothing. */
  fillUp(left: number): void {
    this.transport.capacity = 0;
    this.sends.ends[CONNECTION]! += WINDOW_SIZE - left;
  }
}

describe("V1Replies", () => {
  test("write the two that have no text", () => {
    const fixture = new Fixture();
    fixture.replies.error(CONNECTION);
    expect(fixture.written()).toEqual(["000100"]);
    const next = new Fixture();
    next.replies.ok(CONNECTION);
    expect(next.written()).toEqual(["000101"]);
  });

  test.each([0, 1, 3, 63, 64, 255, 256, 300, 32764, 32765, 65500, 65531])(
    "write a text of %d bytes behind both its lengths",
    (length) => {
      const fixture = new Fixture();
      const text = Array.from({ length }, (_, i) => String.fromCharCode(i % 256)).join("");
      expect(fixture.text(TAG.PONG, text)).toBe(true);
      expect(fixture.written()).toEqual(show(reply.pong(text)));
    },
  );

  test("have a largest text, whose length is the largest that can be stated", () => {
    expect(reply.pong("p".repeat(TEXT_LENGTH_MAX)).readUInt16BE(0)).toBe(0xffff);
  });

  test.each([0, 1, 64, 1000, SPLICE_LENGTH_MIN - 1])(
    "copy an entry's value of %d bytes",
    (length) => {
      const fixture = new Fixture();
      const value = "v".repeat(length);
      fixture.memory.set("key", value);
      expect(fixture.replies.entryValue(CONNECTION, fixture.memory.find("key"))).toBe(true);
      expect(fixture.memory.store.pins.count).toBe(0);
      expect(fixture.written()).toEqual(show(reply.value(value)));
    },
  );

  test("copy the value of an entry that has a deadline", () => {
    const fixture = new Fixture();
    fixture.memory.set("key", "value", fixture.memory.nowMs + 1000);
    fixture.replies.entryValue(CONNECTION, fixture.memory.find("key"));
    expect(fixture.written()).toEqual(show(reply.value("value")));
  });

  test.each([SPLICE_LENGTH_MIN, SPLICE_LENGTH_MIN + 1, 65529])(
    "send an entry's value of %d bytes from where it lies",
    (length) => {
      const fixture = new Fixture();
      const value = "v".repeat(length);
      fixture.memory.set("key", value);
      expect(fixture.replies.entryValue(CONNECTION, fixture.memory.find("key"))).toBe(true);
      expect(fixture.memory.store.pins.count).toBe(1);
      expect(fixture.written()).toEqual(show(reply.value(value)));
      expect(fixture.memory.store.pins.count).toBe(0);
    },
  );

  test("let a text be composed in place", () => {
    const fixture = new Fixture();
    const offset = fixture.replies.beginText(CONNECTION, 100);
    fixture.sends.area.bytes.write("shorter", offset, "latin1");
    fixture.replies.finishText(CONNECTION, TAG.KEYS, offset, 7);
    expect(fixture.written()).toEqual(show(reply.keys("shorter")));
  });

  describe("when there is no room", () => {
    const attempts: readonly (readonly [string, number, (fixture: Fixture) => boolean])[] = [
      ["an error", 3, ({ replies }) => replies.error(CONNECTION)],
      ["an OK", 3, ({ replies }) => replies.ok(CONNECTION)],
      ["a text", 9, (fixture) => fixture.text(TAG.VALUE, "text")],
      [
        "a value",
        10,
        (fixture) => {
          fixture.memory.set("key", "value");
          return fixture.replies.entryValue(CONNECTION, fixture.memory.find("key"));
        },
      ],
      ["a text in place", 105, ({ replies }) => replies.beginText(CONNECTION, 100) >= 0],
      ["a promise of room", 105, ({ replies }) => replies.hasRoomForText(CONNECTION, 100)],
    ];

    test.each(attempts)(
      "%s writes nothing and says so, and fits exactly",
      (_name, length, attempt) => {
        const fixture = new Fixture();
        fixture.fillUp(length - 1);
        const end = fixture.sends.ends[CONNECTION]!;
        expect(attempt(fixture)).toBe(false);
        expect(fixture.sends.ends[CONNECTION]).toBe(end);
        expect(fixture.sends.area.bytes[end]).toBe(FENCE);
        const exact = new Fixture();
        exact.fillUp(length);
        expect(attempt(exact)).toBe(true);
      },
    );

    test("a long value pins nothing, with or without the room for its header", () => {
      for (const left of [0, 4]) {
        const fixture = new Fixture();
        fixture.memory.set("key", "v".repeat(SPLICE_LENGTH_MIN));
        fixture.fillUp(left);
        expect(fixture.replies.hasRoomForText(CONNECTION, SPLICE_LENGTH_MIN)).toBe(false);
        const reference = fixture.memory.find("key");
        expect(fixture.replies.entryValue(CONNECTION, reference)).toBe(false);
        expect(fixture.memory.store.pins.count).toBe(0);
      }
    });

    test("a long value needs room for its header alone", () => {
      const fixture = new Fixture();
      fixture.memory.set("key", "v".repeat(SPLICE_LENGTH_MIN));
      fixture.fillUp(5);
      expect(fixture.replies.hasRoomForText(CONNECTION, SPLICE_LENGTH_MIN)).toBe(true);
      expect(fixture.replies.entryValue(CONNECTION, fixture.memory.find("key"))).toBe(true);
    });
  });
});
