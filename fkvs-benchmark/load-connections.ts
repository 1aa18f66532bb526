// The sockets of a load thread: sends what the workload has filled in, splits what arrives into
// replies, and tells the loop when a connection's batch is answered.
//
//   loop ──▶ send(connection, count) ──▶ workload.fill ──▶ socket
//   loop ◀── answered(connection) ◀── batch-replies.ts ◀── chunk
//
// Here over Bun's sockets, which are everywhere; ring-connections.ts is the same over io_uring. A
// chunk is read where it lies; an incomplete reply at its end is kept in the connection's carry and
// read again together with what follows.

import type { Socket } from "bun";
import {
  NOT_UNDERSTOOD,
  REPLY_SIZE_MAX,
  REPLY_TOO_LARGE,
  createBatchReplies,
} from "./batch-replies.ts";
import type { Codec } from "./codec.ts";
import type { LoadPlan, Target } from "./plan.ts";
import type { Workload } from "./workload.ts";

const CARRY_SIZE = 64 * 1024;

export interface LoopEvents {
  /** All requests of the connection's batch are answered; it is free. */
  answered(connection: number): void;
  /** The run cannot go on. */
  failed(reason: string): void;
}

export interface LoadConnections {
  /** Replies to requests that count, by OUTCOME. */
  readonly outcomeCounts: Float64Array;
  /** Replies of any kind and their parts, ever; stands still when the server does. */
  replyCount(): number;
  /** Requests sent and not answered. */
  pendingCount(): number;
  /** Connects all; rejects with a sentence that says why one could not be made. */
  open(): Promise<void>;
  /** Sends the connection's next `count` requests; those of a warm-up do not count. */
  send(connection: number, count: number, isCounted: boolean): void;
  close(): void;
}

export function createLoadConnections(
  plan: LoadPlan,
  codec: Codec,
  workload: Workload,
  events: LoopEvents,
): LoadConnections {
  const { connectionCount } = plan;
  const { area } = workload;
  const { bytes } = area;
  const replies = createBatchReplies(plan, codec, workload);
  const sockets: Socket<number>[] = [];
  /** What of each batch is not written yet; empty but for full sockets. */
  const unsentBegins = new Int32Array(connectionCount);
  const unsentEnds = new Int32Array(connectionCount);
  const carries: Buffer[] = [];
  const carryLengths = new Int32Array(connectionCount);
  let isClosing = false;

  function send(connection: number, count: number, isCounted: boolean): void {
    unsentBegins[connection] = workload.beginOf(connection);
    unsentEnds[connection] = workload.fill(connection, count);
    replies.begin(connection, count, isCounted);
    flush(connection);
  }

  function flush(connection: number): void {
    const begin = unsentBegins[connection]!;
    const length = unsentEnds[connection]! - begin;
    const sent = sockets[connection]!.write(bytes, begin, length);
    unsentBegins[connection] = begin + Math.max(0, sent);
  }

  function drained(connection: number): void {
    if (unsentBegins[connection]! < unsentEnds[connection]!) flush(connection);
  }

  function receive(connection: number, chunk: Buffer): void {
    const carried = carryLengths[connection]!;
    if (carried === 0) {
      readReplies(connection, chunk, chunk.length);
      return;
    }
    let carry = carries[connection]!;
    if (carried + chunk.length > REPLY_SIZE_MAX) {
      fail(REPLY_TOO_LARGE);
      return;
    }
    if (carried + chunk.length > carry.length) {
      carry = Buffer.concat([carry], 2 * (carried + chunk.length));
      carries[connection] = carry;
    }
    chunk.copy(carry, carried);
    readReplies(connection, carry, carried + chunk.length);
  }

  function readReplies(connection: number, from: Buffer, end: number): void {
    const at = replies.read(connection, from, end);
    if (at === NOT_UNDERSTOOD) {
      fail(replies.failure);
      return;
    }
    keep(connection, from, at, end);
    if (replies.end(connection)) events.answered(connection);
  }

  /** Keeps what is left of a chunk until the rest of it comes. */
  function keep(connection: number, from: Buffer, begin: number, end: number): void {
    const length = end - begin;
    if (length > 0) {
      if (carries[connection]!.length < length) carries[connection] = Buffer.alloc(2 * length);
      from.copy(carries[connection]!, 0, begin, end);
    }
    carryLengths[connection] = length;
  }

  function fail(reason: string): void {
    if (isClosing) return;
    isClosing = true;
    events.failed(reason);
  }

  async function open(): Promise<void> {
    const socket = {
      data: (from: Socket<number>, chunk: Buffer) => receive(from.data, chunk),
      drain: (to: Socket<number>) => drained(to.data),
      close: () => fail("the server closed the connection"),
      error: (_: Socket<number>, error: Error) => fail(`the connection failed: ${error.message}`),
    };
    const opening = Array.from({ length: connectionCount }, (_, data) => {
      carries.push(Buffer.alloc(CARRY_SIZE));
      return connectTo(plan.target, data, socket);
    });
    // A host that answers nothing at all would be waited for for minutes.
    const settled = await Promise.race([
      Promise.allSettled(opening),
      Bun.sleep(plan.timeoutMs).then(() => null),
    ]);
    if (settled === null)
      throw new Error(explainRefusal(plan.target, `no answer in ${plan.timeoutMs} ms`));
    for (const result of settled) if (result.status === "fulfilled") sockets.push(result.value);
    const refused = settled.find((result) => result.status === "rejected");
    if (refused !== undefined) throw new Error(explainRefusal(plan.target, refused.reason));
  }

  function close(): void {
    isClosing = true;
    for (const socket of sockets) socket.terminate();
  }

  return {
    outcomeCounts: replies.outcomeCounts,
    replyCount: () => replies.replyCount,
    pendingCount: replies.pendingCount,
    open,
    send,
    close,
  };
}

function connectTo(
  target: Target,
  data: number,
  socket: Bun.SocketHandler<number>,
): Promise<Socket<number>> {
  if (target.kind === "unix") return Bun.connect<number>({ unix: target.path, data, socket });
  return Bun.connect<number>({ hostname: target.host, port: target.port, data, socket });
}

/** Why there is no connection, in a sentence. */
export function explainRefusal(target: Target, reason: unknown): string {
  const place = target.kind === "unix" ? target.path : `${target.host}:${target.port}`;
  const { code } = reason as NodeJS.ErrnoException;
  if (code === "ECONNREFUSED") return `cannot connect to ${place}: connection refused`;
  if (code === "ENOENT") return `cannot connect to ${place}: there is no such socket`;
  const text = reason instanceof Error ? reason.message : (code ?? `${reason}`);
  return `cannot connect to ${place}: ${text}`;
}
