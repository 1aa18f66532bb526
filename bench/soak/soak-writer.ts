// One connection that writes, reads and checks as fast as it is answered, over keys of its own: a
// batch of requests over different keys, all replies, the next batch. What it knows of its keys
// outlives the server and the connection.

import { Random } from "../../test/support/random.ts";
import { RespClient, encodeCommand } from "../../test/support/resp-client.ts";
import { contentOf } from "../../test/support/resp-reader.ts";
import { ABSENT, KeyModel, fingerprint, type KeyState } from "./key-model.ts";

const DEPTH_MAX = 32;
const SHORT_LENGTH_MAX = 400;
const LONG_LENGTH_MIN = 16 * 1024;
const LONG_LENGTH_MAX = 512 * 1024;
/** One in so many values is long. */
const LONG_ODDS = 300;
const LIFETIME_MAX_MS = 8000;
/** Batches between two requests that make all before them certain. */
const BARRIER_INTERVAL = 16;
/** One key in so many is a counter. */
const COUNTER_SHARE = 8;
const CHECK_BATCH = 200;
/** A slow disk, many records to bring back. */
const REPLY_TIMEOUT_MS = 60_000;

interface Request {
  readonly args: readonly string[];
  readonly key: string;
  /** What it makes of the key, null = it only reads. */
  readonly state: KeyState | null;
  /** What is wrong with its reply, "" = nothing. */
  readonly check: (reply: Buffer, fromMs: number, toMs: number) => string;
}

export interface SoakWriterOptions {
  readonly name: string;
  readonly keyCount: number;
  readonly seed: number;
  /** Every reply promises that no crash undoes what it says. */
  readonly isAlways: boolean;
}

export class SoakWriter {
  operationCount = 0;
  /** What the server has done that it must not, "" = nothing. */
  problem = "";
  readonly keys: readonly string[];
  readonly #model = new KeyModel();
  readonly #random: Random;
  readonly #isAlways: boolean;
  #batchCount = 0;
  #serial = 0;

  constructor({ name, keyCount, seed, isAlways }: SoakWriterOptions) {
    this.keys = Array.from({ length: keyCount }, (_, i) => `${name}:${i}`);
    this.#random = new Random(seed);
    this.#isAlways = isAlways;
  }

