// A client that writes as fast as it is answered, over keys of its own, and remembers what was
// acknowledged and what was on its way when the server died.

import { connect, type Socket } from "node:net";
import {
  applyOperation,
  countSurvivors,
  type CrashState,
  type Operation,
  type Step,
} from "./crash-operation.ts";
import { Random } from "./random.ts";
import { encodeCommand } from "./resp-client.ts";
import { RespReader } from "./resp-reader.ts";
import { request, splitFrames } from "./v1-frames.ts";

const V1_STATUS_OFFSET = 2;
const V1_ERROR = 0;
const SHOWN_LENGTH = 24;
const COUNTER_COUNT = 3;
const LONG_VALUE_ODDS = 150;
const LONG_LENGTH_MAX = 400 * 1024;
const SHORT_LENGTH_MAX = 300;

export interface CrashWriterOptions {
  readonly name: string;
  readonly seed: number;
  readonly protocol: "resp" | "v1";
  /** Operations that are on their way at once. */
  readonly depth: number;
  readonly keyCount: number;
}

interface Sent {
  readonly operation: Operation;
  /** Replies that are still to come. */
  due: number;
}

export class CrashWriter {
  acknowledgedCount = 0;
  /** Replies that were errors; none is expected unless the log has failed. */
  errors: string[] = [];
  /** What it has given or deleted: with everything acknowledged. */
  state: CrashState = new Map();
  readonly keys: readonly string[];
  onAcknowledged: () => void = () => {};
  readonly #options: CrashWriterOptions;
  readonly #random: Random;
  /** With everything that is on its way, too. */
  #latest: CrashState = new Map();
  #underWay: Sent[] = [];
  /** By key, the value that somebody has read last. */
  readonly #seen = new Map<string, string>();
  #socket: Socket | null = null;
  #reader = new RespReader();
  #rest: Buffer = Buffer.alloc(0);
  #serial = 0;
  #isPaused = false;

  constructor(options: CrashWriterOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.keys = Array.from({ length: options.keyCount }, (_, i) => `${options.name}:${i}`);
  }

