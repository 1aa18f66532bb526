// What a request costs from its arrival in the receive window to its reply's departure, without the
// system's share: 50 connections that send P requests each a turn. And what batches win: the same
// requests with a turn for each of them, as a server would that executes what it has just read.
// Connections speak v1, or all of them RESP: the stand is one server, whose code is compiled for
// what it is asked.

import { assert } from "../src/lib/assert.ts";
import { measureSection, type Budget, type Case, type Section } from "./measurement.ts";
import type { ThreadMode } from "../src/lib/thread-mode.ts";
import type { ThreadSetup } from "../src/server/thread-setup.ts";
import { CONNECTION_COUNT, PipelineStand } from "./pipeline-stand.ts";
import {
  REQUEST_KINDS,
  RESP_REQUEST_KINDS,
  RequestStream,
  type RequestKind,
} from "./request-stream.ts";

const DEPTHS = [1, 16, 128];
/** Of the one-by-one cases: enough to be timed. */
const ONE_BY_ONE_DEPTH = 16;
const STREAM_COUNT_MAX = 2 ** 20;

type Play = (first: number) => number;

/** What is measured, and what it is filled with. */
interface Requests {
  readonly title: string;
  readonly fills: readonly RequestKind[];
  readonly kinds: readonly RequestKind[];
  readonly isLogged?: boolean;
  readonly threads?: ThreadSetup;
}

const V1: Requests = {
  title: "pipeline",
  fills: [REQUEST_KINDS.set, REQUEST_KINDS.setCounter],
  kinds: [REQUEST_KINDS.get, REQUEST_KINDS.set, REQUEST_KINDS.incr, REQUEST_KINDS.ping],
};
const LOGGED: Requests = {
  title: "pipeline with a log",
  fills: V1.fills,
  kinds: [REQUEST_KINDS.set, REQUEST_KINDS.incr],
  isLogged: true,
};
const RESP: Requests = {
  title: "pipeline of RESP",
  fills: [RESP_REQUEST_KINDS.set, RESP_REQUEST_KINDS.setCounter],
  kinds: [
    RESP_REQUEST_KINDS.get,
    RESP_REQUEST_KINDS.set,
    RESP_REQUEST_KINDS.incr,
    RESP_REQUEST_KINDS.ping,
    RESP_REQUEST_KINDS.mget,
  ],
};

const LOGGED_RESP: Requests = {
  title: "pipeline of RESP with a log",
  fills: [RESP_REQUEST_KINDS.set, RESP_REQUEST_KINDS.setCounter],
  kinds: [RESP_REQUEST_KINDS.set, RESP_REQUEST_KINDS.incr],
  isLogged: true,
};
/** What sharded threads would send each other otherwise is set by commands of two keys. */
const THREADED: Requests = {
  title: "",
  fills: [RESP_REQUEST_KINDS.setTwice, RESP_REQUEST_KINDS.setCounterTwice],
  kinds: [RESP_REQUEST_KINDS.get, RESP_REQUEST_KINDS.set, RESP_REQUEST_KINDS.incr],
};

export function measurePipeline(keyCount: number, budget: Budget): Promise<Section[]> {
  return measureRequests(V1, keyCount, budget);
}

/** The same over a log; reads are not logged. */
export function measureLoggedPipeline(keyCount: number, budget: Budget): Promise<Section[]> {
  return measureRequests(LOGGED, keyCount, budget);
}

export function measureLoggedRespPipeline(keyCount: number, budget: Budget): Promise<Section[]> {
  return measureRequests(LOGGED_RESP, keyCount, budget);
}

/** As one of two threads, whose other one sleeps: what locks cost, and routes. */
export function measureSharedPipeline(keyCount: number, budget: Budget): Promise<Section[]> {
  return measureThread("shared", keyCount, budget);
}

export function measureShardedPipeline(keyCount: number, budget: Budget): Promise<Section[]> {
  return measureThread("sharded", keyCount, budget);
}

function measureThread(mode: ThreadMode, keyCount: number, budget: Budget): Promise<Section[]> {
  const title = `pipeline of RESP as one of two threads, ${mode}`;
  const threads = { index: 0, count: 2, mode };
  return measureRequests({ ...THREADED, title, threads }, keyCount, budget);
}

export function measureRespPipeline(keyCount: number, budget: Budget): Promise<Section[]> {
  return measureRequests(RESP, keyCount, budget);
}

async function measureRequests(
  requests: Requests,
  keyCount: number,
  budget: Budget,
): Promise<Section[]> {
  const stand = new PipelineStand(2 * keyCount, requests);
  for (const kind of requests.fills) stand.fill(kind, keyCount);
  assert(stand.thread.store.keyCount === 2 * keyCount, "all keys are there");

  const sections: Section[] = [];
  for (const kind of requests.kinds) {
    const stream = openStream(kind, keyCount);
    const cases = [
      playCase(`${kind.name} one by one`, stand, stream, ONE_BY_ONE_DEPTH, (first) =>
        stand.playOneByOne(stream, first, ONE_BY_ONE_DEPTH),
      ),
      ...DEPTHS.map((depth) =>
        playCase(`${kind.name} P=${depth}`, stand, stream, depth, (first) =>
          stand.playTurn(stream, first, depth),
        ),
      ),
    ];
    const title = `${requests.title}, ${kind.name}, ${keyCount.toLocaleString("en")} keys`;
    sections.push(await measureSection(title, "request", cases, budget));
  }
  return sections;
}

function openStream(kind: RequestKind, keyCount: number): RequestStream {
  const turnCount = CONNECTION_COUNT * Math.max(...DEPTHS);
  const { keyOffsets } = new RequestStream(kind, 1);
  // Every key once, if they are not too many.
  const count = Math.min(keyCount, STREAM_COUNT_MAX) / Math.max(1, keyOffsets.length);
  const turns = Math.ceil(count / turnCount);
  const stream = new RequestStream(kind, turns * turnCount);
  stream.shuffleKeys(keyCount);
  return stream;
}

/** Goes round the stream, and has made sure that every request is executed and answered. */
function playCase(
  name: string,
  stand: PipelineStand,
  stream: RequestStream,
  depth: number,
  play: Play,
): Case {
  const operationCount = CONNECTION_COUNT * depth;
  checkPlay(stand, stream, operationCount, play);
  let next = 0;
  return {
    name,
    operationCount,
    run() {
      if (next + operationCount > stream.count) next = 0;
      const played = play(next);
      next += operationCount;
      return played;
    },
  };
}

function checkPlay(
  stand: PipelineStand,
  stream: RequestStream,
  operationCount: number,
  play: Play,
): void {
  const { executor } = stand.thread;
  const { opcode, replySize } = stream.kind;
  const executedBefore = executor.executedCounts[opcode]!;
  const sentBefore = stand.engine.sentBytes;
  play(0);
  const executedCount = executor.executedCounts[opcode]! - executedBefore;
  const rowCount = operationCount * Math.max(1, stream.keyOffsets.length);
  assert(executedCount === rowCount, "every request is executed");
  const sentBytes = stand.engine.sentBytes - sentBefore;
  assert(sentBytes === operationCount * replySize, "every reply is there");
}