  /** Until the server closes the connection, or there is a problem. */
  async run(port: number): Promise<void> {
    using client = await RespClient.connect(port);
    while (this.problem === "" && (await this.#runBatch(client)));
  }

  /** The server has been stopped in order, or killed. */
  noteEnd(isClean: boolean): void {
    if (isClean || this.#isAlways) this.#model.makeCertain();
  }

  /** Compares all keys with what a restarted server has. */
  async check(port: number): Promise<void> {
    using client = await RespClient.connect(port);
    for (let i = 0; i < this.keys.length && this.problem === ""; i += CHECK_BATCH) {
      await this.#checkKeys(client, this.keys.slice(i, i + CHECK_BATCH));
    }
  }

  async #checkKeys(client: RespClient, keys: readonly string[]): Promise<void> {
    const fromMs = Date.now();
    const commands = keys.flatMap((key) => [
      ["GET", key],
      ["PEXPIRETIME", key],
    ]);
    client.send(Buffer.concat(commands.map(encodeCommand)));
    for (const key of keys) {
      const value = await client.reply(REPLY_TIMEOUT_MS);
      const deadline = await client.reply(REPLY_TIMEOUT_MS);
      if (value === null || deadline === null) {
        this.problem ||= "a server that has just started does not answer";
        return;
      }
      const seen = { text: textOf(value), fromMs, toMs: Date.now() };
      const deadlineMs = Math.max(0, Number(contentOf(deadline)));
      // It may have expired between the two.
      const isGone = contentOf(deadline).toString() === "-2";
      this.problem ||= this.#model.settle(key, isGone ? seen : { ...seen, deadlineMs });
    }
  }

  /** False when the connection is gone. */
  async #runBatch(client: RespClient): Promise<boolean> {
    const requests = this.#makeBatch();
    const fromMs = Date.now();
    for (const { key, state } of requests) if (state !== null) this.#model.begin(key, state);
    client.send(Buffer.concat(requests.map(({ args }) => encodeCommand(args))));
    for (const { args, key, state, check } of requests) {
      const reply = await client.reply(REPLY_TIMEOUT_MS);
      if (reply === null) {
        if (!client.isClosed) this.problem ||= `no reply to ${args[0]} of ${key}`;
        return false;
      }
      this.problem ||= check(reply, fromMs, Date.now());
      if (state !== null) this.#model.acknowledge(key);
      this.operationCount++;
    }
    if (this.#isAlways || (await this.#passBarrier(client))) this.#model.makeCertain();
    return true;
  }

  /** Now and then a reply that promises all before it. */
  async #passBarrier(client: RespClient): Promise<boolean> {
    if (++this.#batchCount % BARRIER_INTERVAL !== 0) return false;
    client.send(encodeCommand(["DURABLE", "always", "PING"]));
    const reply = await client.reply(REPLY_TIMEOUT_MS);
    return reply !== null && reply.toString("latin1") === "+PONG\r\n";
  }

  #makeBatch(): Request[] {
    const count = this.#random.between(1, DEPTH_MAX);
    const indices = new Set<number>();
    for (let i = 0; i < count; i++) indices.add(this.#random.below(this.keys.length));
    return [...indices].map((index) => {
      const key = this.keys[index]!;
      return index % COUNTER_SHARE === 0 ? this.#count(key) : this.#makeRequest(key);
    });
  }

  /** Counters have no deadline and are never deleted. */
  #count(key: string): Request {
    const text = `${Number(this.#model.latest(key).text ?? 0) + 1}`;
    return expecting(["INCR", key], key, { text, deadlineMs: 0 }, `:${text}\r\n`);
  }

  #makeRequest(key: string): Request {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 45) return this.#set(key, 0);
    if (choice < 60) return this.#set(key, this.#makeDeadline());
    if (choice < 75) return this.#read(key);
    if (choice < 88) {
      return { args: ["DEL", key], key, state: ABSENT, check: expectInteger };
    }
    const latest = this.#model.latest(key);
    // Of what may have expired by then nobody can say what becomes of it.
    if (latest.text === null || latest.deadlineMs > 0) return this.#set(key, 0);
    const state = { text: latest.text, deadlineMs: this.#makeDeadline() };
    return expecting(["PEXPIREAT", key, `${state.deadlineMs}`], key, state, ":1\r\n");
  }

  #set(key: string, deadlineMs: number): Request {
    const value = this.#makeValue();
    const args = ["SET", key, value, ...(deadlineMs > 0 ? ["PXAT", `${deadlineMs}`] : [])];
    return expecting(args, key, { text: fingerprint(value), deadlineMs }, "+OK\r\n");
  }

  #read(key: string): Request {
    return {
      args: ["GET", key],
      key,
      state: null,
      check: (reply, fromMs, toMs) =>
        this.#model.compare(key, { text: textOf(reply), fromMs, toMs }),
    };
  }

  #makeDeadline(): number {
    return Date.now() + this.#random.between(1, LIFETIME_MAX_MS);
  }

  #makeValue(): string {
    const random = this.#random;
    const isLong = random.oneIn(LONG_ODDS);
    const length = isLong
      ? random.between(LONG_LENGTH_MIN, LONG_LENGTH_MAX)
      : random.below(SHORT_LENGTH_MAX);
    return `${this.#serial++}:${String.fromCharCode(random.between(65, 91)).repeat(length)}`;
  }
}

function expecting(
  args: readonly string[],
  key: string,
  state: KeyState,
  expected: string,
): Request {
  const check = (reply: Buffer): string => {
    const text = reply.toString("latin1");
    return text === expected ? "" : `${args[0]} of ${key} is answered with ${JSON.stringify(text)}`;
  };
  return { args, key, state, check };
}

function expectInteger(reply: Buffer): string {
  const text = reply.toString("latin1");
  return text[0] === ":" ? "" : `an error: ${JSON.stringify(text)}`;
}

/** Of a GET. */
function textOf(reply: Buffer): string | null {
  if (reply.toString("latin1", 0, 3) === "$-1") return null;
  return fingerprint(contentOf(reply).toString("latin1"));
}
