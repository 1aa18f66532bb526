// Streams of RESP that are nearly valid, in pieces of any length, with a socket that takes what it
// likes. Whatever comes: the replies are those that the same commands get one by one, up to where
// the stream is no RESP any more, and nothing is left behind. fast-check prints the seed of what
// fails.

import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { ARGUMENT_COUNT_MAX, LINE_LENGTH_MAX } from "../../src/protocol/resp-arguments.ts";
import { RESP_DEFAULTS } from "../../src/server/resp-options.ts";
import { describeEngines } from "../support/describe-engines.ts";
import { tries } from "../support/effort.ts";
import { RawClient } from "../support/raw-client.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { readRespStream, type RespStreamLimits } from "../support/resp-stream-model.ts";
import { cutBy, feedPieces } from "../support/stream-pieces.ts";
import { InProcessServer } from "../support/test-server.ts";
import { waitUntil } from "../support/wait-until.ts";

setDefaultTimeout(60_000);

const RUNS = tries(120);
const SOCKET_RUNS = tries(30);
const KEYS = ["", "a", "b", "n", "key", "k".repeat(70), "\r\n", "\0\xff"];
const WINDOW_SIZES = [4096, 64 * 1024];

const key = fc.constantFrom(...KEYS);
const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("", "1", "41", "-7", "value", "\r\n$3\r\n", "\0\xff") },
  { weight: 2, arbitrary: fc.nat({ max: 3000 }).map((length) => "v".repeat(length)) },
  { weight: 1, arbitrary: fc.constantFrom(16_383, 16_384, 40_000).map((n) => "V".repeat(n)) },
);
const keys = fc.oneof(
  { weight: 6, arbitrary: fc.array(key, { maxLength: 5 }) },
  { weight: 1, arbitrary: fc.array(key, { minLength: 60, maxLength: 150 }) },
);
const anyCase = (name: string) => fc.constantFrom(name, name.toLowerCase());
const hot = fc.oneof(
  fc.tuple(anyCase("GET"), key),
  fc.tuple(anyCase("SET"), key, value),
  fc.tuple(anyCase("INCR"), key),
  fc.tuple(anyCase("PING")),
  fc
    .tuple(fc.constantFrom("MGET", "mget", "DEL", "EXISTS"), keys)
    .map(([name, all]) => [name, ...all]),
  fc
    .tuple(anyCase("MSET"), fc.array(fc.tuple(key, value), { maxLength: 6 }))
    .map(([name, pairs]) => [name, ...pairs.flat()]),
);
const ordinary = fc.oneof(
  fc.tuple(fc.constant("ECHO"), value),
  fc.tuple(fc.constant("APPEND"), key, value),
  fc.tuple(fc.constant("SET"), key, value, fc.constantFrom("NX", "XX", "GET", "KEEPTTL")),
  fc.tuple(fc.constantFrom("STRLEN", "GETDEL", "DECR", "TYPE", "TTL", "UNLINK"), key),
  fc.tuple(fc.constant("GETRANGE"), key, fc.constant("0"), fc.constant("-2")),
  fc.tuple(fc.constant("SELECT"), fc.constantFrom("0", "1", "15", "16", "x")),
  fc.tuple(fc.constant("HELLO"), fc.constantFrom("2", "3", "4")),
  fc.constantFrom(["MULTI"], ["EXEC"], ["EXEC"], ["DISCARD"], ["UNWATCH"], ["RESET"], ["DBSIZE"]),
  fc.tuple(fc.constant("WATCH"), key),
  fc.tuple(fc.constantFrom("NOSUCH", "get ", "GETT", "", "SET", "GET", "PING"), key, key, key),
);
const arrays = (args: fc.Arbitrary<readonly string[]>) => args.map(encodeCommand);
const lines = fc
  .constantFrom(
    ...["PING\r\n", "ping\n", "GET a\r\n", "SET a 'b c'\n", 'MGET a "\\r\\n" n\r\n', "INCR n\r\n"],
    ...["\r\n", "\n", "*0\r\n", "*-1\r\n", " \r\n", "NOSUCH x\r\n", "GET a\0b\r\n"],
  )
  .map((line) => Buffer.from(line, "latin1"));
const wrong = fc
  .constantFrom(
    ...[
      "*01\r\n",
      "*x\r\n",
      "*1\r\n$-1\r\n",
      "*1\r\n:1\r\n",
      "*1\r\n\r\n",
      "*2\r\n$3\r\nGET\r\n$01\r\n",
    ],
    ...["GET 'a\r\n", "POST / HTTP/1.1\r\n", "Host: x\r\n", "*-99999999999999999999\r\n", "QUIT\n"],
  )
  .map((line) => Buffer.from(line, "latin1"));
