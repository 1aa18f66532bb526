// Two servers that are asked the same: a stream of steps is sent to both, and the first replies
// that are not alike are the difference.
//
// Both connections to a server belong to one stream and are used in turns: the next request leaves
// when all replies to the one before have come, so that both servers see one order. Requests of one
// connection that follow each other may leave in one write.

import { Random } from "./random.ts";
import { CONNECTION_COUNT } from "./redis-stream.ts";
import { commandOf, showRequest, type Request, type Step } from "./redis-request.ts";
import { areAlike } from "./reply-likeness.ts";
import { RespClient } from "./resp-client.ts";
import { contentOf, elementsOf } from "./resp-reader.ts";

const CUT_COUNT_MAX = 3;
const QUEUED = "+QUEUED\r\n";

export interface Difference {
  /** Index in the stream; its length for what is asked at the end. */
  readonly step: number;
  readonly request: Request;
  /** Null = there was none. */
  readonly left: Buffer | null;
  readonly right: Buffer | null;
}

/** A difference that is meant to be: see redis-exceptions.ts. */
export type IsExcepted = (request: Request, left: Buffer, right: Buffer) => boolean;

interface Pair {
  left: RespClient;
  right: RespClient;
  /** Requests since MULTI, null = there is no transaction. */
  queue: Request[] | null;
}

export class TwinServers {
  readonly #leftPort: number;
  readonly #rightPort: number;
  readonly #version: 2 | 3;
  readonly #isExcepted: IsExcepted;
  #pairs: Pair[] = [];

  /** The server on the right says what is right. */
  constructor(leftPort: number, rightPort: number, version: 2 | 3, isExcepted: IsExcepted) {
    this.#leftPort = leftPort;
    this.#rightPort = rightPort;
    this.#version = version;
    this.#isExcepted = isExcepted;
  }

  /** Sends the steps to both servers, emptied before; null = they answer alike. */
  async compare(steps: readonly Step[]): Promise<Difference | null> {
    try {
      for (let i = 0; i < CONNECTION_COUNT; i++) this.#pairs.push(await this.#connect());
      for (const side of ["left", "right"] as const) await this.#pairs[0]![side].ask("FLUSHALL");
      return (await this.#compareSteps(steps)) ?? (await this.#compareEnds(steps.length));
    } finally {
      for (const pair of this.#pairs) closePair(pair);
      this.#pairs = [];
    }
  }

  async #compareSteps(steps: readonly Step[]): Promise<Difference | null> {
    for (let begin = 0; begin < steps.length;) {
      const end = endOfGroup(steps, begin);
      const difference = await this.#compareGroup(steps.slice(begin, end));
      if (difference !== null) return { ...difference, step: begin + difference.step };
      begin = end;
    }
    return null;
  }

  /** Nothing more has come on any connection, and the data are the same. */
  async #compareEnds(step: number): Promise<Difference | null> {
    for (const pair of this.#pairs) {
      const difference = await this.#compareRequest(pair, commandOf(["ECHO", "the end"]));
      if (difference !== null) return { ...difference, step };
    }
    const pair = await this.#connect();
    this.#pairs.push(pair);
    const difference = await this.#compareRequest(pair, commandOf(["DEBUG", "DIGEST"]));
    return difference && { ...difference, step };
  }

