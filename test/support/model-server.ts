// What fkvs v1 answers to a request, said in the plainest way: a Map, text and BigInt. The real
// server's replies are compared with these. Memory is never full here.

import { ERROR, OK, reply, u16 } from "./v1-frames.ts";

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const EXPIRY_LENGTH_MAX = 31;
const KEYS_LENGTH_MAX = 65500;

interface Item {
  readonly value: string;
  /** In milliseconds since the epoch; null = none. */
  readonly deadline: bigint | null;
}

/** Reads a core; a text that goes beyond it makes the whole request invalid. */
class CoreReader {
  readonly #core: Buffer;
  #position = 1;

  constructor(core: Buffer) {
    this.#core = core;
  }

  get restLength(): number {
    return this.#core.length - this.#position;
  }

  /** A text behind its length; null when it is not all there. */
  text(): string | null {
    if (this.restLength < 2) return null;
    const begin = this.#position + 2;
    const end = begin + this.#core.readUInt16BE(this.#position);
    if (end > this.#core.length) return null;
    this.#position = end;
    return this.#core.toString("latin1", begin, end);
  }
}

export class ModelServer {
  nowMs: number;
  readonly items = new Map<string, Item>();

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  /** The reply to one frame. KEYS lists in the order of the Map, INFO is empty. */
  execute(request: Buffer): Buffer {
    const core = request.subarray(2);
    if (core.length === 0) return ERROR;
    const opcode = core[0]!;
    if (opcode === 0x07) return reply.info("");
    if (opcode === 0x0d) return core.length === 1 ? this.#keys() : ERROR;
    const reader = new CoreReader(core);
    const first = reader.text();
    if (first === null) return ERROR;
    if (opcode === 0x05) return reply.pong(Buffer.from(first, "latin1"));
    if (opcode === 0x01) return this.#set(first, reader);
    if (opcode === 0x04 || opcode === 0x08 || opcode === 0x0a) {
      const second = reader.text();
      if (second === null) return ERROR;
      if (opcode === 0x0a) return this.#expire(first, second);
      return this.#add(first, second, opcode === 0x04 ? 1n : -1n);
    }
    return this.#withKey(opcode, first);
  }

  /** Keys that have not expired. */
  liveKeys(): string[] {
    return [...this.items.keys()].filter((key) => this.#find(key) !== undefined);
  }

  #withKey(opcode: number, key: string): Buffer {
    const item = this.#find(key);
    switch (opcode) {
      case 0x02:
        return item === undefined ? ERROR : valueReply(item.value);
      case 0x03:
        return key === "" ? ERROR : this.#add(key, "1", 1n);
      case 0x06:
        return this.#add(key, "1", -1n);
      case 0x09:
        this.items.delete(key);
        return OK;
      case 0x0b:
        return this.#ttl(item);
      case 0x0c:
        if (item !== undefined) this.items.set(key, { ...item, deadline: null });
        return OK;
      default:
        return ERROR;
    }
  }

  #set(key: string, reader: CoreReader): Buffer {
    const value = reader.text();
    if (value === null) return ERROR;
    let deadline: bigint | null = null;
    if (reader.restLength > 0) {
      const seconds = reader.text();
      if (seconds === null || seconds === "") return ERROR;
      deadline = this.#deadlineOf(seconds);
      if (deadline === null) return ERROR;
    }
    this.items.set(key, { value, deadline });
    return valueReply(value);
  }

  #add(key: string, amountText: string, sign: bigint): Buffer {
    const amount = parseInt64(amountText);
    const item = this.#find(key);
    const value = parseInt64(item?.value ?? "0");
    if (amount === null || value === null) return ERROR;
    const sum = value + sign * amount;
    if (sum > INT64_MAX || sum < INT64_MIN) return ERROR;
    this.items.set(key, { value: `${sum}`, deadline: item?.deadline ?? null });
    return reply.value(sum);
  }

  #expire(key: string, seconds: string): Buffer {
    const item = this.#find(key);
    const deadline = this.#deadlineOf(seconds);
    if (item === undefined || deadline === null) return ERROR;
    this.items.set(key, { ...item, deadline });
    return OK;
  }

  #ttl(item: Item | undefined): Buffer {
    if (item === undefined) return reply.value(-2);
    if (item.deadline === null) return reply.value(-1);
    return reply.value((item.deadline - BigInt(this.nowMs)) / 1000n);
  }

  #keys(): Buffer {
    const lines = this.liveKeys().map((key, i) => `${i + 1}) ${key}\n`);
    const text = lines.join("");
    return text.length > KEYS_LENGTH_MAX ? ERROR : reply.keys(text.slice(0, -1));
  }

  #deadlineOf(text: string): bigint | null {
    if (text.length > EXPIRY_LENGTH_MAX || text.startsWith("-")) return null;
    const seconds = parseInt64(text);
    if (seconds === null) return null;
    const deadline = BigInt(this.nowMs) + seconds * 1000n;
    return deadline > INT64_MAX ? null : deadline;
  }

  #find(key: string): Item | undefined {
    const item = this.items.get(key);
    if (item === undefined || item.deadline === null || item.deadline > BigInt(this.nowMs)) {
      return item;
    }
    this.items.delete(key);
    return undefined;
  }
}

/** The number a text means, null when it is none of 64 bits. */
export function parseInt64(text: string): bigint | null {
  if (!/^[+-]?[0-9]+$/.test(text)) return null;
  const value = BigInt(text.replace("+", ""));
  return value >= INT64_MIN && value <= INT64_MAX ? value : null;
}

function valueReply(value: string): Buffer {
  const text = Buffer.from(value, "latin1");
  return Buffer.concat([u16(text.length + 3), Buffer.from([1]), u16(text.length), text]);
}
