// Executes the rows of a batch when several threads share the store: takes the locks that a row
// needs (src/store/store-locks.ts), looks its key up again under them, and hands it on.
//
//   GET, the short way    no lock    looks whether the segment has changed while it read
//   other short ways      segment    what fast-commands.ts and fast-resp-commands.ts execute
//   other short reads     segment    of what has not expired and is not sent by reference
//   INCR, DECR            segment    of a number that is there and has room for another digit
//   the rest              structure and segment, or the segments of all keys of a command
//
// A write of another thread's key (row-router.ts) is executed on the short way with a lock that
// nobody has, or is that thread's.
//
// What the loops that look ahead have found holds as long as nobody has taken the structure since
// they began: no entry is moved, linked or unlinked without it. Otherwise it is only good for
// having been touched, and is looked up again.
//
// A read without a lock may meet anything: half a value, a block that is another's by now. It reads
// within the arena and writes within the send window in any case, and what it has written is taken
// back unless the segment is as it was.
//
// The locks of a command with several keys are taken at its first row and given back at its last;
// its rows may be spread over several batches, which come right after each other then.

import type { Batch } from "../batch/batch.ts";
import { SPLICE_LENGTH_MIN, type SendWindows } from "../batch/send-windows.ts";
import { KEEPS_LOADS_IN_ORDER, loadWord } from "../lib/shared-word.ts";
import { OPCODE } from "../protocol/opcode.ts";
import { OPCODE_LIMIT, PART, RESP_OPCODE, RESP_OPCODE_MIN } from "../protocol/resp-opcode.ts";
import { SEGMENT_HEADER_WORDS, STRUCTURE_LOCK } from "../store/control-memory.ts";
import { SEGMENT_TOUCH } from "../store/segment-headers.ts";
import type { Store } from "../store/store.ts";
import type { StoreLocks } from "../store/store-locks.ts";
import { ROW, type RowResult } from "./resp-rows.ts";
import type { RowRouter } from "./row-router.ts";

export interface LockedRowParts {
  readonly batch: Batch;
  readonly store: Store;
  readonly locks: StoreLocks;
  readonly sends: SendWindows;
  /** With it, keys are divided among the threads. */
  readonly router: RowRouter | null;
  /** The short ways alone; false when nothing has happened. */
  readonly executeFast: (row: number, connection: number) => boolean;
  /** Everything; the locks are held. */
  readonly execute: (row: number, connection: number) => RowResult;
}

export interface LockedRows {
  /** Before the loops that look ahead, and as one of them. */
  begin(count: number): void;
  execute(row: number, connection: number): RowResult;
}

const KEYLESS = 1;
const READS = 2;
/** Reads whose short way changes nothing but the send window. */
const GETS = 3;
/** Writes that nearly always change a few bytes of an entry. */
const INCREMENTS = 4;

/** What a short reply has besides a value. */
const REPLY_HEAD_SIZE_MAX = 64;

/** No lock word has this value while it is free. */
const NEVER = -1;

/** By opcode. */
function classify(): Uint8Array {
  const classes = new Uint8Array(OPCODE_LIMIT);
  for (const opcode of [OPCODE.PING, OPCODE.INFO, RESP_OPCODE.PING]) classes[opcode] = KEYLESS;
  for (const opcode of [OPCODE.TTL, RESP_OPCODE.EXISTS]) classes[opcode] = READS;
  for (const opcode of [OPCODE.GET, RESP_OPCODE.GET]) classes[opcode] = GETS;
  for (const opcode of [OPCODE.INCR, OPCODE.DECR, RESP_OPCODE.INCR]) classes[opcode] = INCREMENTS;
  return classes;
}

