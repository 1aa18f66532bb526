// What happens to each row of a batch when the keys are divided among threads:
//
//   a virtual connection's     executed; the reply goes back to the thread it came from
//   one key, ours, or no key   executed; while the connection's earlier replies are still to come,
//                              the reply is kept until it is its turn (own-replies.ts)
//   one key, another's         sent to the owner (request-record.ts)
//   everything else            waits until all replies of the connection have come, and is executed
//                              here, under locks
//
// What is another's may be executed here as a *guest*, unless the connection has sent a write of
// that key (`--foreign-local`):
//
//   a read                     like an own one, which takes no lock
//   a write with a short way   if nobody has the lock of its segment; otherwise it is sent after
//                              all, so that who meets others at a hot key does not wait for them
//
// Rows are taken in their order, so that a row which has to wait stops those behind it before any
// of them is sent. A closure over constants: see src/command/fast-commands.ts.

import { BATCH_CAPACITY, type Batch } from "../batch/batch.ts";
import type { ReceiveWindows } from "../batch/receive-windows.ts";
import { SPLICE_LENGTH_MIN } from "../batch/send-windows.ts";
import { ROUTE, type RowRouter } from "../command/row-router.ts";
import { assert } from "../lib/assert.ts";
import type { Clock } from "../lib/clock.ts";
import { THREAD_COUNT_MAX, type ForeignLocal } from "../lib/thread-mode.ts";
import { OPCODE } from "../protocol/opcode.ts";
import { OPCODE_LIMIT, PART, RESP_OPCODE, RESP_OPCODE_MIN } from "../protocol/resp-opcode.ts";
import { EXPIRY_LENGTH_MAX } from "../protocol/v1-decoder.ts";
import type { Collection } from "./collection.ts";
import type { Gathering } from "./gathering.ts";
import type { Inbox } from "./inbox.ts";
import type { Outbox } from "./outbox.ts";
import type { OwnReplies } from "./own-replies.ts";
import { RECORD_HEAD_SIZE } from "./request-record.ts";
import type { ShardFigures } from "./shard-figures.ts";
import { timeoutReply } from "./timeout-reply.ts";

export interface ShardRowParts {
  readonly batch: Batch;
  readonly windows: ReceiveWindows;
  readonly own: OwnReplies;
  readonly gathering: Gathering;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly threadCount: number;
  readonly figures: ShardFigures;
  /** By connection: the version of RESP. */
  readonly versions: Uint8Array;
  readonly clock: Clock;
  readonly index: number;
  readonly segmentBits: number;
  readonly foreignLocal: ForeignLocal;
  /** Connections from here on are virtual ones. */
  readonly clientCount: number;
  readonly timeoutMs: number;
}

/** What a row's owner is when it is no thread. */
const NOBODY = -1;
/** Added to the owner of a row that may be a guest here. */
const GUEST = THREAD_COUNT_MAX;

const KEYLESS = 1;
const HAS_ONE_KEY = 2;

function classify(): Uint8Array {
  const classes = new Uint8Array(OPCODE_LIMIT);
  for (const opcode of [OPCODE.INVALID, OPCODE.PING, RESP_OPCODE.PING]) classes[opcode] = KEYLESS;
  const { SET, GET, INCR, INCRBY, DECR, DECRBY, DEL, EXPIRE, TTL, PERSIST } = OPCODE;
  for (const opcode of [SET, GET, INCR, INCRBY, DECR, DECRBY, DEL, EXPIRE, TTL, PERSIST]) {
    classes[opcode] = HAS_ONE_KEY;
  }
  for (let opcode = RESP_OPCODE_MIN; opcode < OPCODE_LIMIT; opcode++) {
    if (opcode !== RESP_OPCODE.PING) classes[opcode] = HAS_ONE_KEY;
  }
  return classes;
}

/** By opcode, of those that threads send each other: 1 = it writes nothing. */
const READS = new Uint8Array(OPCODE_LIMIT);
for (const opcode of [OPCODE.GET, OPCODE.TTL]) READS[opcode] = 1;
const { GET, MGET, EXISTS } = RESP_OPCODE;
for (const opcode of [GET, MGET, EXISTS]) READS[opcode] = 1;

/** A guest without a value, and one with. */
const BY_KEY = 1;
const WITH_VALUE = 2;

/** By opcode: what may be a guest; writes that have a short way. */
function classifyGuests(foreignLocal: ForeignLocal): Uint8Array {
  const guests = READS.map((isRead) => (foreignLocal === "none" ? 0 : isRead * BY_KEY));
  if (foreignLocal !== "writes") return guests;
  for (const opcode of [OPCODE.INCR, OPCODE.DECR, RESP_OPCODE.INCR]) guests[opcode] = BY_KEY;
  for (const opcode of [OPCODE.SET, RESP_OPCODE.SET]) guests[opcode] = WITH_VALUE;
  return guests;
}

/** Of a record: its head, an expiry, and what fills words up. */
const RECORD_REST_SIZE_MAX = RECORD_HEAD_SIZE + EXPIRY_LENGTH_MAX + 32;