/** A command with one byte changed, left out or put in. */
const mutated = fc
  .tuple(
    arrays(fc.oneof(hot, ordinary)),
    fc.nat(),
    fc.constantFrom("change", "delete", "insert"),
    fc.oneof(fc.constantFrom(...Buffer.from("\r\n*$0123456789-+")), fc.nat({ max: 255 })),
  )
  .map(([bytes, place, kind, byte]) => {
    // Near the begin, where the lengths are.
    const at = place % Math.min(bytes.length, 40);
    const end = kind === "insert" ? at : at + 1;
    const between = kind === "delete" ? [] : [byte];
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(between), bytes.subarray(end)]);
  });
const junk = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
const PING = encodeCommand(["PING"]);
const stream = fc
  .array(
    fc.oneof(
      { weight: 120, arbitrary: arrays(hot) },
      { weight: 80, arbitrary: arrays(ordinary) },
      { weight: 20, arbitrary: lines },
      { weight: 4, arbitrary: mutated },
      { weight: 1, arbitrary: wrong },
      { weight: 1, arbitrary: junk },
    ),
    { maxLength: 100, size: "max" },
  )
  // What its protocol is has to be seen first.
  .map((parts) => Buffer.concat([PING, ...parts, encodeCommand(["ECHO", "the last word"])]));
const pieceLengths = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 }),
  fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 20 }),
);

/** The line of a length ends behind the window. */
const ENDLESS_LINE = Buffer.concat([
  PING,
  Buffer.from(`*2\r\n$4\r\nECHO\r\n$${"V".repeat(40_000)}\r\n`),
]);

const serverOptions = { maxMemoryBytes: 16 * 2 ** 20, maxClients: 4, sendLimitBytes: 16 * 1024 };

function limitsOf(windowSize: number): RespStreamLimits {
  return {
    argumentLengthMax: RESP_DEFAULTS.maxValueBytes,
    argumentCountMax: ARGUMENT_COUNT_MAX,
    lineLengthMax: Math.min(LINE_LENGTH_MAX, windowSize / 2),
  };
}

/** The replies that the stream has to get, and whether the server closes then. */
function expectedOf(whole: Buffer, windowSize: number): { text: string; isClosed: boolean } {
  const { commands, error } = readRespStream(whole, limitsOf(windowSize));
  const server = new InProcessServer(serverOptions);
  const client = server.connect();
  for (const args of commands) {
    client.feed(encodeCommand(args));
    server.engine.turn();
    if (client.isFinished) break;
  }
  const text = client.take().toString("latin1");
  if (client.isFinished) return { text, isClosed: true };
  return { text: text + (error ?? ""), isClosed: error !== null };
}

function expectNothingLeft(server: InProcessServer): void {
  const { store, connections, front } = server.thread;
  expect(store.pins.count).toBe(0);
  expect(connections.openCount).toBe(0);
  expect(front.budget.usedBytes).toBe(0);
}

test("any RESP is answered in order as its commands are one by one", () => {
  const windowSizes = fc.constantFrom(...WINDOW_SIZES);
  const thrifts = fc.nat({ max: 3 });
  fc.assert(
    fc.property(stream, pieceLengths, thrifts, windowSizes, (whole, lengths, thrift, size) => {
      const expected = expectedOf(whole, size);
      const server = new InProcessServer({
        ...serverOptions,
        spareWindows: thrift,
        windowSizeBytes: size,
      });
      const client = server.connect();
      feedPieces(server, client, cutBy(whole, lengths), thrift);
      expect(client.take().toString("latin1")).toBe(expected.text);
      expect(client.isFinished).toBe(expected.isClosed);
      client.disconnect();
      expectNothingLeft(server);
    }),
    { numRuns: RUNS, examples: WINDOW_SIZES.map((size) => [ENDLESS_LINE, [1], 0, size]) },
  );
});

describeEngines("any RESP", (startServer) => {
  test("is answered so through sockets, too", async () => {
    await using server = await startServer(serverOptions);
    await fc.assert(
      fc.asyncProperty(stream, pieceLengths, async (whole, lengths) => {
        const { store } = server.thread;
        for (let database = 0; database < 16; database++) store.flush(database);
        const expected = expectedOf(whole, WINDOW_SIZES[1]!);
        const client = await RawClient.connect(server.port);
        for (const piece of cutBy(
          whole,
          lengths.map((length) => length * 7),
        ))
          client.send(piece.toString("latin1"));
        client.finish();
        await waitUntil(
          () => client.hasEnded,
          () => "the server to end",
        );
        const withoutId = (text: string) => text.replaceAll(/(\$2\r\nid\r\n):\d+/g, "$1");
        expect(withoutId(client.text)).toBe(withoutId(expected.text));
        client.close();
        await waitUntil(
          () => server.thread.connections.openCount === 0,
          () => "the connection to close",
        );
        expect(store.pins.count).toBe(0);
      }),
      { numRuns: SOCKET_RUNS },
    );
  });
});
