// Replies of any length behind the short ones, whatever the socket takes and whenever.

import { describe, expect, test } from "bun:test";
import { FLUSH, SPLICE_LENGTH_MIN, SendWindows } from "../../src/batch/send-windows.ts";
import { Random } from "../support/random.ts";
import { StoreFixture } from "../support/store-fixture.ts";
import { TestTransport } from "../support/test-transport.ts";

const KIB = 1024;
const WINDOW_SIZE = 4 * KIB;
const LIMIT = 32 * KIB;

class Fixture {
  readonly memory = new StoreFixture({ sizeBytes: 16 * KIB * KIB });
  readonly transport = new TestTransport();
  readonly sends: SendWindows;

  constructor(spareCount = 2) {
    this.sends = new SendWindows(
      { connectionCount: 2, windowSizeBytes: WINDOW_SIZE, spareCount, limitBytes: LIMIT },
      this.memory.store,
      this.transport,
    );
    this.sends.open(0);
  }

  append(text: string): void {
    this.sends.append(0, Buffer.from(text, "latin1"));
  }

  /** As the short ways write: only where there is room in the window. */
  writeShort(text: string): boolean {
    const position = this.sends.ends[0]!;
    if (position + text.length > this.sends.limits[0]!) return false;
    this.sends.area.bytes.write(text, position, "latin1");
    this.sends.ends[0] = position + text.length;
    return true;
  }

  splice(key: string): void {
    this.sends.splice(0, this.memory.find(key));
  }

  /** A completion of what is under way, or a flush. */
  move(): void {
    if (this.sends.isUnderWay(0)) this.sends.completed(0, this.transport.finished());
    else this.sends.flush(0);
  }

  drainAll(): string {
    this.transport.capacity = Infinity;
    while (this.sends.unsentBytes(0) > 0 || this.sends.isUnderWay(0)) this.move();
    return this.transport.take(0);
  }
}

describe("append", () => {
  test("writes to the window while there is room, and leaves as one write", () => {
    const fixture = new Fixture();
    fixture.append("one ");
    fixture.append("two");
    expect(fixture.sends.flush(0)).toBe(FLUSH.SENT);
    expect(fixture.transport.take(0)).toBe("one two");
    expect(fixture.transport.vectoredCount).toBe(0);
    expect(fixture.sends.spareTakenCount).toBe(0);
  });

  test("takes what is longer than a window, and what follows it", () => {
    const fixture = new Fixture();
    const long = new Random(1).text(3 * WINDOW_SIZE + 5);
    fixture.append("before ");
    fixture.append(long);
    fixture.append(" after");
    expect(fixture.drainAll()).toBe(`before ${long} after`);
  });

  test("never fails, however much is unsent, while canBegin says when to stop", () => {
    const fixture = new Fixture(0);
    fixture.transport.capacity = 0;
    let text = "";
    while (fixture.sends.canBegin(0)) {
      const reply = "r".repeat(1000);
      fixture.append(reply);
      text += reply;
    }
    expect(text.length).toBeGreaterThanOrEqual(LIMIT);
    expect(text.length).toBeLessThan(LIMIT + 1000);
    // A reply that has begun goes on.
    for (let i = 0; i < 100; i++) {
      fixture.append("s".repeat(777));
      text += "s".repeat(777);
    }
    expect(fixture.sends.unsentBytes(0)).toBe(text.length);
    expect(fixture.sends.canBegin(0)).toBe(false);
    expect(fixture.drainAll()).toBe(text);
    expect(fixture.sends.canBegin(0)).toBe(true);
  });

  test("fills memory of its own before it takes more", () => {
    const fixture = new Fixture(0);
    fixture.transport.capacity = 0;
    for (let i = 0; i < 8; i++) fixture.append("x".repeat(WINDOW_SIZE / 4));
    fixture.sends.flush(0);
    // The window, and one memory as long as a window.
    expect(fixture.transport.lastRegions.map(({ length }) => length)).toEqual([
      WINDOW_SIZE,
      WINDOW_SIZE,
    ]);
    expect(fixture.drainAll()).toHaveLength(2 * WINDOW_SIZE);
  });

  test("keeps its bytes from the caller, who writes over his", () => {
    const fixture = new Fixture();
    const bytes = Buffer.alloc(2 * WINDOW_SIZE, "a");
    fixture.sends.append(0, bytes);
    bytes.fill("b");
    expect(fixture.drainAll()).toBe("a".repeat(2 * WINDOW_SIZE));
  });

  test("gives everything back when the connection closes", () => {
    const fixture = new Fixture();
    fixture.transport.capacity = 10;
    fixture.memory.set("k", "v".repeat(SPLICE_LENGTH_MIN));
    for (let i = 0; i < 5; i++) {
      fixture.append("x".repeat(3 * KIB));
      fixture.splice("k");
    }
    fixture.sends.close(0);
    expect(fixture.memory.store.pins.count).toBe(0);
    expect(fixture.sends.unsentBytes(0)).toBe(0);
    fixture.sends.open(0);
    fixture.transport.take(0);
    fixture.append("next");
    expect(fixture.drainAll()).toBe("next");
  });
});

/** Everything mixed at random; what leaves must be what was written, in order. */
function runMixture(seed: number, isDeferred: boolean): void {
  const random = new Random(seed);
  const fixture = new Fixture(random.below(3));
  fixture.transport.isDeferred = isDeferred;
  fixture.transport.capacity = 0;
  const values = [SPLICE_LENGTH_MIN, 40_000, 250_000].map((length) => random.text(length));
  for (const [i, value] of values.entries()) fixture.memory.set(`${i}`, value);
  let expected = "";
  let sent = "";
  for (let step = 0; step < 300; step++) {
    const text = `${step}:`.padEnd(random.oneIn(20) ? random.below(10_000) : random.below(40), "x");
    const action = random.below(20);
    if (action < 8) {
      fixture.append(text);
      expected += text;
    } else if (action < 15) {
      if (fixture.writeShort(text)) expected += text;
    } else if (action === 15) {
      const which = random.below(values.length);
      fixture.splice(`${which}`);
      expected += values[which];
    } else if (action === 16) {
      fixture.sends.canBegin(0);
    } else {
      fixture.transport.capacity = random.pick([0, 1, 100, 5000, 200_000]);
      fixture.move();
    }
    sent += fixture.transport.take(0);
  }
  sent += fixture.drainAll();
  if (sent !== expected) {
    const at = [...sent].findIndex((character, i) => character !== expected[i]);
    expect({ seed, isDeferred, at, length: sent.length }).toEqual({
      seed,
      isDeferred,
      at: -1,
      length: expected.length,
    });
  }
  expect(fixture.memory.store.pins.count).toBe(0);
}

describe("appended, short and spliced replies together", () => {
  test.each([false, true])("leave in order; writes under way: %p", (isDeferred) => {
    for (let seed = 0; seed < 60; seed++) runMixture(seed, isDeferred);
  });
});
