// What a ring can be told once instead of with every operation: io_uring_register. Cold: results
// are checked and thrown here. With IORING_SETUP_SINGLE_ISSUER the ring's own thread has to make
// these calls.

import { checkResult, ERRNO } from "./errno.ts";
import {
  IO_URING_OP_SUPPORTED,
  IORING_ASYNC_CANCEL_ALL,
  IORING_ASYNC_CANCEL_ANY,
  IORING_FEAT_RW_ATTR,
  IORING_REGISTER_FILES2,
  IORING_REGISTER_FILES_UPDATE,
  IORING_REGISTER_PROBE,
  IORING_REGISTER_RING_FDS,
  IORING_REGISTER_SYNC_CANCEL,
  IORING_RSRC_REGISTER_SPARSE,
  IORING_UNREGISTER_RING_FDS,
  PROBE_OP_COUNT_MAX,
  PROBE_OP_FLAGS_OFFSET,
  PROBE_OP_SIZE,
  PROBE_OPS_COUNT_OFFSET,
  PROBE_OPS_OFFSET,
  RSRC_REGISTER_COUNT_WORD,
  RSRC_REGISTER_FLAGS_WORD,
  RSRC_REGISTER_WORDS,
  RSRC_UPDATE_DATA_WORD,
  RSRC_UPDATE_OFFSET_WORD,
  RSRC_UPDATE_WORDS,
  SYNC_CANCEL_FLAGS_WORD,
  SYNC_CANCEL_TIMEOUT_WORD,
  SYNC_CANCEL_WORDS,
} from "./kernel-constants.ts";
import { allocateWords, type UringLibc } from "./uring-libc.ts";
import { writeLong } from "./words.ts";

/** Has the kernel choose the place of a registered ring. */
const ANY_PLACE = -1;
const NO_FILE = -1;
const CANCEL_TIMEOUT_SECONDS = 1;

export class Registration {
  readonly #libc: UringLibc;
  readonly #descriptor: number;
  /** What the kernel reads by address, held so that it is not collected before. */
  readonly #held: (Int32Array | Uint8Array)[] = [];
  readonly #fileDescriptor = allocateWords(1);
  readonly #fileUpdate = allocateWords(RSRC_UPDATE_WORDS);

  constructor(libc: UringLibc, descriptor: number) {
    this.#libc = libc;
    this.#descriptor = descriptor;
  }

  /**
   * 1 = the kernel knows the operation, by opcode; null before kernel 5.6. Throws when the call is
   * forbidden, which says nothing of the kernel.
   */
  probeOpcodes(): Uint8Array | null {
    const probe = new Uint8Array(
      new ArrayBuffer(PROBE_OPS_OFFSET + PROBE_OP_COUNT_MAX * PROBE_OP_SIZE),
    );
    const result = this.#call(IORING_REGISTER_PROBE, probe, PROBE_OP_COUNT_MAX);
    if (result === -ERRNO.EINVAL) return null;
    checkResult("io_uring_register", result);
    const isKnown = new Uint8Array(PROBE_OP_COUNT_MAX);
    for (let opcode = 0; opcode < probe[PROBE_OPS_COUNT_OFFSET]!; opcode++) {
      const flags = probe[PROBE_OPS_OFFSET + opcode * PROBE_OP_SIZE + PROBE_OP_FLAGS_OFFSET]!;
      if ((flags & IO_URING_OP_SUPPORTED) !== 0) isKnown[opcode] = 1;
    }
    return isKnown;
  }

  /** The ring's place among the thread's rings, for IORING_ENTER_REGISTERED_RING; -1 = no place. */
  registerRing(): number {
    const update = allocateWords(RSRC_UPDATE_WORDS);
    update[RSRC_UPDATE_OFFSET_WORD] = ANY_PLACE;
    update[RSRC_UPDATE_DATA_WORD] = this.#descriptor;
    const result = this.#call(IORING_REGISTER_RING_FDS, update, 1);
    return result === 1 ? update[RSRC_UPDATE_OFFSET_WORD]! : -1;
  }

  /** Without this the ring outlives its descriptor, up to the end of the thread. */
  unregisterRing(place: number): void {
    const update = allocateWords(RSRC_UPDATE_WORDS);
    update[RSRC_UPDATE_OFFSET_WORD] = place;
    const result = this.#call(IORING_UNREGISTER_RING_FDS, update, 1);
    checkResult("unregistering an io_uring", result);
  }

  /**
   * Has places for files, by which operations with IOSQE_FIXED_FILE name them: the kernel need not
   * look each up and hold it for each operation. False where there are none: too few descriptors
   * are allowed, or the kernel is older than 6.14. Before 6.13 a file that gave up its place stayed
   * open until every earlier operation on any of them was over, which idle connections' are not.
   */
  reserveFiles(count: number, features: number): boolean {
    if ((features & IORING_FEAT_RW_ATTR) === 0) return false;
    const reservation = allocateWords(RSRC_REGISTER_WORDS);
    reservation[RSRC_REGISTER_COUNT_WORD] = count;
    reservation[RSRC_REGISTER_FLAGS_WORD] = IORING_RSRC_REGISTER_SPARSE;
    return this.#call(IORING_REGISTER_FILES2, reservation, reservation.byteLength) === 0;
  }

  /** Puts a file at a place that has none; 0 or a negative error number. */
  registerFile(place: number, descriptor: number): number {
    this.#fileDescriptor[0] = descriptor;
    this.#fileUpdate[RSRC_UPDATE_OFFSET_WORD] = place;
    writeLong(this.#fileUpdate, RSRC_UPDATE_DATA_WORD, this.#libc.addressOf(this.#fileDescriptor));
    return Math.min(0, this.#call(IORING_REGISTER_FILES_UPDATE, this.#fileUpdate, 1));
  }

  /** Nothing of the file is under way. */
  unregisterFile(place: number): void {
    checkResult("unregistering a file", this.registerFile(place, NO_FILE));
  }

  /** Ends everything that is under way and waits for it; false before kernel 6.0. */
  cancelAll(): boolean {
    const cancel = allocateWords(SYNC_CANCEL_WORDS);
    cancel[SYNC_CANCEL_FLAGS_WORD] = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
    writeLong(cancel, SYNC_CANCEL_TIMEOUT_WORD, CANCEL_TIMEOUT_SECONDS);
    const result = this.#call(IORING_REGISTER_SYNC_CANCEL, cancel, 1);
    return result >= 0 || result === -ERRNO.ENOENT;
  }

  #call(opcode: number, argument: Int32Array | Uint8Array, count: number): number {
    this.#held[0] = argument;
    const address = this.#libc.addressOf(argument);
    return this.#libc.ioUringRegister(this.#descriptor, opcode, address, count);
  }
}
