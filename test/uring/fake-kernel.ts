// A kernel that does NOPs and otherwise what the test says: answers of io_uring_enter that the real
// one gives only under load, by a signal, or in an old release.

import {
  CQE_WORDS,
  IO_URING_OP_SUPPORTED,
  IORING_FEAT_EXT_ARG,
  IORING_FEAT_FAST_POLL,
  IORING_FEAT_NODROP,
  IORING_FEAT_SINGLE_MMAP,
  IORING_FEAT_SUBMIT_STABLE,
  IORING_OFF_CQ_RING,
  IORING_OFF_SQES,
  IORING_OP_TIMEOUT,
  IORING_REGISTER_PROBE,
  IORING_SQ_CQ_OVERFLOW,
  SQE_WORDS,
} from "../../src/uring/kernel-constants.ts";
import { ERRNO } from "../../src/uring/errno.ts";
import type { UringLibc } from "../../src/uring/uring-libc.ts";

const FEATURES =
  IORING_FEAT_SINGLE_MMAP |
  IORING_FEAT_NODROP |
  IORING_FEAT_SUBMIT_STABLE |
  IORING_FEAT_FAST_POLL |
  IORING_FEAT_EXT_ARG;

// Offsets in words; the completions begin where the submissions' array ends.
const SQ = { head: 0, tail: 1, flags: 2, dropped: 3, array: 16 };
const CQ = { head: 4, tail: 5, overflow: 6 };
const MAPPING_SIZE = 1 << 16;

export interface EnterCall {
  readonly descriptor: number;
  readonly submitCount: number;
  readonly minComplete: number;
  readonly flags: number;
  readonly argumentSize: number;
}

/** How an enter goes: an error instead of it, or submissions to take at most. */
export type EnterScript = { readonly error: number } | { readonly takeMax: number };

export class FakeKernel implements UringLibc {
  features = FEATURES;
  /** Where heads and tails begin, to see them wrap. */
  firstCount = 0;
  /** Answers of io_uring_setup before it succeeds. */
  setupErrors: number[] = [];
  /** mmap calls that succeed. */
  mapCountMax = Infinity;
  script: EnterScript[] = [];
  /** Operations that the probe tells of; null = no such call. */
  opcodes: readonly number[] | null = null;
  /** What io_uring_register answers to everything; 0 = what it should. */
  registerError = 0;
  result = 0;
  readonly setupFlags: number[] = [];
  readonly enters: EnterCall[] = [];
  readonly mapped = new Map<number, ArrayBuffer>();
  readonly mapOffsets: number[] = [];
  readonly closed: number[] = [];
  /** User data of submissions, low words, in the order taken. */
  readonly taken: number[] = [];
  #views: (Uint8Array | Int32Array | Uint16Array)[] = [];
  #sqEntryCount = 0;
  #cqEntryCount = 0;
  #pending: number[][] = [];
  #sq = new Int32Array(0);
  #cq = new Int32Array(0);
  #sqes = new Int32Array(0);

  ioUringSetup(entryCount: number, params: Int32Array): number {
    this.setupFlags.push(params[2]!);
    const error = this.setupErrors.shift();
    if (error !== undefined) return -error;
    this.#sqEntryCount = entryCount;
    this.#cqEntryCount = params[1]!;
    params[0] = entryCount;
    params[5] = this.features;
    params.set([SQ.head, SQ.tail, 8, 9, SQ.flags, SQ.dropped, SQ.array].map(bytes), 10);
    const cqes = SQ.array + entryCount;
    params.set([CQ.head, CQ.tail, 10, 11, CQ.overflow, cqes].map(bytes), 20);
    return 100;
  }

  mmap(_length: number, _protection: number, _flags: number, _fd: number, offset: number): number {
    if (this.mapOffsets.length === this.mapCountMax) return -ERRNO.ENOMEM;
    this.mapOffsets.push(offset);
    const address = this.mapOffsets.length * 1e6;
    this.mapped.set(address, new ArrayBuffer(MAPPING_SIZE));
    const words = new Int32Array(this.mapped.get(address)!);
    if (offset === IORING_OFF_SQES) {
      this.#sqes = words;
    } else if (offset === IORING_OFF_CQ_RING) {
      this.#cq = words;
    } else {
      this.#sq = words;
      this.#cq = words;
    }
    for (const word of [SQ.head, SQ.tail, CQ.head, CQ.tail]) words[word] = this.firstCount;
    return address;
  }

  munmap(address: number): number {
    return this.mapped.delete(address) ? 0 : -ERRNO.EINVAL;
  }

  bufferAt(address: number): ArrayBuffer {
    return this.mapped.get(address)!;
  }

  addressOf(view: Uint8Array | Int32Array | Uint16Array): number {
    this.#views.push(view);
    return this.#views.length * 16;
  }

  ioUringEnter(
    descriptor: number,
    submitCount: number,
    minComplete: number,
    flags: number,
    _argument: number,
    argumentSize: number,
  ): number {
    this.enters.push({ descriptor, submitCount, minComplete, flags, argumentSize });
    const script = this.script.shift();
    this.#flush();
    if (script !== undefined && "error" in script) return -script.error;
    const count = Math.min(submitCount, script?.takeMax ?? Infinity);
    for (let i = 0; i < count; i++) this.#take();
    return count;
  }

  ioUringRegister(_descriptor: number, opcode: number, argument: number): number {
    if (this.registerError !== 0) return -this.registerError;
    if (opcode !== IORING_REGISTER_PROBE) return -ERRNO.EINVAL;
    if (this.opcodes === null) return -ERRNO.EINVAL;
    const probe = this.#views[argument / 16 - 1]!;
    probe[1] = 64;
    for (const known of this.opcodes) probe[16 + known * 8 + 2] = IO_URING_OP_SUPPORTED;
    return 0;
  }

  close(descriptor: number): number {
    this.closed.push(descriptor);
    return 0;
  }

  socket = (): number => this.result;
  bind = (): number => this.result;
  connect = (): number => this.result;
  listen = (): number => this.result;
  setsockopt = (): number => this.result;
  getsockname = (): number => this.result;
  getpeername = (): number => this.result;
  shutdown = (): number => this.result;
  eventfd = (): number => this.result;
  duplicate = (): number => this.result;
  eventfdWrite = (): number => this.result;

  #take(): void {
    const sqe = (this.#sq[SQ.head]! & (this.#sqEntryCount - 1)) * SQE_WORDS;
    this.#sq[SQ.head]!++;
    const entry = this.#sqes.slice(sqe, sqe + SQE_WORDS);
    this.taken.push(entry[8]!);
    const result = (entry[0]! & 0xff) === IORING_OP_TIMEOUT ? -ERRNO.ETIME : 0;
    this.#pending.push([entry[8]!, entry[9]!, result, 0]);
    this.#flush();
  }

  /** Completes what there is room for; the rest overflows. */
  #flush(): void {
    const cqes = SQ.array + this.#sqEntryCount;
    while (this.#pending.length > 0) {
      const tail = this.#cq[CQ.tail]!;
      if (((tail - this.#cq[CQ.head]!) | 0) === this.#cqEntryCount) break;
      const cqe = cqes + (tail & (this.#cqEntryCount - 1)) * CQE_WORDS;
      this.#cq.set(this.#pending.shift()!, cqe);
      this.#cq[CQ.tail] = tail + 1;
    }
    this.#sq[SQ.flags] = this.#pending.length > 0 ? IORING_SQ_CQ_OVERFLOW : 0;
  }
}

function bytes(words: number): number {
  return words * 4;
}
