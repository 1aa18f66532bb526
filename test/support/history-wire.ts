// How the operations of a history go over the wire in each protocol, and what replies say about
// their results.
//
//   form     v1 …                          RESP …
//   single   GET SET DEL INCR              the same and APPEND, one command
//   multi                                  MULTI, a command for each step, EXEC
//   mset, mget, del                        one command of several keys
//   flush                                  FLUSHALL, a delete of each key there is

import { REFUSED, UNKNOWN, type Result, type Step } from "./linearizability-model.ts";
import { encodeCommand } from "./resp-client.ts";
import { RespReader, contentOf, elementsOf } from "./resp-reader.ts";
import { ERROR, OK, request as v1, splitFrames, textIn } from "./v1-frames.ts";

export type Form = "single" | "multi" | "mset" | "mget" | "del" | "flush";

export const PROTOCOLS = ["v1", "resp2", "resp3"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface HistoryRequest {
  readonly form: Form;
  readonly steps: readonly Step[];
}

interface ReplyReader {
  push(bytes: Uint8Array): void;
  /** The next whole reply, null = it has not come yet. */
  next(): Buffer | null;
}

export interface Wire {
  /** What is sent first, with one reply; null = nothing. */
  readonly greeting: Buffer | null;
  makeReader(): ReplyReader;
  encode(request: HistoryRequest): Buffer;
  countReplies(request: HistoryRequest): number;
  readResults(request: HistoryRequest, replies: readonly Buffer[]): Result[];
}

class FrameReader implements ReplyReader {
  #rest: Buffer = Buffer.alloc(0);
  readonly #frames: Buffer[] = [];

  push(bytes: Uint8Array): void {
    const { frames, rest } = splitFrames(Buffer.concat([this.#rest, bytes]));
    this.#frames.push(...frames);
    this.#rest = rest;
  }

  next(): Buffer | null {
    return this.#frames.shift() ?? null;
  }
}

const V1: Wire = {
  greeting: null,
  makeReader: () => new FrameReader(),
  encode: ({ steps }) => encodeFrame(steps[0]!),
  countReplies: () => 1,
  readResults: ({ steps }, [reply]) => [readFrame(steps[0]!, reply!)],
};

const RESP2: Wire = {
  greeting: null,
  makeReader: () => new RespReader(),
  encode: encodeCommands,
  countReplies: ({ form, steps }) => (form === "multi" ? steps.length + 2 : 1),
  readResults: readReplies,
};

export const WIRES: Readonly<Record<Protocol, Wire>> = {
  v1: V1,
  resp2: RESP2,
  resp3: { ...RESP2, greeting: encodeCommand(["HELLO", "3"]) },
};

function encodeFrame(step: Step): Buffer {
  switch (step.kind) {
    case "get":
      return v1.get(step.key);
    case "set":
      return v1.set(step.key, step.value);
    case "delete":
      return v1.del(step.key);
    case "increment":
      return v1.incr(step.key);
    case "append":
      throw new Error("v1 has no APPEND");
  }
}

/** One error says that there is no value, that it is no number and that memory is full. */
function readFrame(step: Step, reply: Buffer): Result {
  const isError = reply.equals(ERROR);
  if (step.kind === "get") return isError ? null : textIn(reply);
  if (step.kind === "increment") return isError ? REFUSED : textIn(reply);
  if (step.kind === "delete" && reply.equals(OK)) return UNKNOWN;
  if (step.kind === "set" && textIn(reply) === step.value) return "OK";
  throw new Error(`${step.kind} was answered with ${reply.toString("hex", 0, 40)}`);
}

function encodeCommands({ form, steps }: HistoryRequest): Buffer {
  const keys = steps.map(({ key }) => key);
  switch (form) {
    case "single":
      return encodeCommand(argumentsOf(steps[0]!));
    case "multi": {
      const inner = steps.map((step) => encodeCommand(argumentsOf(step)));
      return Buffer.concat([encodeCommand(["MULTI"]), ...inner, encodeCommand(["EXEC"])]);
    }
    case "mset":
      return encodeCommand(["MSET", ...steps.flatMap((step) => argumentsOf(step).slice(1))]);
    case "mget":
      return encodeCommand(["MGET", ...keys]);
    case "del":
      return encodeCommand(["DEL", ...keys]);
    case "flush":
      return encodeCommand(["FLUSHALL"]);
  }
}

function argumentsOf(step: Step): string[] {
  const names = { get: "GET", set: "SET", delete: "DEL", increment: "INCR", append: "APPEND" };
  return [names[step.kind], step.key, ...("value" in step ? [step.value] : [])];
}

function readReplies({ form, steps }: HistoryRequest, replies: readonly Buffer[]): Result[] {
  const last = replies.at(-1)!;
  switch (form) {
    case "single":
      return [readReply(last)];
    case "multi":
      return readTransaction(replies);
    case "mset":
      return steps.map(() => readReply(last));
    case "mget":
      return elementsOf(last)!.map(readReply);
    case "del":
      return readCount(steps.length, Number(readReply(last)));
    case "flush":
      if (readReply(last) !== "OK") throw new Error("FLUSHALL does not say OK");
      return steps.map(() => UNKNOWN);
  }
}

function readTransaction(replies: readonly Buffer[]): Result[] {
  for (const queued of replies.slice(1, -1)) {
    if (readReply(queued) !== "QUEUED") throw new Error(`not queued: ${queued.toString("latin1")}`);
  }
  const results = elementsOf(replies.at(-1)!);
  if (results === null) throw new Error(`EXEC says ${replies.at(-1)!.toString("latin1")}`);
  return results.map(readReply);
}

/** Of some keys it is not told which of them there were. */
function readCount(keyCount: number, count: number): Result[] {
  const result = count === 0 ? "0" : count === keyCount ? "1" : UNKNOWN;
  return Array.from({ length: keyCount }, () => result);
}

function readReply(reply: Buffer): Result {
  const text = reply.toString("latin1", 0, 80);
  if (text.startsWith("$-1") || text.startsWith("_")) return null;
  if (text.startsWith("-ERR value is not an integer")) return REFUSED;
  if (text.startsWith("-")) throw new Error(`a command was answered with ${text}`);
  return contentOf(reply).toString("latin1");
}