/** A closure over constants: see fast-commands.ts. */
export function createLockedRows(lockedParts: LockedRowParts): LockedRows {
  const { batch, store, locks, sends, router, executeFast } = lockedParts;
  const { ends, limits, limitBytes } = sends;
  const { control, segmentsBegin, shift } = locks;
  const { opcodes, hashes, keyOffsets, keyLengths, databases, parts } = batch;
  const { candidates } = store.segments;
  const found = batch.candidates;
  const classes = classify();
  const mayLock = classes.map((kind) => Number(kind === 0 || kind === INCREMENTS));
  /** What was only read ahead: its loads are not dead code. */
  let sink = 0;
  /** The locks of a command with several keys are held. */
  let isWithin = false;
  /** What the structure's lock word was when the loops began. */
  let structure = NEVER;

  function begin(count: number): void {
    structure = loadWord(control, STRUCTURE_LOCK);
    if ((structure & 1) !== 0) structure = NEVER;
    if (count > 1 && (router === null || router.sharesLocks)) touchLocks(count);
  }

  /**
   * Has the lines of the locks come that will be taken: every other one was written last by another
   * processor, and a lock that waits for its line lets nothing behind it begin. Writes do not wait.
   */
  function touchLocks(count: number): void {
    for (let row = 0; row < count; row++) {
      const word = segmentsBegin + (hashes[row]! >>> shift) * SEGMENT_HEADER_WORDS;
      if (mayLock[opcodes[row]!] === 1) control[word + SEGMENT_TOUCH] = 0;
      else sink ^= control[word]!;
    }
  }

  /** Looks a row's candidate up again unless it surely holds. */
  function refresh(row: number): void {
    if (loadWord(control, STRUCTURE_LOCK) === structure) return;
    candidates.find(hashes, found, row, row + 1);
  }

  /**
   * GET without a lock; false when that was not possible, and nothing has happened then. The last
   * look must come after what was read, which only KEEPS_LOADS_IN_ORDER makes sure of; between the
   * two looks a reply was written.
   */
  function read(row: number, connection: number): boolean {
    const word = segmentsBegin + (hashes[row]! >>> shift) * SEGMENT_HEADER_WORDS;
    const seen = loadWord(control, word);
    if ((seen & 1) !== 0) return false;
    refresh(row);
    const end = ends[connection]!;
    if (!executeFast(row, connection)) return false;
    if (loadWord(control, word) === seen) return true;
    ends[connection] = end;
    return false;
  }

  function execute(row: number, connection: number): RowResult {
    const opcode = opcodes[row]!;
    if (opcode >= RESP_OPCODE_MIN && parts[row] !== PART.ONLY) {
      return executePart(row, connection, parts[row]!);
    }
    const kind = classes[opcode]!;
    if (kind === KEYLESS) return lockedParts.execute(row, connection);
    const asked = opcode === OPCODE.DURABLE ? parts[row] : opcode;
    if (asked === OPCODE.KEYS) return executeWithAll(row, connection);
    if (KEEPS_LOADS_IN_ORDER && kind === GETS && read(row, connection)) return ROW.FAST;
    const hash = hashes[row]!;
    const isAttempt = router !== null && router.isAttempt(row);
    if (!isAttempt) {
      locks.lockSegment(hash);
    } else if (found[row] === 0 || !locks.tryLockSegment(hash)) {
      // Without an entry there is nothing short about it.
      return ROW.ELSEWHERE;
    }
    refresh(row);
    if (executeFast(row, connection)) {
      locks.unlockSegment(hash);
      return ROW.FAST;
    }
    if (isAttempt) {
      locks.unlockSegment(hash);
      return ROW.ELSEWHERE;
    }
    const isShort = kind === INCREMENTS ? isShortIncrement : isShortRead;
    if (kind >= READS && isShort(row, connection)) {
      const result = lockedParts.execute(row, connection);
      locks.unlockSegment(hash);
      return result;
    }
    locks.unlockSegment(hash);
    locks.enterKey(hash);
    refresh(row);
    const result = lockedParts.execute(row, connection);
    locks.leave();
    return result;
  }

  /** The row's entry, whether it has expired or not. */
  function peek(row: number): number {
    store.database = opcodes[row]! >= RESP_OPCODE_MIN ? databases[row]! : 0;
    const reference = store.peek(keyOffsets[row]!, keyLengths[row]!, hashes[row]!);
    store.database = 0;
    return reference;
  }

  /** Whether the sum, at most a digit longer, surely goes where the old value was. */
  function isShortIncrement(row: number, connection: number): boolean {
    const reference = hasRoom(connection, 0) ? peek(row) : 0;
    if (reference === 0 || store.hasExpired(reference) || store.isMarked(reference)) return false;
    return store.fitsSmallBlock(reference, store.valueLength(reference) + 1);
  }

  /** Whether reading the row's key changes nothing: not even that an expired one is removed. */
  function isShortRead(row: number, connection: number): boolean {
    const reference = peek(row);
    if (reference === 0) return hasRoom(connection, 0);
    const length = store.valueLength(reference);
    if (store.hasExpired(reference) || length >= SPLICE_LENGTH_MIN) return false;
    return hasRoom(connection, length);
  }

  /**
   * Whether a reply with so many bytes of a value is written without sending first: that would give
   * back what was sent, which needs the structure, and nobody waits for that with a segment alone.
   */
  function hasRoom(connection: number, length: number): boolean {
    const isInWindow = ends[connection]! + length + REPLY_HEAD_SIZE_MAX <= limits[connection]!;
    return isInWindow && sends.unsentBytes(connection) < limitBytes;
  }

  function executeWithAll(row: number, connection: number): RowResult {
    locks.enterAll();
    const result = lockedParts.execute(row, connection);
    locks.leave();
    return result;
  }

  /** A row of a command that has several. */
  function executePart(row: number, connection: number, part: number): RowResult {
    if ((part & PART.FIRST) !== 0) {
      const end = endOfCommand(row);
      if (end > 0) locks.enterKeys(hashes, row, end);
      else locks.enterAll();
      isWithin = true;
    }
    refresh(row);
    const result = lockedParts.execute(row, connection);
    const isOver = result === ROW.BLOCKED || result === ROW.WAITING || (part & PART.LAST) !== 0;
    if (isOver && isWithin) {
      isWithin = false;
      locks.leave();
    }
    return result;
  }

  /**
   * The row behind the last of the command that begins at a row; 0 = it goes on in a later batch.
   */
  function endOfCommand(first: number): number {
    for (let row = first; row < batch.count; row++) {
      if ((parts[row]! & PART.LAST) !== 0) return row + 1;
    }
    return 0;
  }

  return { begin, execute };
}
