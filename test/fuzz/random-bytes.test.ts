// Bytes that follow no rule, and frames that follow some of them, in pieces of any length, with a
// socket that takes what it likes. Whatever comes: one reply a frame, the replies that the model
// gives, nothing left behind. Every connection begins with a frame, which says that it speaks v1.
// fast-check prints the seed of what fails.

import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { DROP } from "../../src/server/connection-table.ts";
import { tries } from "../support/effort.ts";
import { expectHealthy } from "../support/expect-healthy.ts";
import { expectReplies } from "../support/expect-replies.ts";
import { ModelServer } from "../support/model-server.ts";
import { Random } from "../support/random.ts";
import { randomRequest } from "../support/random-requests.ts";
import { describeEngines } from "../support/describe-engines.ts";
import { cutBy, feedPieces } from "../support/stream-pieces.ts";
import { InProcessServer } from "../support/test-server.ts";
import { TOO_LONG, frame, request, show, splitFrames, u16 } from "../support/v1-frames.ts";

setDefaultTimeout(30_000);

const RUNS = tries(300);
const SOCKET_RUNS = tries(60);
/** Its reply is the same. */
const FIRST = request.ping();
const KEYS = ["", "a", "b", "key", "k".repeat(70)];

const bytes = (lengthMax: number) =>
  fc.uint8Array({ maxLength: lengthMax }).map((array) => Buffer.from(array));
/** Frames that say the truth about their length and nothing else. */
const anyFrame = bytes(60).map((core) => frame(core));
/** The same with a command byte that exists, and lengths that are nearly right. */
const nearlyValid = fc
  .tuple(
    fc.integer({ min: 0, max: 16 }),
    fc.array(fc.tuple(fc.nat({ max: 6 }), bytes(6))),
    bytes(3),
  )
  .map(([opcode, parts, rest]) =>
    frame(opcode, Buffer.concat(parts.flatMap(([length, text]) => [u16(length), text])), rest),
  );
const valid = fc
  .nat()
  .map((seed) => randomRequest(new Random(seed), { keys: KEYS, hasLongValues: true }));
const stream = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: valid },
      { weight: 3, arbitrary: nearlyValid },
      { weight: 3, arbitrary: anyFrame },
      { weight: 1, arbitrary: bytes(40) },
      { weight: 1, arbitrary: fc.constant(TOO_LONG) },
    ),
    { maxLength: 80 },
  )
  .map((parts) => Buffer.concat(parts));
const pieceLengths = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 });

/** What has to be executed of a stream: its whole frames, up to a length that is not allowed. */
function acceptedFrames(whole: Buffer): { requests: Buffer[]; isTooLong: boolean } {
  const requests: Buffer[] = [];
  let rest = whole;
  for (;;) {
    if (rest.length >= 2 && rest.readUInt16BE(0) === 65535) return { requests, isTooLong: true };
    const { frames } = splitFrames(rest);
    const first = frames[0];
    if (first === undefined) return { requests, isTooLong: false };
    requests.push(first);
    rest = rest.subarray(first.length);
  }
}

describeEngines("any bytes", (startServer) => {
  test("are answered frame by frame as the model does", () => {
    fc.assert(
      fc.property(stream, pieceLengths, fc.nat({ max: 3 }), (whole, lengths, thrift) => {
        const server = new InProcessServer({
          maxMemoryBytes: 16 * 2 ** 20,
          maxClients: 4,
          spareWindows: thrift,
          sendLimitBytes: 64 * 1024,
        });
        const model = new ModelServer(server.clock.now);
        const client = server.connect();
        expect(show(server.ask(client, FIRST))).toEqual(show(FIRST));
        feedPieces(server, client, cutBy(whole, lengths), thrift);
        const { requests, isTooLong } = acceptedFrames(whole);
        const expected = requests.map((request) => model.execute(request));
        expectReplies(client.takeReplies(), expected, "random bytes");
        expect(client.isFinished).toBe(isTooLong);
        client.disconnect();
        expect(server.thread.store.pins.count).toBe(0);
        expect(server.thread.connections.openCount).toBe(0);
      }),
      { numRuns: RUNS },
    );
  });

  test("neither crash, hang nor keep a connection when they come through sockets", async () => {
    await using server = await startServer();
    await fc.assert(
      fc.asyncProperty(stream, pieceLengths, fc.boolean(), async (whole, lengths, isAbrupt) => {
        const client = await server.connect();
        expect(show(await client.ask(FIRST))).toEqual(show(FIRST));
        const { requests, isTooLong } = acceptedFrames(whole);
        const drops = server.thread.connections.droppedCounts[DROP.PROTOCOL]!;
        const longer = lengths.map((length) => length * 7);
        for (const piece of cutBy(whole, longer)) client.send(piece);
        if (isAbrupt) {
          client.destroy();
        } else {
          client.finish();
          await client.ended();
          expect(client.replyCount).toBe(requests.length);
          client.close();
        }
        await expectHealthy(server);
        if (isTooLong && !isAbrupt) {
          expect(server.thread.connections.droppedCounts[DROP.PROTOCOL]).toBe(drops + 1);
        }
      }),
      { numRuns: SOCKET_RUNS },
    );
  });
});
