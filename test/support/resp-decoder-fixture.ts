// A decoder of RESP with an area and a batch of its own, and its caller in short: what comes out of
// a stream is a list of events, the same list however the stream is cut.

import { expect } from "bun:test";
import { BATCH_CAPACITY, Batch } from "../../src/batch/batch.ts";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { RESP_DECODED, createRespDecoder } from "../../src/protocol/resp-decoder.ts";
import {
  PART,
  RESP_OPCODE,
  RESP_OPCODE_MIN,
  RESP_OPCODE_NAMES,
} from "../../src/protocol/resp-opcode.ts";
import { xxHash32 } from "../../src/store/xxhash32.ts";

/**
 * Where it begins in the stream, what it is, and its texts:
 *
 *   row       name and arguments of a hot command
 *   command   arguments
 *   inline    the line
 *   refused   the error
 *   too large
 */
export type Event = readonly [at: number, kind: string, ...texts: string[]];

export interface RespDecoderFixtureOptions {
  readonly windowSize?: number;
  readonly lengthMax?: number;
  /** What the area is full of, beside what has come. */
  readonly junk?: string;
}

export const SEEDS = Int32Array.of(4711, -99, 3);
const CONNECTION_COUNT = 3;
/** Where the first window lies: nothing may depend on it being 0 or even. */
const BEGIN = 1001;
/** Behind a window: what is read in steps of several bytes goes beyond. */
const MARGIN = 64;

export class RespDecoderFixture {
  readonly windowSize: number;
  readonly area: ByteArea;
  readonly batch = new Batch();
  readonly sessions = {
    isHot: new Uint8Array(CONNECTION_COUNT).fill(1),
    isRestricted: new Uint8Array(CONNECTION_COUNT),
    databases: new Uint8Array(CONNECTION_COUNT),
  };
  readonly decoder;
  /** Events of each connection. */
  readonly events: Event[][] = Array.from({ length: CONNECTION_COUNT }, () => []);
  /** Of the command whose rows are coming. */
  #texts: string[] = [];
  readonly #positions = new Int32Array(CONNECTION_COUNT);

  constructor(options: RespDecoderFixtureOptions = {}) {
    const { windowSize = 160 * 1024, lengthMax = 512 * 1024, junk = "Z" } = options;
    this.windowSize = windowSize;
    this.area = new ByteArea(new ArrayBuffer(BEGIN + CONNECTION_COUNT * windowSize + MARGIN));
    this.area.bytes.fill(junk, "latin1");
    this.decoder = createRespDecoder(this.area, this.batch, this.sessions, {
      windowSize,
      lengthMax,
      seeds: SEEDS,
    });
    for (let i = 0; i < CONNECTION_COUNT; i++) this.#positions[i] = this.base(i);
  }

  /** Where the stream of a connection begins in the area. */
  base(connection: number): number {
    return BEGIN + connection * this.windowSize;
  }

  /** Bytes `begin` to `end` of a stream lie in the area; they have not come yet. */
  write(connection: number, stream: Buffer, begin = 0, end = stream.length): void {
    stream.copy(this.area.bytes, this.base(connection) + begin, begin, end);
  }

  /** The first byte of the connection's stream that is not taken. */
  position(connection = 0): number {
    return this.#positions[connection]! - this.base(connection);
  }

  /** Bytes up to `end` of the stream have come: takes what they make, as the server does. */
  come(end: number, connection = 0): void {
    while (!this.hasEnded(connection)) {
      const decoded = this.decode(end, connection);
      this.takeRows();
      if (decoded === RESP_DECODED.ALL) return;
      this.#note(decoded, connection);
    }
  }

  /** Decodes once; rows stay in the batch. */
  decode(end: number, connection = 0): number {
    const begin = this.#positions[connection]!;
    const decoded = this.decoder.decode(connection, begin, this.base(connection) + end);
    this.#positions[connection] = this.decoder.position();
    if (this.position(connection) > end) throw new Error("bytes were taken before they had come");
    return decoded;
  }

