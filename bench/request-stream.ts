// Requests of one kind and one size, one behind another, as many clients would send them: what
// arrives is copied from here to the receive windows.

import { OPCODE } from "../src/protocol/opcode.ts";
import { request } from "../test/support/v1-frames.ts";
import { KEY_LENGTH, shuffle, writeKey } from "./key-stream.ts";

export const VALUE_LENGTH = 32;
const VALUE = "v".repeat(VALUE_LENGTH);
const KEY_OFFSET = 5;
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

export class RequestStream {
  readonly kind: RequestKind;
  readonly bytes: Buffer;
  readonly requestSize: number;
  readonly count: number;

  constructor(kind: RequestKind, count: number) {
    this.kind = kind;
    this.requestSize = kind.template.length;
    this.count = count;
    this.bytes = Buffer.alloc(count * this.requestSize, kind.template);
  }

  /** Gives the request at `index` the key of a number. */
  setKey(index: number, number: number): void {
    const { keyKind } = this.kind;
    if (keyKind === null) return;
    writeKey(this.bytes, index * this.requestSize + KEY_OFFSET, keyKind, number);
  }

  /** Gives the requests the first `keyCount` keys in random order, again and again. */
  shuffleKeys(keyCount: number): void {
    const numbers = shuffle(keyCount, keyCount);
    for (let i = 0; i < this.count; i++) this.setKey(i, numbers[i % keyCount]!);
  }
}
