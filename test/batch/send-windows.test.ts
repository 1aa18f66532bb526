import { describe, expect, test } from "bun:test";
import { FLUSH, SPLICE_LENGTH_MIN } from "../../src/batch/send-windows.ts";
import { tries } from "../support/effort.ts";
import { Random } from "../support/random.ts";
import { CONNECTION_COUNT, LIMIT, SendFixture, WINDOW_SIZE } from "../support/send-fixture.ts";

describe("SendWindows", () => {
  test("send what was written as one write, and begin again at the front", () => {
    const fixture = new SendFixture();
    const begin = fixture.sends.ends[1]!;
    fixture.write("one ", 1);
    fixture.write("two", 1);
    expect(fixture.sends.unsentBytes(1)).toBe(7);
    expect(fixture.flushed(1)).toBe("one two");
    expect(fixture.transport.sendCount).toBe(1);
    expect(fixture.sends.unsentBytes(1)).toBe(0);
    expect(fixture.sends.ends[1]).toBe(begin);
    expect(fixture.sends.writeCount).toBe(1);
  });

  test("ask nothing of the socket when there is nothing to send", () => {
    const fixture = new SendFixture();
    expect(fixture.flushed()).toBe("");
    expect(fixture.transport.sendCount).toBe(0);
  });

  test("keep the connections apart", () => {
    const fixture = new SendFixture();
    for (const connection of [0, 1, 2]) fixture.write(`for ${connection}`, connection);
    expect([2, 0, 1].map((connection) => fixture.flushed(connection))).toEqual([
      "for 2",
      "for 0",
      "for 1",
    ]);
  });

  describe("when the socket takes a part", () => {
    test("keep the rest, and add what comes behind it", () => {
      const fixture = new SendFixture();
      fixture.write("abcdef");
      fixture.transport.capacity = 2;
      expect(fixture.sends.flush(0)).toBe(FLUSH.PARTIAL);
      expect(fixture.sends.unsentBytes(0)).toBe(4);
      fixture.write("ghi");
      fixture.transport.capacity = 3;
      expect(fixture.sends.flush(0)).toBe(FLUSH.PARTIAL);
      fixture.transport.capacity = Infinity;
      expect(fixture.flushed()).toBe("abcdefghi");
      expect(fixture.sends.partialCount).toBe(2);
    });

    test("never move or write over what is not sent", () => {
      const fixture = new SendFixture();
      fixture.write("a".repeat(WINDOW_SIZE));
      fixture.transport.capacity = WINDOW_SIZE - 10;
      fixture.sends.flush(0);
      fixture.transport.take(0);
      const begin = fixture.sends.ends[0]! - 10;
      fixture.transport.capacity = 0;
      expect(fixture.write("b".repeat(WINDOW_SIZE))).toBe(true);
      expect(fixture.write("c".repeat(WINDOW_SIZE))).toBe(true);
      expect(fixture.sends.area.bytes.toString("latin1", begin, begin + 10)).toBe("a".repeat(10));
      expect(fixture.sends.ends[0]).not.toBe(begin);
      const rest = fixture.drain(() => Infinity);
      expect(rest).toBe(`${"a".repeat(10)}${"b".repeat(WINDOW_SIZE)}${"c".repeat(WINDOW_SIZE)}`);
    });

    test("say when it has failed", () => {
      const fixture = new SendFixture();
      fixture.write("abc");
      fixture.transport.hasFailed = true;
      expect(fixture.sends.flush(0)).toBe(FLUSH.FAILED);
      expect(fixture.write("x".repeat(WINDOW_SIZE))).toBe(false);
      fixture.transport.hasFailed = false;
      expect(fixture.flushed()).toBe("abc");
    });
  });

  describe("with spare windows", () => {
    test("go on in one when the window is full and the socket too", () => {
      const fixture = new SendFixture();
      fixture.transport.capacity = 0;
      const text = "x".repeat(40_000);
      for (let i = 0; i < 5; i++) expect(fixture.write(text)).toBe(true);
      expect(fixture.sends.spareTakenCount).toBe(4);
      expect(fixture.sends.unsentBytes(0)).toBe(200_000);
      expect(fixture.drain(() => 7001)).toBe(text.repeat(5));
    });

    test("take a reply only up to the limit, and more once enough is sent", () => {
      const fixture = new SendFixture();
      fixture.transport.capacity = 0;
      const text = "y".repeat(WINDOW_SIZE);
      for (let i = 0; i < 4; i++) expect(fixture.write(text)).toBe(true);
      expect(fixture.sends.unsentBytes(0)).toBe(LIMIT);
      expect(fixture.write("z")).toBe(false);
      expect(fixture.sends.unsentBytes(0)).toBe(LIMIT);
      fixture.transport.capacity = 1;
      expect(fixture.write("z")).toBe(true);
      expect(fixture.drain(() => 100_000)).toHaveLength(LIMIT + 1);
    });

    test("have to wait when none is left, and get the ones that are given back", () => {
      const fixture = new SendFixture(1);
      fixture.transport.capacity = 0;
      const text = "s".repeat(WINDOW_SIZE);
      expect(fixture.write(text, 0)).toBe(true);
      expect(fixture.write(text, 0)).toBe(true);
      expect(fixture.write(text, 1)).toBe(true);
      expect(fixture.write("t", 1)).toBe(false);
      fixture.drain(() => Infinity, 0);
      fixture.transport.capacity = 0;
      expect(fixture.write("t", 1)).toBe(true);
      fixture.sends.close(1);
      fixture.sends.open(1);
      expect(fixture.write(text, 2)).toBe(true);
      expect(fixture.write("u", 2)).toBe(true);
      expect(fixture.drain(() => 999, 2)).toBe(`${text}u`);
    });

    test("none of which is lost or used twice, whatever comes and goes", () => {
      for (let seed = 0; seed < tries(10); seed++) {
        const random = new Random(seed);
        const fixture = new SendFixture(3, 3 * WINDOW_SIZE);
        fixture.memory.set("long", random.text(30_000));
        const long = fixture.memory.get("long")!;
        const expected = ["", "", ""];
        const actual = ["", "", ""];
        for (let step = 0; step < 300; step++) {
          const connection = random.below(CONNECTION_COUNT);
          fixture.transport.capacity = random.oneIn(3) ? random.below(100_000) : 0;
          const text = random.text(random.below(30_000));
          if (random.oneIn(12)) {
            fixture.sends.close(connection);
            fixture.sends.open(connection);
            expected[connection] = "";
            actual[connection] = "";
            fixture.transport.take(connection);
          } else if (random.oneIn(3)) {
            if (fixture.splice("long", connection)) expected[connection] += long;
          } else if (fixture.write(text, connection)) {
            expected[connection] += text;
          }
          fixture.sends.flush(connection);
          actual[connection] += fixture.transport.take(connection);
        }
        for (let connection = 0; connection < CONNECTION_COUNT; connection++) {
          actual[connection] += fixture.drain(() => 50_000, connection);
          expect(actual[connection] === expected[connection], `seed ${seed}`).toBe(true);
        }
        expect(fixture.memory.store.pins.count).toBe(0);
        fixture.transport.capacity = 0;
        const taken = fixture.sends.spareTakenCount;
        while (fixture.write("x".repeat(WINDOW_SIZE)));
        expect(fixture.sends.spareTakenCount - taken, `seed ${seed}`).toBe(2);
      }
    });
  });

  describe("with writes that are under way", () => {
    function deferred(spareCount = 8): SendFixture {
      const fixture = new SendFixture(spareCount);
      fixture.transport.isDeferred = true;
      return fixture;
    }

    test("have one at a time, and send behind it what was written meanwhile", () => {
      const fixture = deferred();
      const { sends, transport } = fixture;
      fixture.write("first");
      expect(sends.flush(0)).toBe(FLUSH.STARTED);
      expect(sends.isUnderWay(0)).toBe(true);
      fixture.write(" second");
      expect(sends.flush(0)).toBe(FLUSH.STARTED);
      expect(transport.sendCount).toBe(1);
      expect(sends.completed(0, transport.finished())).toBe(FLUSH.PARTIAL);
      expect(sends.isUnderWay(0)).toBe(false);
      expect(sends.flush(0)).toBe(FLUSH.STARTED);
      expect(sends.completed(0, transport.finished())).toBe(FLUSH.SENT);
      expect(transport.take(0)).toBe("first second");
      expect(sends.unsentBytes(0)).toBe(0);
    });

    test("say when one has failed, or took nothing", () => {
      const fixture = deferred();
      const { sends, transport } = fixture;
      fixture.write("first");
      sends.flush(0);
      transport.capacity = 0;
      expect(sends.completed(0, transport.finished())).toBe(FLUSH.FULL);
      sends.flush(0);
      transport.hasFailed = true;
      expect(sends.completed(0, transport.finished())).toBe(FLUSH.FAILED);
    });

    test("lose, change or double no byte, whatever comes and goes", () => {
      for (let seed = 0; seed < tries(20); seed++) {
        const random = new Random(seed);
        const fixture = deferred(random.below(4));
        const { sends, transport, memory } = fixture;
        const long = "L".repeat(SPLICE_LENGTH_MIN + random.below(100));
        memory.set("long", long);
        let [written, arrived] = ["", ""];
        for (let step = 0; step < 300; step++) {
          const text = String.fromCharCode(97 + (step % 26)).repeat(random.below(9000));
          if (random.oneIn(2) && fixture.write(text)) written += text;
          if (random.oneIn(10) && fixture.splice("long")) written += long;
          if (random.oneIn(2)) sends.flush(0);
          if (random.oneIn(2) && sends.isUnderWay(0)) {
            transport.capacity = random.pick([0, 1, 3000, 70_000, Infinity]);
            sends.completed(0, transport.finished());
            arrived += transport.take(0);
          }
        }
        transport.capacity = Infinity;
        while (sends.unsentBytes(0) > 0) {
          if (!sends.isUnderWay(0)) sends.flush(0);
          sends.completed(0, transport.finished());
          arrived += transport.take(0);
        }
        expect(arrived === written, `seed ${seed}`).toBe(true);
        expect(memory.store.pins.count).toBe(0);
      }
    });
  });

  describe("with values sent from where they lie", () => {
    const value = (letter: string) => letter.repeat(SPLICE_LENGTH_MIN);

    test("send them in their place among what was written, in one vectored write", () => {
      const fixture = new SendFixture();
      fixture.memory.set("a", value("A"));
      fixture.memory.set("b", value("B"));
      fixture.write("1");
      fixture.splice("a");
      fixture.write("2");
      fixture.splice("b");
      fixture.splice("a");
      fixture.write("3");
      expect(fixture.sends.unsentBytes(0)).toBe(3 * SPLICE_LENGTH_MIN + 3);
      expect(fixture.flushed()).toBe(`1${value("A")}2${value("B")}${value("A")}3`);
      expect(fixture.transport.vectoredCount).toBe(1);
      expect(fixture.transport.sendCount).toBe(0);
      expect(fixture.transport.lastRegions.map(({ length }) => length)).toEqual([
        1,
        SPLICE_LENGTH_MIN,
        1,
        SPLICE_LENGTH_MIN,
        SPLICE_LENGTH_MIN,
        1,
      ]);
    });

    test("copy nothing of them", () => {
      const fixture = new SendFixture();
      fixture.memory.set("a", value("A"));
      fixture.splice("a");
      const { store } = fixture.memory;
      const reference = fixture.memory.find("a");
      fixture.flushed();
      const [region] = fixture.transport.lastRegions;
      expect(region!.area).toBe(store.area(reference));
      expect(region!.offset).toBe(store.valueOffset(reference));
    });

    test("keep them as they were until they are sent, and free them then", () => {
      const fixture = new SendFixture();
      const { store } = fixture.memory;
      const memoryBytes = () => store.memoryBytes().entries;
      const before = memoryBytes();
      fixture.memory.set("a", value("A"));
      fixture.splice("a");
      fixture.transport.capacity = 100;
      expect(fixture.sends.flush(0)).toBe(FLUSH.PARTIAL);
      expect(store.pins.count).toBe(1);
      fixture.memory.set("a", value("B"));
      fixture.memory.remove("a");
      fixture.memory.set("a", value("C"));
      fixture.memory.remove("a");
      expect(fixture.drain(() => 5000)).toBe(value("A"));
      expect(store.pins.count).toBe(0);
      expect(memoryBytes()).toBe(before);
    });

    test("give them free when the connection closes first", () => {
      const fixture = new SendFixture();
      fixture.memory.set("a", value("A"));
      fixture.transport.capacity = 10;
      fixture.splice("a");
      fixture.splice("a");
      fixture.sends.flush(0);
      fixture.sends.close(0);
      expect(fixture.memory.store.pins.count).toBe(0);
      fixture.sends.open(0);
      fixture.transport.take(0);
      fixture.transport.capacity = Infinity;
      fixture.write("next");
      expect(fixture.flushed()).toBe("next");
    });

    test("take them only below the limit", () => {
      const fixture = new SendFixture();
      fixture.memory.set("a", value("A"));
      fixture.transport.capacity = 0;
      let count = 0;
      while (fixture.splice("a")) count++;
      expect(count).toBe(LIMIT / SPLICE_LENGTH_MIN);
      expect(fixture.sends.unsentBytes(0)).toBe(LIMIT);
      fixture.transport.capacity = Infinity;
      expect(fixture.sends.canBegin(0)).toBe(true);
      expect(fixture.transport.take(0)).toHaveLength(LIMIT);
    });

    test("resume in the middle of any region", () => {
      for (const step of [1000, 4095, SPLICE_LENGTH_MIN, SPLICE_LENGTH_MIN + 1, 70_001]) {
        const fixture = new SendFixture();
        for (const letter of "ABC") fixture.memory.set(letter, value(letter));
        let expected = "";
        for (const letter of "ABC") {
          fixture.write(`<${letter}>`);
          fixture.splice(letter);
          expected += `<${letter}>${value(letter)}`;
        }
        expect(fixture.drain(() => step)).toBe(expected);
        expect(fixture.memory.store.pins.count).toBe(0);
      }
    });
  });

  test("count the memory they come to use", () => {
    const fixture = new SendFixture();
    fixture.write("x".repeat(5000));
    fixture.flushed();
    expect(fixture.sends.touched.bytes).toBe(8192);
    fixture.write("x".repeat(5000));
    fixture.flushed();
    expect(fixture.sends.touched.bytes).toBe(8192);
    fixture.transport.capacity = 0;
    fixture.write("x".repeat(WINDOW_SIZE));
    fixture.write("x");
    fixture.transport.capacity = Infinity;
    fixture.flushed();
    expect(fixture.sends.touched.bytes).toBe(WINDOW_SIZE + 4096);
  });

  test("have no reply that is larger than a window", () => {
    const fixture = new SendFixture();
    expect(fixture.write("x".repeat(WINDOW_SIZE))).toBe(true);
    expect(() => fixture.write("x".repeat(WINDOW_SIZE + 1))).toThrow("a reply fits a window");
  });
});