  async #compareGroup(group: readonly Step[]): Promise<Difference | null> {
    const { connection, mode, cutSeed } = group[0]!;
    const pair = this.#pairs[connection]!;
    if (mode === "alone" && pair.queue !== null) return null;
    if (mode === "scan" && pair.queue === null) return await compareScan(pair, group[0]!);
    const bytes = Buffer.concat(
      group.flatMap((step) => step.requests.map((request) => request.bytes)),
    );
    // What comes after the server has closed would reset the connection.
    const cuts = mode === "fatal" ? [] : cutOffsets(bytes.length, cutSeed);
    await Promise.all([pair.left.sendCut(bytes, cuts), pair.right.sendCut(bytes, cuts)]);
    if (mode === "fatal") return await this.#compareRest(connection, group[0]!);
    for (const [step, { requests }] of group.entries()) {
      for (const request of requests) {
        if (request.likeness === "none") continue;
        const difference = await this.#compareReply(pair, request);
        if (difference !== null) return { ...difference, step };
      }
    }
    return null;
  }

  async #compareRest(connection: number, { requests }: Step): Promise<Difference | null> {
    const pair = this.#pairs[connection]!;
    const [left, right] = await Promise.all([pair.left.rest(), pair.right.rest()]);
    closePair(pair);
    this.#pairs[connection] = await this.#connect();
    const request = requests[0]!;
    if (right === null) throw new Error(`the connection stays after ${showRequest(request)}`);
    if (left?.equals(right)) return null;
    if (left !== null && this.#isExcepted(request, left, right)) return null;
    return { step: 0, request, left, right };
  }

  async #compareRequest(pair: Pair, request: Request): Promise<Difference | null> {
    pair.left.send(request.bytes);
    pair.right.send(request.bytes);
    return await this.#compareReply(pair, request);
  }

  async #compareReply(pair: Pair, request: Request): Promise<Difference | null> {
    const [left, right] = await Promise.all([pair.left.reply(), pair.right.reply()]);
    const difference = { step: 0, request, left, right };
    if (left === null && right === null) {
      throw new Error(`neither server answers ${showRequest(request)}`);
    }
    if (left === null || right === null) return difference;
    const { queue } = pair;
    trackQueue(pair, request, right);
    if (queue !== null && pair.queue === null && isCommand(request, "exec")) {
      return this.#areAlikeQueues(queue, left, right) ? null : difference;
    }
    return this.#isAlike(request, left, right) ? null : difference;
  }

  #isAlike(request: Request, left: Buffer, right: Buffer): boolean {
    return areAlike(request.likeness, left, right) || this.#isExcepted(request, left, right);
  }

  #areAlikeQueues(queue: readonly Request[], left: Buffer, right: Buffer): boolean {
    if (left.equals(right)) return true;
    const lefts = elementsOf(left);
    const rights = elementsOf(right);
    if (lefts?.length !== queue.length || rights?.length !== queue.length) return false;
    return queue.every((request, i) => this.#isAlike(request, lefts[i]!, rights[i]!));
  }

  async #connect(): Promise<Pair> {
    const left = await RespClient.connect(this.#leftPort);
    const right = await RespClient.connect(this.#rightPort);
    if (this.#version === 3) {
      for (const client of [left, right]) await client.ask("HELLO", "3");
    }
    return { left, right, queue: null };
  }
}

function closePair({ left, right }: Pair): void {
  left[Symbol.dispose]();
  right[Symbol.dispose]();
}

function endOfGroup(steps: readonly Step[], begin: number): number {
  const { connection, mode } = steps[begin]!;
  let end = begin + 1;
  if (mode !== "free") return end;
  for (; end < steps.length; end++) {
    const step = steps[end]!;
    if (!step.joinsPrevious || step.mode !== "free" || step.connection !== connection) break;
  }
  return end;
}

function cutOffsets(length: number, seed: number): number[] {
  const random = new Random(seed);
  if (length < 2 || random.oneIn(2)) return [];
  const count = random.between(1, CUT_COUNT_MAX + 1);
  const offsets = Array.from({ length: count }, () => random.between(1, length));
  return offsets.toSorted((a, b) => a - b);
}

function isCommand({ args }: Request, name: string): boolean {
  return args[0]?.toLowerCase() === name;
}

/** What the reply says about the transaction of the connection. */
function trackQueue(pair: Pair, request: Request, reply: Buffer): void {
  const text = reply.toString("latin1", 0, 80);
  if (text === QUEUED) {
    pair.queue?.push(request);
    return;
  }
  if (isCommand(request, "multi") && text === "+OK\r\n") pair.queue = [];
  const isOver = ["exec", "discard", "reset"].some((name) => isCommand(request, name));
  if (isOver && !text.startsWith("-ERR wrong number")) pair.queue = null;
}

/** Each server is asked until it is through; both must have named the same keys. */
async function compareScan(pair: Pair, { requests }: Step): Promise<Difference | null> {
  const request = requests[0]!;
  const left = await scanAll(pair.left, request.args);
  const right = await scanAll(pair.right, request.args);
  if (left === null || right === null) {
    return left === right ? null : { step: 0, request, left, right };
  }
  return left.equals(right) ? null : { step: 0, request, left, right };
}

/** The keys, sorted and once each; or the reply that is no page. */
async function scanAll(client: RespClient, args: readonly string[]): Promise<Buffer | null> {
  const keys = new Set<string>();
  let cursor = "0";
  do {
    client.send(commandOf(args.with(1, cursor)).bytes);
    const reply = await client.reply();
    const page = reply && elementsOf(reply);
    if (page?.length !== 2) return reply;
    cursor = contentOf(page[0]!).toString("latin1");
    for (const key of elementsOf(page[1]!) ?? []) keys.add(contentOf(key).toString("latin1"));
  } while (cursor !== "0");
  return Buffer.from([...keys].toSorted().join("\n"), "latin1");
}