  hasEnded(connection = 0): boolean {
    const kind = this.events[connection]!.at(-1)?.[1];
    return kind === "refused" || kind === "too large";
  }

  /** Empties the batch; its rows have to be those of whole commands, or of parts of one. */
  takeRows(): void {
    const { batch } = this;
    expect(batch.count).toBeLessThanOrEqual(BATCH_CAPACITY);
    for (let row = 0; row < batch.count; row++) {
      const opcode = batch.opcodes[row]!;
      const part = batch.parts[row]!;
      if ((part & PART.FIRST) !== 0) {
        this.#texts = [RESP_OPCODE_NAMES[opcode - RESP_OPCODE_MIN]!];
      } else if (this.#texts.length === 0) {
        throw new Error("the first part of a command is missing");
      }
      this.#takeRow(row, opcode);
      if ((part & PART.LAST) !== 0) this.#endRows(row, opcode);
    }
    batch.count = 0;
  }

  /** Whether rows of a command have come, and others have to. */
  isWithinCommand(): boolean {
    return this.#texts.length > 0;
  }

  /** What has come of the command at hand is forgotten, as the server's caller says. */
  forget(): void {
    this.decoder.forget();
    this.#texts = [];
  }

  #takeRow(row: number, opcode: number): void {
    if (opcode === RESP_OPCODE.PING) return;
    const { batch } = this;
    const offset = batch.keyOffsets[row]!;
    const length = batch.keyLengths[row]!;
    const database = this.sessions.databases[batch.connections[row]!]!;
    const hash = xxHash32(this.area.view, offset, length, SEEDS[database]!);
    if (batch.databases[row] !== database) expect(batch.databases[row]).toBe(database);
    if (batch.hashes[row] !== hash) expect(batch.hashes[row]).toBe(hash);
    this.#texts.push(this.#text(offset, length));
    if (opcode !== RESP_OPCODE.SET && opcode !== RESP_OPCODE.MSET) return;
    this.#texts.push(this.#text(batch.valueOffsets[row]!, batch.valueLengths[row]!));
  }

  #endRows(row: number, opcode: number): void {
    const { batch } = this;
    const connection = batch.connections[row]!;
    const at = batch.frameOffsets[row]! - this.base(connection);
    if (opcode === RESP_OPCODE.MGET) expect(batch.totals[row]).toBe(this.#texts.length - 1);
    if (opcode === RESP_OPCODE.MSET) {
      expect(batch.totals[row]).toBe(sizeOfCommand(this.#texts));
    }
    this.events[connection]!.push([at, "row", ...this.#texts]);
    this.#texts = [];
  }

  #note(decoded: number, connection: number): void {
    const { decoder } = this;
    const { args } = decoder;
    const at = decoder.frame() - this.base(connection);
    const events = this.events[connection]!;
    if (decoded === RESP_DECODED.REFUSED) {
      events.push([at, "refused", args.error]);
    } else if (decoded === RESP_DECODED.TOO_LARGE) {
      events.push([at, "too large"]);
    } else if (decoded === RESP_DECODED.COMMAND) {
      const texts = Array.from({ length: args.count }, (_, i) =>
        this.#text(args.offsets[i]!, args.lengths[i]!),
      );
      events.push([at, "command", ...texts]);
      this.#positions[connection] = decoder.next();
    } else if (decoded === RESP_DECODED.INLINE) {
      events.push([at, "inline", this.#text(decoder.frame(), decoder.lineEnd() - decoder.frame())]);
      this.#positions[connection] = decoder.next();
    } else {
      expect(decoded).toBe(RESP_DECODED.BATCH_FULL);
    }
  }

  #text(offset: number, length: number): string {
    return this.area.bytes.toString("latin1", offset, offset + length);
  }
}

function sizeOfCommand(texts: readonly string[]): number {
  const sizes = texts.map((text) => `$${text.length}\r\n\r\n`.length + text.length);
  return sizes.reduce((sum, size) => sum + size, `*${texts.length}\r\n`.length);
}
