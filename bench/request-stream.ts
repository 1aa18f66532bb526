// Requests of one kind and one size, one behind another, as many clients would send them: what
// arrives is copied from here to the receive windows.

import { OPCODE } from "../src/protocol/opcode.ts";
import { RESP_OPCODE } from "../src/protocol/resp-opcode.ts";
import { encodeCommand } from "../test/support/resp-client.ts";
import { request } from "../test/support/v1-frames.ts";
import { KEY_LENGTH, shuffle, writeKey } from "./key-stream.ts";

export const VALUE_LENGTH = 32;
const VALUE = "v".repeat(VALUE_LENGTH);
/** Key of the requests' template; every request has its own in its place. */
const NO_KEY = "0".repeat(KEY_LENGTH);

export const KEY_KIND = { TEXT: "k", COUNTER: "n" } as const;

export interface RequestKind {
  readonly name: string;
  readonly opcode: number;
  readonly template: Buffer;
  /** Kind of the keys; null = the request has none. */
  readonly keyKind: string | null;
  readonly replySize: number;
}

/** Ten digits: as many after a benchmark's INCRs as before. */
const COUNTER = "1000000000";
const TEXT_HEADER_SIZE = 5;

export const REQUEST_KINDS = {
  get: {
    name: "GET",
    opcode: OPCODE.GET,
    template: request.get(NO_KEY),
    keyKind: KEY_KIND.TEXT,
    replySize: TEXT_HEADER_SIZE + VALUE_LENGTH,
  },
  set: {
    name: "SET",
    opcode: OPCODE.SET,
    template: request.set(NO_KEY, VALUE),
    keyKind: KEY_KIND.TEXT,
    replySize: TEXT_HEADER_SIZE + VALUE_LENGTH,
  },
  setCounter: {
    name: "SET of a counter",
    opcode: OPCODE.SET,
    template: request.set(NO_KEY, COUNTER),
    keyKind: KEY_KIND.COUNTER,
    replySize: TEXT_HEADER_SIZE + COUNTER.length,
  },
  incr: {
    name: "INCR",
    opcode: OPCODE.INCR,
    template: request.incr(NO_KEY),
    keyKind: KEY_KIND.COUNTER,
    replySize: TEXT_HEADER_SIZE + COUNTER.length,
  },
  ping: {
    name: "PING",
    opcode: OPCODE.PING,
    template: request.ping(),
    keyKind: null,
    replySize: TEXT_HEADER_SIZE,
  },
} as const satisfies Record<string, RequestKind>;

/** Of one MGET. */
const MANY = 10;
const BULK_SIZE = `$${VALUE_LENGTH}\r\n${VALUE}\r\n`.length;

/** The same in RESP. */
export const RESP_REQUEST_KINDS = {
  get: {
    name: "GET",
    opcode: RESP_OPCODE.GET,
    template: encodeCommand(["GET", NO_KEY]),
    keyKind: KEY_KIND.TEXT,
    replySize: BULK_SIZE,
  },
  set: {
    name: "SET",
    opcode: RESP_OPCODE.SET,
    template: encodeCommand(["SET", NO_KEY, VALUE]),
    keyKind: KEY_KIND.TEXT,
    replySize: "+OK\r\n".length,
  },
  setCounter: {
    name: "SET of a counter",
    opcode: RESP_OPCODE.SET,
    template: encodeCommand(["SET", NO_KEY, COUNTER]),
    keyKind: KEY_KIND.COUNTER,
    replySize: "+OK\r\n".length,
  },
  setTwice: {
    name: "MSET of a key, twice",
    opcode: RESP_OPCODE.MSET,
    template: encodeCommand(["MSET", NO_KEY, VALUE, NO_KEY, VALUE]),
    keyKind: KEY_KIND.TEXT,
    replySize: "+OK\r\n".length,
  },
  setCounterTwice: {
    name: "MSET of a counter, twice",
    opcode: RESP_OPCODE.MSET,
    template: encodeCommand(["MSET", NO_KEY, COUNTER, NO_KEY, COUNTER]),
    keyKind: KEY_KIND.COUNTER,
    replySize: "+OK\r\n".length,
  },
  incr: {
    name: "INCR",
    opcode: RESP_OPCODE.INCR,
    template: encodeCommand(["INCR", NO_KEY]),
    keyKind: KEY_KIND.COUNTER,
    replySize: `:${COUNTER}\r\n`.length,
  },
  ping: {
    name: "PING",
    opcode: RESP_OPCODE.PING,
    template: encodeCommand(["PING"]),
    keyKind: null,
    replySize: "+PONG\r\n".length,
  },
  mget: {
    name: `MGET of ${MANY}`,
    opcode: RESP_OPCODE.MGET,
    template: encodeCommand(["MGET", ...new Array<string>(MANY).fill(NO_KEY)]),
    keyKind: KEY_KIND.TEXT,
    replySize: `*${MANY}\r\n`.length + MANY * BULK_SIZE,
  },
} as const satisfies Record<string, RequestKind>;

export class RequestStream {
  readonly kind: RequestKind;
  readonly bytes: Buffer;
  readonly requestSize: number;
  readonly count: number;
  /** Where each key of a request begins. */
  readonly keyOffsets: readonly number[];

  constructor(kind: RequestKind, count: number) {
    this.kind = kind;
    this.requestSize = kind.template.length;
    this.count = count;
    this.bytes = Buffer.alloc(count * this.requestSize, kind.template);
    this.keyOffsets = findKeys(kind.template);
  }

  /** Gives the request at `index` the key of a number, for each of its keys. */
  setKey(index: number, number: number): void {
    for (let i = 0; i < this.keyOffsets.length; i++) this.#writeKey(index, i, number);
  }

  /** Gives the requests the first `keyCount` keys in random order, again and again. */
  shuffleKeys(keyCount: number): void {
    const numbers = shuffle(keyCount, keyCount);
    let next = 0;
    for (let i = 0; i < this.count; i++) {
      for (let j = 0; j < this.keyOffsets.length; j++) {
        this.#writeKey(i, j, numbers[next++ % keyCount]!);
      }
    }
  }

  #writeKey(index: number, which: number, number: number): void {
    const { keyKind } = this.kind;
    if (keyKind === null) return;
    const offset = index * this.requestSize + this.keyOffsets[which]!;
    writeKey(this.bytes, offset, keyKind, number);
  }
}

function findKeys(template: Buffer): number[] {
  const offsets: number[] = [];
  for (let at = template.indexOf(NO_KEY); at >= 0; at = template.indexOf(NO_KEY, at + KEY_LENGTH)) {
    offsets.push(at);
  }
  return offsets;
}
