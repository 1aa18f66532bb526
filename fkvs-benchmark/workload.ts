// Which requests a load thread sends: fills the buffer of a connection with its next batch, and
// judges the replies to it.
//
//   connection c   | request 0 | request 1 | … | request P−1 |     one region of one area
//
// The requests of a single command all have the same size, so the region is filled with templates
// once and later only keys (and verified values) are written. In a mixed run every batch is put
// together anew from the two templates. A request is a row; what has to be remembered of its keys
// is in as many slots as it has keys.
//
// A verified value is its version in 8 hexadecimal digits, then the key, repeated to the value's
// size. Each key belongs to one connection then, so that the version set last is known: `versions`.

import { ByteArea, copyBytes } from "../src/lib/byte-area.ts";
import {
  COMMAND,
  COMMANDS,
  REPLY,
  type Codec,
  type ReplyReader,
  type RequestTemplate,
} from "./codec.ts";
import { createKeyDigits } from "./key-digits.ts";
import { createKeyNumbers } from "./key-numbers.ts";
import type { LoadPlan } from "./plan.ts";
import { createRandom } from "./random.ts";

export const OUTCOME = { COMPLETED: 0, ERROR: 1, MISS: 2, WRONG: 3 } as const;

/** Of a key that this run has not written: any version will do. */
const UNKNOWN = 0;
const DELETED = -1;
const VERSION_DIGITS = 8;
const HEX = Buffer.from("0123456789abcdef");

export interface Workload {
  readonly area: ByteArea;
  /** Writes the next `count` requests of a connection; returns where in the area they end. */
  fill(connection: number, count: number): number;
  /** Where the requests of a connection begin in the area. */
  beginOf(connection: number): number;
  /**
   * Judges the reply that `reader` has just read to a connection's `index`th request: an OUTCOME.
   * Of an array that is its head; its elements are judged one by one.
   */
  judge(
    connection: number,
    index: number,
    kind: number,
    reader: ReplyReader,
    bytes: Uint8Array,
  ): number;
  judgeElement(
    connection: number,
    index: number,
    element: number,
    kind: number,
    reader: ReplyReader,
    bytes: Uint8Array,
  ): number;
}