  /** Writes until the connection is closed; settles then. */
  async run(port: number): Promise<void> {
    const socket = connect(port, "127.0.0.1");
    this.#socket = socket;
    this.#reader = new RespReader();
    this.#rest = Buffer.alloc(0);
    this.#underWay = [];
    this.errors = [];
    this.#latest = new Map(this.state);
    this.#seen.clear();
    this.#isPaused = false;
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.setNoDelay(true);
    socket.on("connect", () => this.#fill());
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    await promise;
  }

  get underWayCount(): number {
    return this.#underWay.length;
  }

  /** What was on its way, for a message. */
  describeUnderWay(): string[] {
    const underWay = this.#underWay.map(({ operation }) => operation);
    const seen = this.#listSeen(underWay);
    return underWay.map((operation, i) => (seen.has(i) ? "seen " : "") + describe(operation));
  }

  noteSeen(key: string, value: string): void {
    this.#seen.set(key, value);
  }

  /**
   * Takes what a restarted server has as the state to go on from. How many of the operations under
   * way have happened; -1 = what was acknowledged is lost, or what nobody has written is there.
   */
  settle(found: CrashState, partitionCount: number): number {
    const underWay = this.#underWay.map(({ operation }) => operation);
    const crash = { base: this.state, underWay, seen: this.#listSeen(underWay), partitionCount };
    const count = countSurvivors(crash, found);
    this.state = new Map(found);
    this.#underWay = [];
    return count;
  }

  /** Indices of the operations under way whose value has been read. */
  #listSeen(underWay: readonly Operation[]): Set<number> {
    const seen = new Set<number>();
    for (const [key, value] of this.#seen) {
      const state = new Map(this.state);
      if (state.get(key) === value) continue;
      for (const [i, operation] of underWay.entries()) {
        applyOperation(state, operation);
        if (state.get(key) !== value) continue;
        // A rename proves nothing: it may bring back what the key had long before.
        if (!operation.steps.some((step) => step.kind === "rename")) seen.add(i);
        break;
      }
    }
    return seen;
  }

  #fill(): void {
    while (!this.#isPaused && this.#underWay.length < this.#options.depth) this.#sendNext();
  }

  #sendNext(): void {
    const operation = this.#makeOperation();
    applyOperation(this.#latest, operation);
    const { bytes, replyCount } =
      this.#options.protocol === "v1" ? encodeV1(operation) : encodeResp(operation);
    this.#underWay.push({ operation, due: replyCount });
    this.#socket!.write(bytes);
  }

  #receive(chunk: Buffer): void {
    if (this.#options.protocol === "v1") {
      const { frames, rest } = splitFrames(Buffer.concat([this.#rest, chunk]));
      this.#rest = Buffer.from(rest);
      for (const frame of frames) {
        this.#answer(frame[V1_STATUS_OFFSET] === V1_ERROR ? frame.toString("latin1") : "");
      }
    } else {
      this.#reader.push(chunk);
      for (let reply = this.#reader.next(); reply !== null; reply = this.#reader.next()) {
        this.#answer(reply[0] === 0x2d ? reply.toString("latin1") : "");
      }
    }
    this.#fill();
  }

  /** The next reply; "" = it is no error. */
  #answer(error: string): void {
    if (error !== "") {
      this.errors.push(error);
      this.#isPaused = true;
      this.#socket?.end();
      return;
    }
    // After an error nobody knows which reply is whose.
    const sent = this.#hasErrors ? undefined : this.#underWay[0];
    if (sent === undefined) return;
    sent.due--;
    if (sent.due > 0) return;
    this.#underWay.shift();
    applyOperation(this.state, sent.operation);
    this.acknowledgedCount++;
    this.onAcknowledged();
  }

  /** Keys, and the numbers that are counted up. */
  get allKeys(): string[] {
    const counters = Array.from({ length: COUNTER_COUNT }, (_, i) => this.#counter(i));
    return [...this.keys, ...counters];
  }

  #counter(index: number): string {
    return `${this.#options.name}#${index}`;
  }

  get #hasErrors(): boolean {
    return this.errors.length > 0;
  }

  #makeOperation(): Operation {
    const random = this.#random;
    if (this.#options.protocol === "v1") return { steps: [this.#makeStep(true)] };
    if (random.oneIn(6)) return this.#makeSets();
    if (random.oneIn(8)) return this.#makeTransaction();
    if (random.oneIn(12)) return this.#makeRename();
    return { steps: [this.#makeStep(false)] };
  }

  /** An MSET. */
  #makeSets(): Operation {
    const keys = this.#pickKeys();
    return { steps: keys.map((key) => ({ kind: "set", key, value: this.#value(true) })) };
  }

  /** A MULTI; several steps of which not all are SETs. */
  #makeTransaction(): Operation {
    const steps = this.#pickKeys().map((key) => this.#stepFor(key, false));
    return { steps: [...steps, this.#makeAddition()] };
  }

  #makeRename(): Operation {
    const key = this.#random.pick(this.keys);
    const to = this.#random.pick(this.keys);
    if (key === to || !this.#latest.has(key)) return { steps: [this.#makeStep(false)] };
    return { steps: [{ kind: "rename", key, to }] };
  }

  #pickKeys(): string[] {
    const count = this.#random.between(2, 6);
    return [...new Set(Array.from({ length: count }, () => this.#random.pick(this.keys)))];
  }

  #makeStep(isV1: boolean): Step {
    const random = this.#random;
    if (random.oneIn(5)) return this.#makeAddition();
    return this.#stepFor(random.pick(this.keys), isV1);
  }

  #makeAddition(): Step {
    return { kind: "add", key: this.#counter(this.#random.below(COUNTER_COUNT)), amount: 1 };
  }

  #stepFor(key: string, isV1: boolean): Step {
    const random = this.#random;
    if (random.oneIn(6) && this.#latest.has(key)) return { kind: "delete", key };
    if (!isV1 && random.oneIn(8)) return { kind: "append", key, text: this.#value(true) };
    return { kind: "set", key, value: this.#value(isV1) };
  }

  /** Like no other. */
  #value(isShort: boolean): string {
    const tag = `${this.#options.name}=${++this.#serial};`;
    const random = this.#random;
    if (isShort || !random.oneIn(LONG_VALUE_ODDS)) {
      return tag + "x".repeat(random.below(SHORT_LENGTH_MAX));
    }
    return tag.repeat(Math.ceil(random.below(LONG_LENGTH_MAX) / tag.length) + 1);
  }
}

function describe({ steps }: Operation): string {
  return JSON.stringify(steps, (_, value: unknown) =>
    typeof value === "string" ? value.slice(0, SHOWN_LENGTH) : value,
  );
}

interface Encoded {
  readonly bytes: Buffer;
  readonly replyCount: number;
}

function encodeV1({ steps }: Operation): Encoded {
  const frames = steps.map((step) => {
    if (step.kind === "set") return request.set(step.key, step.value);
    if (step.kind === "add") return request.incr(step.key);
    return request.del(step.key);
  });
  return { bytes: Buffer.concat(frames), replyCount: frames.length };
}

function encodeResp({ steps }: Operation): Encoded {
  const commands = steps.map(commandOf);
  if (steps.length === 1) return { bytes: encodeCommand(commands[0]!), replyCount: 1 };
  if (steps.every(({ kind }) => kind === "set")) {
    const args = commands.flatMap(([, ...rest]) => rest);
    return { bytes: encodeCommand(["MSET", ...args]), replyCount: 1 };
  }
  const all = [["MULTI"], ...commands, ["EXEC"]];
  return { bytes: Buffer.concat(all.map(encodeCommand)), replyCount: all.length };
}

function commandOf(step: Step): string[] {
  switch (step.kind) {
    case "set":
      return ["SET", step.key, step.value];
    case "delete":
      return ["DEL", step.key];
    case "add":
      return ["INCRBY", step.key, `${step.amount}`];
    case "append":
      return ["APPEND", step.key, step.text];
    case "rename":
      return ["RENAME", step.key, step.to];
  }
}
