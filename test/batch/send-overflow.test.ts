// Replies that must be taken whatever room there is: in the window, in a spare one, or in memory of
// its own, in order with what else is written and with values sent from where they lie.

import { describe, expect, test } from "bun:test";
import { FLUSH, SPLICE_LENGTH_MIN } from "../../src/batch/send-windows.ts";
import { tries } from "../support/effort.ts";
import { Random } from "../support/random.ts";
import { LIMIT, SendFixture, WINDOW_SIZE } from "../support/send-fixture.ts";

describe("SendWindows with replies that have to find room", () => {
  const full = "f".repeat(WINDOW_SIZE - 3);
  /** Of the regions that the last write was offered. */
  const ownAreas = ({ sends, transport }: SendFixture) =>
    new Set(transport.lastRegions.map(({ area }) => area)).difference(new Set([sends.area]));

  /** Another client comes, and has as much to read. */
  function reopen(fixture: SendFixture): void {
    fixture.sends.close(0);
    fixture.sends.open(0);
    fixture.append(full);
    fixture.append("more");
    fixture.drain(() => Infinity);
  }

  test("write them to the window as long as it has room", () => {
    const fixture = new SendFixture();
    fixture.append(full);
    fixture.append("abc");
    expect(fixture.flushed()).toBe(`${full}abc`);
    expect(fixture.transport.vectoredCount).toBe(0);
  });

  test("have the window sent first, and then begin at its front", () => {
    const fixture = new SendFixture(0);
    fixture.append(full);
    fixture.append("abcd");
    expect(fixture.transport.take(0)).toBe(full);
    expect(fixture.flushed()).toBe("abcd");
    expect(fixture.transport.vectoredCount).toBe(0);
  });

  test("take a spare window while there is one", () => {
    const fixture = new SendFixture(1);
    fixture.transport.capacity = 0;
    fixture.append(full);
    fixture.append("abcd");
    expect(fixture.sends.spareTakenCount).toBe(1);
    expect(fixture.drain(() => Infinity)).toBe(`${full}abcd`);
    expect(ownAreas(fixture).size).toBe(0);
  });

  test("write them to one memory of its own then, which goes when all is sent", () => {
    const fixture = new SendFixture(0);
    fixture.transport.capacity = 0;
    fixture.append(full);
    let expected = full;
    for (let i = 0; i < 1000; i++) {
      fixture.append(`<${i}>`);
      expected += `<${i}>`;
    }
    expect(fixture.sends.unsentBytes(0)).toBe(expected.length);
    expect(fixture.drain(() => Infinity)).toBe(expected);
    expect(fixture.transport.lastRegions).toHaveLength(2);
    const [area] = ownAreas(fixture);
    expect(area!.length).toBe(WINDOW_SIZE);
    fixture.append("next");
    expect(fixture.sends.unsentBytes(0)).toBe(4);
    expect(fixture.flushed()).toBe("next");
    for (const end of [() => fixture.drain(() => Infinity), () => reopen(fixture)]) {
      const before = ownAreas(fixture);
      fixture.transport.capacity = 0;
      fixture.append(full);
      fixture.append("more");
      end();
      expect(ownAreas(fixture).isDisjointFrom(before)).toBe(true);
    }
  });

  test("go on in another when the first is full", () => {
    const fixture = new SendFixture(0);
    fixture.transport.capacity = 0;
    const text = "t".repeat(40_000);
    for (let i = 0; i < 4; i++) fixture.append(`${i}${text}`);
    expect(fixture.drain(() => Infinity)).toBe(`0${text}1${text}2${text}3${text}`);
    expect(ownAreas(fixture).size).toBe(3);
  });

  test("have memory of its own for one that is longer than a window, behind the others", () => {
    const fixture = new SendFixture();
    const long = "l".repeat(3 * WINDOW_SIZE);
    fixture.append("before ");
    fixture.append(long);
    fixture.append(" behind");
    expect(fixture.sends.unsentBytes(0)).toBe(long.length + 14);
    expect(fixture.flushed()).toBe(`before ${long} behind`);
    expect(fixture.transport.lastRegions.map(({ length }) => length)).toEqual([7, long.length, 7]);
  });

  test("take no more memory for the few bytes between values than for the bytes", () => {
    const fixture = new SendFixture(0);
    const value = "v".repeat(SPLICE_LENGTH_MIN);
    fixture.memory.set("long", value);
    fixture.transport.capacity = 0;
    fixture.append("f".repeat(WINDOW_SIZE));
    const between = Array.from({ length: 100 }, (_, i) => `[${i}]`);
    for (const text of between) {
      fixture.append(text);
      fixture.sends.splice(0, fixture.memory.find("long"));
    }
    const expected = between.map((text) => text + value).join("");
    expect(fixture.drain(() => Infinity).slice(WINDOW_SIZE) === expected).toBe(true);
    const { store } = fixture.memory;
    const areas = ownAreas(fixture);
    areas.delete(store.area(fixture.memory.find("long")));
    expect([...areas].map(({ length }) => length)).toEqual([WINDOW_SIZE]);
  });

  test("never write over what is under way", () => {
    const fixture = new SendFixture(0);
    const { sends, transport } = fixture;
    transport.isDeferred = true;
    fixture.append(full);
    fixture.append("first of its own");
    expect(sends.isUnderWay(0)).toBe(true);
    fixture.append(", second");
    transport.capacity = WINDOW_SIZE - 100;
    sends.completed(0, transport.finished());
    expect(sends.flush(0)).toBe(FLUSH.STARTED);
    fixture.append(", third");
    transport.capacity = 110;
    expect(sends.completed(0, transport.finished())).toBe(FLUSH.PARTIAL);
    sends.flush(0);
    fixture.append(", fourth");
    transport.capacity = Infinity;
    sends.completed(0, transport.finished());
    sends.flush(0);
    expect(sends.completed(0, transport.finished())).toBe(FLUSH.SENT);
    expect(transport.take(0)).toBe(`${full}first of its own, second, third, fourth`);
  });

  test("begin below the limit only, whatever it takes then", () => {
    const fixture = new SendFixture(0, 100);
    fixture.transport.capacity = 0;
    fixture.append("x".repeat(99));
    expect(fixture.sends.canBegin(0)).toBe(true);
    fixture.append("y".repeat(500_000));
    expect(fixture.sends.canBegin(0)).toBe(false);
    fixture.transport.capacity = 500_098;
    // The socket did not take all, so the client is slow: it goes on when the server is told so.
    expect(fixture.sends.canBegin(0)).toBe(false);
    expect(fixture.sends.canBegin(0)).toBe(true);
  });

  test("lose nothing of one connection when another closes", () => {
    const fixture = new SendFixture(0);
    fixture.transport.capacity = 0;
    for (const connection of [0, 1]) fixture.append("x".repeat(100_000), connection);
    fixture.sends.close(0);
    fixture.sends.open(0);
    fixture.append("again");
    expect(fixture.drain(() => Infinity, 0)).toBe("again");
    expect(fixture.drain(() => Infinity, 1)).toBe("x".repeat(100_000));
  });

  test("are never too many for it, while canBegin says when to stop", () => {
    const fixture = new SendFixture(0);
    fixture.transport.capacity = 0;
    let text = "";
    while (fixture.sends.canBegin(0)) {
      fixture.append("r".repeat(1000));
      text += "r".repeat(1000);
    }
    expect(text.length).toBeWithin(LIMIT, LIMIT + 1000);
    // A reply that has begun goes on.
    for (let i = 0; i < 100; i++) {
      fixture.append("s".repeat(777));
      text += "s".repeat(777);
    }
    expect(fixture.sends.unsentBytes(0)).toBe(text.length);
    expect(fixture.sends.canBegin(0)).toBe(false);
    expect(fixture.drain(() => Infinity)).toBe(text);
    expect(fixture.sends.canBegin(0)).toBe(true);
  });

  test("are kept from the caller, who writes over his", () => {
    const fixture = new SendFixture();
    const bytes = Buffer.alloc(2 * WINDOW_SIZE, "a");
    fixture.sends.append(0, bytes);
    bytes.fill("b");
    expect(fixture.drain(() => Infinity)).toBe("a".repeat(2 * WINDOW_SIZE));
  });

  test("give everything back when the connection closes", () => {
    const fixture = new SendFixture();
    fixture.transport.capacity = 10;
    fixture.memory.set("k", "v".repeat(SPLICE_LENGTH_MIN));
    for (let i = 0; i < 5; i++) {
      fixture.append("x".repeat(WINDOW_SIZE - 100));
      fixture.sends.splice(0, fixture.memory.find("k"));
    }
    fixture.sends.close(0);
    expect(fixture.memory.store.pins.count).toBe(0);
    expect(fixture.sends.unsentBytes(0)).toBe(0);
    fixture.sends.open(0);
    fixture.transport.take(0);
    fixture.append("next");
    expect(fixture.drain(() => Infinity)).toBe("next");
  });

  test("lose, change or double no byte among windows and values, under way or not", () => {
    for (let seed = 0; seed < tries(25); seed++) {
      const random = new Random(seed);
      const fixture = new SendFixture(random.below(3), 200_000);
      const { sends, transport, memory } = fixture;
      transport.isDeferred = random.oneIn(2);
      const long = "L".repeat(SPLICE_LENGTH_MIN + random.below(100));
      memory.set("long", long);
      let [written, arrived] = ["", ""];
      const complete = () => {
        if (sends.isUnderWay(0)) sends.completed(0, transport.finished());
        arrived += transport.take(0);
      };
      for (let step = 0; step < 200; step++) {
        transport.capacity = random.pick([0, 0, 1, 3000, 70_000, Infinity]);
        const letter = String.fromCharCode(97 + (step % 26));
        const text = letter.repeat(random.pick([1, 10, 5000, 40_000, 66_000]));
        if (sends.canBegin(0)) {
          for (let part = random.below(4); part >= 0; part--) {
            fixture.append(text);
            written += text;
            if (!random.oneIn(3)) continue;
            sends.splice(0, memory.find("long"));
            written += long;
          }
        } else if (random.oneIn(3) && fixture.write(text.slice(0, 100))) {
          written += text.slice(0, 100);
        }
        if (random.oneIn(2)) sends.flush(0);
        if (random.oneIn(2)) complete();
      }
      transport.capacity = Infinity;
      while (sends.unsentBytes(0) > 0 || sends.isUnderWay(0)) {
        sends.flush(0);
        complete();
      }
      arrived += transport.take(0);
      expect([seed, arrived.length, arrived === written]).toEqual([seed, written.length, true]);
      expect(memory.store.pins.count).toBe(0);
    }
  });
});