export function createWorkload(plan: LoadPlan, codec: Codec): Workload {
  const { pipeline, connectionCount, isVerified, valueSize, readPercent, keysPerRequest } = plan;
  const isMixed = plan.test === "mixed";
  const zeros = plan.keyPrefix.padEnd(plan.keySize, "0");
  const commands = isMixed ? (["get", "set"] as const) : ([plan.test] as const);
  const templates = commands.map((command) => {
    const template = codec.template(command, zeros, valueSize, keysPerRequest);
    if (template === null) throw new Error(`${plan.protocol} has no ${command}`);
    return template;
  });
  const primary = templates[0]!;
  const secondary = templates[1] ?? primary;
  const primaryCommand = COMMANDS.indexOf(commands[0]);
  const expected = Int32Array.from(COMMANDS, (command) => codec.expected[command]);

  const stride = pipeline * Math.max(...templates.map((template) => template.bytes.length));
  // The templates lie behind the connections' regions, with a margin for copies in words.
  const templatesBegin = connectionCount * stride;
  const sizes = templates.map((template) => template.bytes.length);
  const total = templatesBegin + sizes.reduce((sum, size) => sum + size, 0);
  const area = new ByteArea(new ArrayBuffer(total + 64));
  const { bytes, view } = area;
  primary.bytes.copy(bytes, templatesBegin);
  const secondaryBegin = templatesBegin + primary.bytes.length;
  if (isMixed) secondary.bytes.copy(bytes, secondaryBegin);
  else fillTemplates(bytes, primary, connectionCount * pipeline);

  const random = createRandom(plan.seed);
  const nextKey = createKeyNumbers(plan, random);
  const writeDigits = createKeyDigits(view, digitsOf(plan));
  // Keys of a sequence come once each; there is nothing to remember about them.
  const isTracked = isVerified && plan.keys.kind !== "sequence";
  const versions = new Int32Array(isTracked ? keyCountOf(plan) : 0);
  const rowCount = connectionCount * pipeline;
  const rowCommands = new Uint8Array(rowCount).fill(primaryCommand);
  const slotCount = isVerified ? rowCount * keysPerRequest : 0;
  const slotKeys = new Float64Array(slotCount);
  const slotVersions = new Int32Array(slotCount);
  const keyScratch = Buffer.from(zeros, "latin1");
  const writeScratch = createKeyDigits(
    new DataView(keyScratch.buffer, keyScratch.byteOffset, keyScratch.length),
    digitsOf(plan),
  );
  let version = 0;

  function fill(connection: number, count: number): number {
    const row = connection * pipeline;
    let at = connection * stride;
    for (let i = 0; i < count; i++) {
      at = isMixed ? composeMixed(row + i, at) : patch(row + i, at, primary);
    }
    return at;
  }

  function composeMixed(row: number, at: number): number {
    const isGet = random.below(100) < readPercent;
    const template = isGet ? primary : secondary;
    const from = isGet ? templatesBegin : secondaryBegin;
    copyBytes(area, from, area, at, template.bytes.length);
    rowCommands[row] = isGet ? COMMAND.GET : COMMAND.SET;
    return patch(row, at, template);
  }

  /** Writes what differs from the template; where the request ends. */
  function patch(row: number, at: number, template: RequestTemplate): number {
    const { keyCount, keyStride, keyEnd, valueOffset } = template;
    const connection = Math.floor(row / pipeline);
    for (let i = 0; i < keyCount; i++) {
      const key = nextKey(connection);
      const partBegin = at + i * keyStride;
      writeDigits(partBegin + keyEnd, key);
      if (isVerified) expectOf(row, row * keysPerRequest + i, key, partBegin + valueOffset);
    }
    return at + template.bytes.length;
  }

  /** Notes what the reply about a key must be, and writes its value where one is set. */
  function expectOf(row: number, slot: number, key: number, valueBegin: number): void {
    const command = rowCommands[row];
    const isSet = command === COMMAND.SET || command === COMMAND.MSET;
    if (isSet) {
      version = (version + 1) & 0x7fffffff || 1;
      if (isTracked) versions[key] = version;
      writeScratch(keyScratch.length, key);
      writeValue(bytes, valueBegin, valueSize, version, keyScratch);
    } else if (command === COMMAND.DEL && isTracked) {
      versions[key] = DELETED;
    }
    slotKeys[slot] = key;
    slotVersions[slot] = isSet ? version : isTracked ? versions[key]! : UNKNOWN;
  }

  function judge(
    connection: number,
    index: number,
    kind: number,
    reader: ReplyReader,
    replyBytes: Uint8Array,
  ): number {
    const row = connection * pipeline + index;
    const command = rowCommands[row]!;
    if (kind === expected[command]) {
      if (kind === REPLY.ARRAY) return judgeCount(reader);
      if (kind !== REPLY.VALUE) return OUTCOME.COMPLETED;
      if (!isVerified) return judgeSize(command, reader);
      if (command === COMMAND.INCR) return OUTCOME.COMPLETED;
      return judgeValue(row * keysPerRequest, reader, replyBytes);
    }
    if (kind === REPLY.NOTHING && command === COMMAND.GET) return judgeMiss(row);
    // memcached says so when there was nothing to delete.
    if (kind === REPLY.NOTHING && command === COMMAND.DEL && plan.protocol === "memcached") {
      return OUTCOME.COMPLETED;
    }
    return kind === REPLY.ERROR || kind === REPLY.NOTHING ? OUTCOME.ERROR : OUTCOME.WRONG;
  }

  function judgeElement(
    connection: number,
    index: number,
    element: number,
    kind: number,
    reader: ReplyReader,
    replyBytes: Uint8Array,
  ): number {
    // Of an array with more elements than keys everything is wrong.
    if (element >= keysPerRequest) return OUTCOME.WRONG;
    const slot = (connection * pipeline + index) * keysPerRequest + element;
    if (kind === REPLY.NOTHING) return judgeMiss(slot);
    if (kind !== REPLY.VALUE) return kind === REPLY.ERROR ? OUTCOME.ERROR : OUTCOME.WRONG;
    return isVerified ? judgeValue(slot, reader, replyBytes) : OUTCOME.COMPLETED;
  }

  function judgeCount({ elementCount }: ReplyReader): number {
    return elementCount === keysPerRequest ? OUTCOME.COMPLETED : OUTCOME.WRONG;
  }

  /** The echo of a SET has the size of what was set, whether verified or not. */
  function judgeSize(command: number, reader: ReplyReader): number {
    const isWrong = command === COMMAND.SET && reader.valueLength !== valueSize;
    return isWrong ? OUTCOME.WRONG : OUTCOME.COMPLETED;
  }

  function judgeMiss(slot: number): number {
    if (!isVerified) return OUTCOME.MISS;
    const wanted = slotVersions[slot]!;
    if (wanted === DELETED) return OUTCOME.COMPLETED;
    return wanted === UNKNOWN ? OUTCOME.MISS : OUTCOME.WRONG;
  }

  function judgeValue(slot: number, reader: ReplyReader, from: Uint8Array): number {
    return isExpected(slot, reader, from) ? OUTCOME.COMPLETED : OUTCOME.WRONG;
  }

  function isExpected(slot: number, reader: ReplyReader, from: Uint8Array): boolean {
    const wanted = slotVersions[slot]!;
    const { valueOffset, valueLength } = reader;
    if (wanted === DELETED || valueLength < VERSION_DIGITS) return false;
    if (wanted !== UNKNOWN && valueLength !== valueSize) return false;
    if (wanted !== UNKNOWN && readVersion(from, valueOffset) !== wanted) return false;
    writeScratch(keyScratch.length, slotKeys[slot]!);
    for (let i = VERSION_DIGITS; i < valueLength; i++) {
      const byte = keyScratch[(i - VERSION_DIGITS) % keyScratch.length];
      if (from[valueOffset + i] !== byte) return false;
    }
    return true;
  }

  return { area, fill, beginOf: (connection) => connection * stride, judge, judgeElement };
}