export function createShardRows(rowParts: ShardRowParts): RowRouter {
  const { batch, windows, own, gathering, outbox, inbox, figures } = rowParts;
  const { versions, clock, index, clientCount, timeoutMs, threadCount } = rowParts;
  const { opcodes, connections, hashes, parts, databases, keyLengths, valueLengths } = batch;
  const { collections, ringFullSinceMs: fullSinceMs } = gathering;
  assert(rowParts.segmentBits > 0, "there are segments to divide");
  const shift = 32 - rowParts.segmentBits;
  /** By segment; there is no dividing for each row. */
  const ownersBySegment = Int8Array.from(
    { length: 2 ** rowParts.segmentBits },
    (_, segment) => segment % threadCount,
  );
  const classes = classify();
  const guests = classifyGuests(rowParts.foreignLocal);
  const readsHere = rowParts.foreignLocal !== "none";
  const writesHere = rowParts.foreignLocal === "writes";
  const sizeLimit = windows.sizeBytes & -RECORD_HEAD_SIZE;
  /** Of a guest's key and value: if it is sent after all, its record is not too long. */
  const guestLengthMax = Math.min(SPLICE_LENGTH_MIN, (sizeLimit - RECORD_REST_SIZE_MAX) >> 1);
  const owners = new Int8Array(BATCH_CAPACITY);
  let nowMs = 0;
  let servedRow = 0;
  let servedOpcode = 0;

  function mark(count: number): void {
    let ownHash = 0;
    let hasForeign = false;
    for (let row = 0; row < count; row++) {
      const owner = ownerOf(row);
      owners[row] = owner;
      if (owner === index || owner === NOBODY) {
        ownHash = hashes[row]!;
        continue;
      }
      outbox.hashes[row] = hashes[row]!;
      hasForeign = true;
      // What is looked up ahead is for this thread's rows only.
      if (owner < GUEST) hashes[row] = ownHash;
    }
    if (hasForeign) nowMs = clock.elapsedMs();
  }

  function ownerOf(row: number): number {
    if (connections[row]! >= clientCount) return index;
    const opcode = opcodes[row]!;
    const kind = classes[opcode]!;
    if (kind === KEYLESS) return index;
    if (kind !== HAS_ONE_KEY) return NOBODY;
    const isOfMany = opcode >= RESP_OPCODE_MIN && parts[row] !== PART.ONLY;
    if (isOfMany || (opcode >= RESP_OPCODE_MIN && databases[row] !== 0)) return NOBODY;
    const owner = ownersBySegment[hashes[row]! >>> shift]!;
    if (owner === index) return owner;
    const guest = guests[opcode]!;
    if (guest !== 0 && keyLengths[row]! <= guestLengthMax) {
      if (guest === BY_KEY || valueLengths[row]! <= guestLengthMax) return GUEST + owner;
    }
    // What the owner's window could not hold whole is executed here, under locks.
    return outbox.sizeOf(row) > sizeLimit ? NOBODY : owner;
  }

  function route(row: number, connection: number): number {
    servedRow = row;
    servedOpcode = opcodes[row]!;
    const owner = owners[row]!;
    if (owner >= 0 && owner < GUEST && owner !== index) return send(row, connection, owner);
    if (connection >= clientCount) {
      inbox.begin(row, connection);
      return connection;
    }
    const collection = collections[connection]!;
    if (collection === null) return connection;
    if (owner === NOBODY || collection.isFull) return wait(connection);
    if (owner >= GUEST && collection.mayHaveWritten(hashes[row]!)) {
      return send(row, connection, owner - GUEST);
    }
    const mayBeLong = classes[servedOpcode] === KEYLESS || valueLengths[row]! >= SPLICE_LENGTH_MIN;
    const window = own.windowFor(mayBeLong);
    versions[window] = versions[connection]!;
    return window;
  }

  function send(row: number, connection: number, owner: number): number {
    let collection = collections[connection]!;
    if (collection !== null && collection.isFull) return wait(connection);
    const size = outbox.sizeOf(row);
    if (!outbox.hasRoom(owner, size)) {
      return waitForRing(connection, collection, opcodes[row]! >= RESP_OPCODE_MIN);
    }
    if (collection === null) {
      collection = gathering.begin(connection, opcodes[row]! >= RESP_OPCODE_MIN);
    }
    if (readsHere && READS[servedOpcode] === 0) collection.markWrite(outbox.hashes[row]!);
    outbox.send(owner, row, size, collection, nowMs);
    fullSinceMs[connection] = 0;
    figures.foreignCount++;
    return ROUTE.SENT;
  }

  function wait(connection: number): number {
    gathering.park(connection);
    return ROUTE.WAITS;
  }

  /** Until the deadline; then it gets an error in the place of its reply. */
  function waitForRing(connection: number, open: Collection | null, isResp: boolean): number {
    figures.fullCount++;
    const sinceMs = fullSinceMs[connection]!;
    // Who waits looks again at each tick: what began that long ago has ended meanwhile.
    if (sinceMs === 0 || nowMs - sinceMs >= 2 * timeoutMs) fullSinceMs[connection] = nowMs;
    if (nowMs - fullSinceMs[connection]! < timeoutMs) {
      gathering.parkForRing(connection);
      return ROUTE.WAITS;
    }
    figures.timeoutCount++;
    const collection = open ?? gathering.begin(connection, isResp);
    gathering.placeBytes(collection, collection.add(), timeoutReply(isResp));
    return ROUTE.SENT;
  }

  function executed(connection: number, target: number): boolean {
    const isWrite = READS[servedOpcode] === 0;
    if (connection >= clientCount) return inbox.answer(servedRow, connection, isWrite);
    if (owners[servedRow]! >= GUEST) {
      if (isWrite) figures.localWriteCount++;
      else figures.localReadCount++;
    } else figures.ownCount++;
    if (target === connection) return true;
    const collection = collections[connection]!;
    own.keep(target, collection);
    // It leaves in a later turn, which may have recorded nothing.
    if (isWrite) collection.hasWritten = true;
    return true;
  }

  function isAttempt(row: number): boolean {
    return writesHere && owners[row]! >= GUEST && READS[servedOpcode] === 0;
  }

  function pass(row: number, connection: number): number {
    return send(row, connection, owners[row]! - GUEST);
  }

  return { sharesLocks: writesHere, mark, route, isAttempt, pass, executed };
}
