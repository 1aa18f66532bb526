import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { BATCH_CAPACITY } from "../../src/batch/batch.ts";
import { RESP_DECODED } from "../../src/protocol/resp-decoder.ts";
import { describeProgram } from "../support/debian-program.ts";
import { Random } from "../support/random.ts";
import { RealRedis } from "../support/real-redis.ts";
import { RespClient, encodeCommand } from "../support/resp-client.ts";
import {
  CASES,
  HOT,
  LENGTH_MAX,
  LINE_END_TYPES,
  NO_BULK,
  NO_LENGTH,
  NUMBERS,
  ORDINARY,
  RESTRICTED,
  TOO_LARGE,
  TYPES,
  command,
  refused,
  row,
  type Expected,
  type Session,
} from "../support/resp-decoder-cases.ts";
import {
  RespDecoderFixture,
  type Event,
  type RespDecoderFixtureOptions,
} from "../support/resp-decoder-fixture.ts";

setDefaultTimeout(30_000);

/** Longer streams are cut at some positions only, and need a larger window. */
const EVERY_CUT_MAX = 600;
const CUT_COUNT = 16;
const SHORT_WINDOW = { windowSize: 4096 };
/** What lies where nothing has come yet. */
const JUNK = ["Z", "0", "\r", "$1\r\na\r\n"];

const PING = encodeCommand(["PING"]);
const bytes = (text: string) => Buffer.from(text, "latin1");

function open(session: Session, options?: RespDecoderFixtureOptions): RespDecoderFixture {
  const fixture = new RespDecoderFixture(options);
  const { isHot, isRestricted, databases } = fixture.sessions;
  if (session.isHot === false) isHot[0] = 0;
  if (session.isRestricted === true) isRestricted[0] = 1;
  if (session.isRestricted === true) isHot[0] = 0;
  databases[0] = session.database ?? 0;
  return fixture;
}

/** What comes out of a stream in pieces that end at these lengths. */
function eventsOf(
  stream: Buffer,
  ends: readonly number[],
  session: Session,
  options?: RespDecoderFixtureOptions,
): Event[] {
  const fixture = open(session, options);
  // Without junk, all of the stream lies there at once: what has not come must not be believed.
  if (options?.junk === undefined) fixture.write(0, stream);
  let begin = 0;
  for (const end of ends) {
    if (options?.junk !== undefined) fixture.write(0, stream, begin, end);
    fixture.come(end);
    begin = end;
  }
  expect(fixture.isWithinCommand()).toBe(false);
  return fixture.events[0]!;
}

/** Where a stream is cut: everywhere, or near its ends and at some places in between. */
function cutsOf(length: number): number[] {
  const all = Array.from({ length: length + 1 }, (_, i) => i);
  if (length <= EVERY_CUT_MAX) return all;
  const step = Math.floor(length / CUT_COUNT);
  return all.filter((at) => at < 30 || at > length - 30 || at % step === 0);
}

/** The same whole, byte by byte, in two pieces and in three. */
function expectEvents(
  stream: Buffer,
  expected: readonly Expected[],
  session: Session = {},
  options: RespDecoderFixtureOptions = stream.length > EVERY_CUT_MAX ? {} : SHORT_WINDOW,
): void {
  const { length } = stream;
  const whole = eventsOf(stream, [length], session, options);
  const cuts = cutsOf(length);
  expect(whole.map(([, ...event]) => event)).toEqual(expected.map((event) => [...event]));
  const same = (events: Event[]) => Bun.deepEquals(events, whole);
  for (const junk of [...JUNK, undefined]) {
    const withJunk = junk === undefined ? options : { ...options, junk };
    const isSame = same(eventsOf(stream, cuts, session, withJunk));
    if (!isSame) expect(eventsOf(stream, cuts, session, withJunk)).toEqual(whole);
  }
  for (const cut of cuts) {
    const inTwo = eventsOf(stream, [cut, length], session, options);
    if (!same(inTwo)) expect([cut, inTwo]).toEqual([cut, whole]);
    const inThree = eventsOf(stream, [cut >>> 1, cut, length], session, options);
    if (!same(inThree)) expect([cut, inThree]).toEqual([cut, whole]);
  }
}