/** Digits that are written; the ones before them are always zero. */
function digitsOf(plan: LoadPlan): number {
  return plan.keySize - plan.keyPrefix.length;
}

/** Keys whose versions are kept. */
function keyCountOf(plan: LoadPlan): number {
  return plan.keys.kind === "random" ? plan.keys.keyspace : plan.connectionTotal;
}

function fillTemplates(bytes: Buffer, template: RequestTemplate, count: number): void {
  for (let i = 0; i < count; i++) template.bytes.copy(bytes, i * template.bytes.length);
}

function writeValue(
  bytes: Uint8Array,
  offset: number,
  size: number,
  version: number,
  key: Uint8Array,
): void {
  for (let i = 0; i < VERSION_DIGITS; i++) {
    bytes[offset + i] = HEX[(version >>> ((VERSION_DIGITS - 1 - i) * 4)) & 15]!;
  }
  for (let i = VERSION_DIGITS; i < size; i++) {
    bytes[offset + i] = key[(i - VERSION_DIGITS) % key.length]!;
  }
}

/** The version that a value begins with, -1 = none. */
function readVersion(bytes: Uint8Array, offset: number): number {
  let version = 0;
  for (let i = 0; i < VERSION_DIGITS; i++) {
    const digit = HEX.indexOf(bytes[offset + i]!);
    if (digit < 0) return -1;
    version = version * 16 + digit;
  }
  return version;
}
