// The replies to the batches under way: reads them out of received bytes, judges and counts them.
// Stands between whoever has the sockets and the workload.

import { REPLY, type Codec } from "./codec.ts";
import type { LoadPlan } from "./plan.ts";
import { OUTCOME, type Workload } from "./workload.ts";

/** More than Redis's longest value: beyond it nothing is kept of a reply that is not whole. */
export const REPLY_SIZE_MAX = 1024 ** 3;
export const REPLY_TOO_LARGE = "a reply of the server has more than 1 GiB";
const SHOWN_BYTES_MAX = 40;
/** From `read`: the bytes are not replies, and the run cannot go on. */
export const NOT_UNDERSTOOD = -1;

export interface BatchReplies {
  /** Replies to requests that count, by OUTCOME. */
  readonly outcomeCounts: Float64Array;
  /** Replies of any kind and their parts, ever; stands still when the server does. */
  replyCount: number;
  /** Why `read` did not understand. */
  failure: string;
  /** A batch of `count` requests is sent; those of a warm-up do not count. */
  begin(connection: number, count: number, isCounted: boolean): void;
  /** Reads whole replies from the front of `from`; where the first that is not whole begins. */
  read(connection: number, from: Buffer, end: number): number;
  /** Whether the batch is answered; it is over then. */
  end(connection: number): boolean;
  /** Requests sent and not answered. */
  pendingCount(): number;
}

export function createBatchReplies(plan: LoadPlan, codec: Codec, workload: Workload): BatchReplies {
  const { connectionCount } = plan;
  const reader = codec.createReader();
  /** Requests of each connection's batch, and how many of them are answered. */
  const batchSizes = new Int32Array(connectionCount);
  const answeredCounts = new Int32Array(connectionCount);
  const outcomeCounts = new Float64Array(Object.keys(OUTCOME).length);
  const warmupCounts = new Float64Array(outcomeCounts.length);
  const isCountedBatch = new Uint8Array(connectionCount);
  /** Of the array that is being read, its elements; how many are missing; the worst outcome. */
  const elementCounts = new Float64Array(connectionCount);
  const missingCounts = new Float64Array(connectionCount);
  const worstOutcomes = new Uint8Array(connectionCount);

  function begin(connection: number, count: number, isCounted: boolean): void {
    isCountedBatch[connection] = Number(isCounted);
    batchSizes[connection] = count;
    answeredCounts[connection] = 0;
  }

  function read(connection: number, from: Buffer, end: number): number {
    let at = 0;
    let index = answeredCounts[connection]!;
    const count = batchSizes[connection]!;
    const counts = isCountedBatch[connection] === 1 ? outcomeCounts : warmupCounts;
    while (at < end && index < count) {
      const kind = reader.read(from, at, end);
      if (kind === REPLY.INCOMPLETE) break;
      if (kind === REPLY.BROKEN) {
        return fail(`the server's reply is not of the ${plan.protocol} protocol`, from, at, end);
      }
      replies.replyCount++;
      at += reader.size;
      if (kind === REPLY.ARRAY || missingCounts[connection] !== 0) {
        takePart(connection, index, kind, from);
        if (missingCounts[connection] !== 0) continue;
        counts[worstOutcomes[connection]!]!++;
      } else {
        counts[workload.judge(connection, index, kind, reader, from)]!++;
      }
      index++;
    }
    answeredCounts[connection] = index;
    if (index < count || at === end) return at;
    return fail("the server sent more than it was asked for", from, at, end);
  }

  /** The head of an array, or an element of it; one that is an array itself adds its elements. */
  function takePart(connection: number, index: number, kind: number, from: Buffer): void {
    const missing = missingCounts[connection]!;
    const count = elementCounts[connection]!;
    const added = kind === REPLY.ARRAY ? reader.elementCount : 0;
    if (missing === 0) {
      worstOutcomes[connection] = workload.judge(connection, index, kind, reader, from);
      elementCounts[connection] = added;
      missingCounts[connection] = added;
      return;
    }
    const element = count - missing;
    const outcome = workload.judgeElement(connection, index, element, kind, reader, from);
    if (outcome > worstOutcomes[connection]!) worstOutcomes[connection] = outcome;
    elementCounts[connection] = count + added;
    missingCounts[connection] = missing - 1 + added;
  }

  function fail(reason: string, from: Buffer, at: number, end: number): number {
    const shown = from.toString("latin1", at, Math.min(end, at + SHOWN_BYTES_MAX));
    replies.failure = `${reason}: ${JSON.stringify(shown)}`;
    return NOT_UNDERSTOOD;
  }

  function end(connection: number): boolean {
    const count = batchSizes[connection]!;
    if (count === 0 || answeredCounts[connection]! < count) return false;
    batchSizes[connection] = 0;
    answeredCounts[connection] = 0;
    return true;
  }

  function pendingCount(): number {
    let count = 0;
    for (let i = 0; i < connectionCount; i++) count += batchSizes[i]! - answeredCounts[i]!;
    return count;
  }

  const replies: BatchReplies = {
    outcomeCounts,
    replyCount: 0,
    failure: "",
    begin,
    read,
    end,
    pendingCount,
  };
  return replies;
}