describe("RespDecoder", () => {
  for (const { name, stream, events, session } of CASES) {
    const who = Object.keys(session ?? {}).join();
    test(`${who} ${name}, whole and cut at every position`, () => {
      expectEvents(bytes(stream), events, session);
    });
  }

  test("takes all commands of a stream in their order, and nothing behind an error", () => {
    const commands = [...HOT, ...ORDINARY].filter((args) => args.join().length < 100);
    const events = commands.map(([name, ...args]): Expected => {
      const isHot = HOT.some((hot) => hot[0] === name && hot.length === args.length + 1);
      return isHot ? row(name!.toLowerCase(), ...args) : command(name!, ...args);
    });
    const stream = Buffer.concat(commands.map(encodeCommand));
    const end = bytes("*x\r\n");
    const expected = [...events, refused(NO_LENGTH)];
    const all = Buffer.concat([stream, end, PING]);
    expectEvents(all, expected);
  });

  describe("with more keys than the batch has room for", () => {
    const keys = (count: number) => Array.from({ length: count }, (_, i) => `key${i}`);

    for (const name of ["MGET", "DEL", "EXISTS", "MSET"]) {
      for (const count of [63, 64, 65, 127, 128, 129, 1000]) {
        const args =
          name === "MSET" ? keys(count).flatMap((key) => [key, `of ${key}`]) : keys(count);
        test(`takes ${name} of ${count} keys in portions, and then what is behind it`, () => {
          const stream = Buffer.concat([
            encodeCommand([name, ...args]),
            encodeCommand(["GET", "next"]),
            encodeCommand([name, ...args]),
            encodeCommand(["TTL", "last"]),
          ]);
          const many = row(name.toLowerCase(), ...args);
          const expected = [many, row("get", "next"), many, command("TTL", "last")];
          const whole = eventsOf(stream, [stream.length], {});
          expect(whole.map(([, ...event]) => event)).toEqual(expected.map((event) => [...event]));
          const random = new Random(count);
          for (let i = 0; i < 20; i++) {
            const cuts = [random.below(stream.length), random.below(stream.length)];
            const ends = [...cuts.toSorted((a, b) => a - b), stream.length];
            expect([ends, eventsOf(stream, ends, {})]).toEqual([ends, whole]);
          }
        });
      }
    }

    test("begins where the batch has room, whatever is in it", () => {
      const args = ["MGET", ...keys(100)];
      const stream = encodeCommand(args);
      for (let taken = 0; taken <= BATCH_CAPACITY; taken++) {
        const fixture = new RespDecoderFixture();
        const pings = Buffer.concat(Array.from({ length: taken }, () => PING));
        fixture.write(1, pings);
        fixture.write(0, stream);
        expect(fixture.decode(pings.length, 1)).toBe(RESP_DECODED.ALL);
        expect(fixture.decode(stream.length, 0)).toBe(RESP_DECODED.BATCH_FULL);
        expect(fixture.batch.count).toBe(BATCH_CAPACITY);
        expect(fixture.position(0)).toBe(0);
        fixture.takeRows();
        fixture.come(stream.length, 0);
        expect(fixture.events[1]).toHaveLength(taken);
        expect(fixture.events[0]).toEqual([[0, "row", "mget", ...keys(100)]]);
      }
    });

    test("begins it anew when its connection had to wait, others between", () => {
      for (const blockedAfter of [1, 2, 3]) {
        const fixture = new RespDecoderFixture();
        const first = encodeCommand(["MSET", ...keys(300)]);
        const second = Buffer.concat([encodeCommand(["MGET", ...keys(70)]), PING]);
        fixture.write(0, first);
        fixture.write(1, second);
        for (let portion = 0; portion < blockedAfter; portion++) {
          const isLast = portion === 2;
          const decoded = fixture.decode(first.length, 0);
          expect(decoded).toBe(isLast ? RESP_DECODED.ALL : RESP_DECODED.BATCH_FULL);
          fixture.batch.count = 0;
        }
        fixture.forget();
        fixture.come(second.length, 1);
        expect(fixture.events[1]!.map(([, ...event]) => event)).toEqual([
          ["row", "mget", ...keys(70)],
          ["row", "ping"],
        ]);
        if (blockedAfter === 3) continue;
        expect(fixture.position(0)).toBe(0);
        fixture.come(first.length, 0);
        expect(fixture.events[0]).toEqual([[0, "row", "mset", ...keys(300)]]);
      }
    });
  });

  describe("with a command that is too large", () => {
    const WINDOW_SIZE = SHORT_WINDOW.windowSize;
    const small = SHORT_WINDOW;
    const sized = (size: number, ...args: string[]) => {
      const bare = encodeCommand([...args, "x".repeat(1000)]).length - 1000;
      const digits = `${size - bare}`.length - 4;
      return [...args, "x".repeat(size - bare - digits)];
    };

    test("takes one of a window's size, and says so of one byte more", () => {
      const fits = sized(WINDOW_SIZE, "SET", "key");
      expect(encodeCommand(fits)).toHaveLength(WINDOW_SIZE);
      expectEvents(encodeCommand(fits), [row("set", ...fits.slice(1))], {}, small);
      const exceeds = sized(WINDOW_SIZE + 1, "SET", "key");
      expect(encodeCommand(exceeds)).toHaveLength(WINDOW_SIZE + 1);
      const stream = encodeCommand(exceeds).subarray(0, WINDOW_SIZE);
      expectEvents(stream, [TOO_LARGE], {}, small);
      // As soon as the length has come.
      expectEvents(stream.subarray(0, -exceeds[2]!.length), [TOO_LARGE], {}, small);
    });

    test("says where it begins, behind others", () => {
      const stream = Buffer.concat([PING, bytes(`*2\r\n$3\r\nGET\r\n$${WINDOW_SIZE}\r\n`)]);
      const events = eventsOf(stream, [stream.length], {}, small);
      expect(events).toEqual([
        [0, "row", "ping"],
        [PING.length, "too large"],
      ]);
    });

    test("knows it by the number of its arguments alone", () => {
      const fitting = Math.floor((WINDOW_SIZE - "*xxx\r\n".length) / "$0\r\n\r\n".length);
      const empty = Array.from({ length: fitting }, () => "");
      expectEvents(encodeCommand(empty), [command(...empty)], {}, small);
      expectEvents(bytes("*1048576\r\n"), [TOO_LARGE], {}, small);
      expectEvents(bytes("*1048577\r\n"), [refused(NO_LENGTH)], {}, small);
    });

    test("takes an argument of the greatest length, and refuses one byte more", () => {
      expectEvents(bytes(`*1\r\n$${LENGTH_MAX}\r\n`), [TOO_LARGE], {}, small);
      expectEvents(bytes(`*1\r\n$${LENGTH_MAX + 1}\r\n`), [refused(NO_BULK)], {}, small);
    });
  });

  test("leaves what is not whole", () => {
    const fixture = new RespDecoderFixture();
    const stream = Buffer.concat([PING, encodeCommand(["GET", "a"]), PING.subarray(0, 3)]);
    fixture.write(0, stream);
    fixture.come(stream.length);
    expect(fixture.position()).toBe(stream.length - 3);
  });
});

