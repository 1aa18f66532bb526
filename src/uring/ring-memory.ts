// The memory that a ring shares with the kernel: io_uring_setup, and the two or three mappings of
// its descriptor as arrays of 32-bit words.
//
//   submission ring   head tail flags dropped array[]     one mapping with IORING_FEAT_SINGLE_MMAP,
//   completion ring   head tail overflow cqes[]           two before it (kernel 5.4)
//   submissions       sqe[]                               always its own
//
// Where each field is, the kernel says in io_uring_params; here are word indices into the views.
// `array` maps places of the submission ring to entries of sqe[]. It is filled once, each place
// with its own entry, and never touched again.
//
// The views die with `unmap`: whoever touches one afterwards reads unmapped memory and crashes.

import { checkResult, ERRNO, SystemCallError } from "./errno.ts";
import {
  CQ_OFF_CQES_WORD,
  CQ_OFF_HEAD_WORD,
  CQ_OFF_OVERFLOW_WORD,
  CQ_OFF_TAIL_WORD,
  CQE_WORDS,
  IORING_FEAT_SINGLE_MMAP,
  IORING_OFF_CQ_RING,
  IORING_OFF_SQ_RING,
  IORING_OFF_SQES,
  IORING_SETUP_CLAMP,
  IORING_SETUP_COOP_TASKRUN,
  IORING_SETUP_CQSIZE,
  IORING_SETUP_DEFER_TASKRUN,
  IORING_SETUP_SINGLE_ISSUER,
  IORING_SETUP_SUBMIT_ALL,
  MAP_POPULATE,
  MAP_SHARED,
  PARAMS_CQ_ENTRIES_WORD,
  PARAMS_FEATURES_WORD,
  PARAMS_FLAGS_WORD,
  PARAMS_SQ_ENTRIES_WORD,
  PARAMS_WORDS,
  PROT_READ,
  PROT_WRITE,
  SQ_OFF_ARRAY_WORD,
  SQ_OFF_DROPPED_WORD,
  SQ_OFF_FLAGS_WORD,
  SQ_OFF_HEAD_WORD,
  SQ_OFF_TAIL_WORD,
  SQE_WORDS,
} from "./kernel-constants.ts";
import { allocateWords, type UringLibc } from "./uring-libc.ts";

const WORD_SIZE = Int32Array.BYTES_PER_ELEMENT;

/**
 * Best first. Deferred task work runs only while the ring's own thread is in io_uring_enter, so
 * that completions come in batches and interrupt nothing; cooperative task work runs whenever the
 * thread enters the kernel anyway.
 */
export const SETUP_CHOICES: readonly number[] = [
  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL,
  IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL,
  0,
];

export interface RingOptions {
  /** Rounded up to a power of two, and down to what the kernel allows. */
  readonly sqEntryCount: number;
  /** Likewise. */
  readonly cqEntryCount: number;
  /** Flags of io_uring_setup; the first that the kernel knows are used. SETUP_CHOICES if absent. */
  readonly setupChoices?: readonly number[];
}

export interface RingMemory {
  readonly descriptor: number;
  readonly setupFlags: number;
  readonly features: number;
  /** Powers of two. */
  readonly sqEntryCount: number;
  readonly cqEntryCount: number;
  readonly sq: Int32Array<ArrayBuffer>;
  readonly sqHeadWord: number;
  readonly sqTailWord: number;
  readonly sqFlagsWord: number;
  readonly sqDroppedWord: number;
  readonly cq: Int32Array<ArrayBuffer>;
  readonly cqHeadWord: number;
  readonly cqTailWord: number;
  readonly cqOverflowWord: number;
  readonly cqesWord: number;
  readonly sqes: Int32Array<ArrayBuffer>;
  unmap(): void;
}

/** Throws SystemCallError, and has left nothing open then. */
export function mapRingMemory(libc: UringLibc, options: RingOptions): RingMemory {
  const params = allocateWords(PARAMS_WORDS);
  const descriptor = setUp(libc, params, options);
  const mappings: { address: number; length: number }[] = [];

  function map(length: number, offset: number): ArrayBuffer {
    const protection = PROT_READ | PROT_WRITE;
    const address = libc.mmap(length, protection, MAP_SHARED | MAP_POPULATE, descriptor, offset);
    checkResult("mmap of the ring", address);
    mappings.push({ address, length });
    return libc.bufferAt(address, length);
  }

  function unmap(): void {
    for (const { address, length } of mappings) libc.munmap(address, length);
    mappings.length = 0;
    libc.close(descriptor);
  }

  try {
    return describe(descriptor, params, map, unmap);
  } catch (error) {
    unmap();
    throw error;
  }
}

function setUp(libc: UringLibc, params: Int32Array, options: RingOptions): number {
  const choices = options.setupChoices ?? SETUP_CHOICES;
  let result = -ERRNO.EINVAL;
  for (const choice of choices) {
    params.fill(0);
    params[PARAMS_FLAGS_WORD] = choice | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    params[PARAMS_CQ_ENTRIES_WORD] = options.cqEntryCount;
    result = libc.ioUringSetup(options.sqEntryCount, params);
    // How a kernel answers flags that it does not know.
    if (result !== -ERRNO.EINVAL) break;
  }
  if (result < 0) throw new SystemCallError("io_uring_setup", result);
  return result;
}

function describe(
  descriptor: number,
  params: Int32Array,
  map: (length: number, offset: number) => ArrayBuffer,
  unmap: () => void,
): RingMemory {
  const field = (word: number): number => params[word]! >>> 0;
  const wordOf = (word: number): number => field(word) / WORD_SIZE;
  const features = field(PARAMS_FEATURES_WORD);
  const sqEntryCount = field(PARAMS_SQ_ENTRIES_WORD);
  const cqEntryCount = field(PARAMS_CQ_ENTRIES_WORD);
  const arrayWord = wordOf(SQ_OFF_ARRAY_WORD);
  const cqesWord = wordOf(CQ_OFF_CQES_WORD);
  const sqLength = (arrayWord + sqEntryCount) * WORD_SIZE;
  const cqLength = (cqesWord + cqEntryCount * CQE_WORDS) * WORD_SIZE;
  const isSingle = (features & IORING_FEAT_SINGLE_MMAP) !== 0;
  const sqBuffer = map(isSingle ? Math.max(sqLength, cqLength) : sqLength, IORING_OFF_SQ_RING);
  const cqBuffer = isSingle ? sqBuffer : map(cqLength, IORING_OFF_CQ_RING);
  const sqes = new Int32Array(map(sqEntryCount * SQE_WORDS * WORD_SIZE, IORING_OFF_SQES));
  const sq = new Int32Array(sqBuffer);
  for (let i = 0; i < sqEntryCount; i++) sq[arrayWord + i] = i;
  return {
    descriptor,
    setupFlags: field(PARAMS_FLAGS_WORD),
    features,
    sqEntryCount,
    cqEntryCount,
    sq,
    sqHeadWord: wordOf(SQ_OFF_HEAD_WORD),
    sqTailWord: wordOf(SQ_OFF_TAIL_WORD),
    sqFlagsWord: wordOf(SQ_OFF_FLAGS_WORD),
    sqDroppedWord: wordOf(SQ_OFF_DROPPED_WORD),
    cq: isSingle ? sq : new Int32Array(cqBuffer),
    cqHeadWord: wordOf(CQ_OFF_HEAD_WORD),
    cqTailWord: wordOf(CQ_OFF_TAIL_WORD),
    cqOverflowWord: wordOf(CQ_OFF_OVERFLOW_WORD),
    cqesWord,
    sqes,
    unmap,
  };
}