describeProgram("redis-server", "redis-server", () => {
  const errors = [...NUMBERS, ...TYPES, ...LINE_END_TYPES].flatMap(([stream, ...events]) => {
    const last = events.at(-1);
    return last?.[0] === "refused" ? [[stream, last[1]!] as const] : [];
  });

  test("says the same of what is no RESP", async () => {
    await using redis = await RealRedis.start();
    expect(errors.length).toBeGreaterThan(40);
    for (const [stream, error] of errors) {
      using client = await RespClient.connect(redis.port);
      client.send(bytes(stream));
      const expected = `-ERR ${error.replace(/[\r\n]/, " ")}\r\n`;
      expect([stream, (await client.rest())?.toString("latin1")]).toEqual([stream, expected]);
    }
  });

  test("says the same of a client that has not logged in", async () => {
    await using redis = await RealRedis.start(["--requirepass", "secret"]);
    for (const [stream, event] of RESTRICTED) {
      if (event?.[0] !== "refused" || stream.startsWith("*1048577")) continue;
      using client = await RespClient.connect(redis.port);
      // Its own limit of a length is higher.
      client.send(bytes(stream.replace(`${LENGTH_MAX + 1}`, `${512 * 2 ** 20 + 1}`)));
      const expected = `-ERR ${event[1]!}\r\n`;
      expect([stream, (await client.rest())?.toString("latin1")]).toEqual([stream, expected]);
    }
  });

  test("says the same of lines that are too long for it", async () => {
    await using redis = await RealRedis.start();
    for (const [stream, error] of [
      ["x", "too big inline request"],
      ["*", "too big mbulk count string"],
      ["*1\r\n$", "too big bulk count string"],
    ] as const) {
      using client = await RespClient.connect(redis.port);
      client.send(bytes(stream + "1".repeat(70_000)));
      const expected = `-ERR Protocol error: ${error}\r\n`;
      expect([stream, (await client.rest())?.toString("latin1")]).toEqual([stream, expected]);
    }
  });
});
