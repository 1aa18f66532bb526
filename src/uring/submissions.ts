// Writes submissions: one function an operation, each taking a zeroed entry of the ring and filling
// in what that operation reads (the layout is in kernel-constants.ts). They answer the entry's
// index in `ring.sqes`, so that the caller can add to it until its next call.
//
// Receives and sends name their socket as `socketFlags` say: by its descriptor, or with
// IOSQE_FIXED_FILE by its place among the ring's files (registration.ts).
//
// Every one ends in user data, two words that come back with each of its completions. Memory is
// given as an address, and has to stay until the operation has completed. Operations on the same
// socket may complete in any order.
//
// Closures over constants, as in ring.ts.

import {
  IORING_ACCEPT_MULTISHOT,
  IORING_ASYNC_CANCEL_ALL,
  IORING_ASYNC_CANCEL_FD,
  IORING_OP_ACCEPT,
  IORING_OP_ASYNC_CANCEL,
  IORING_OP_NOP,
  IORING_OP_READ,
  IORING_OP_RECV,
  IORING_OP_SEND,
  IORING_OP_SENDMSG,
  IORING_OP_TIMEOUT,
  SOCK_CLOEXEC,
  SQE_ADDR_WORD,
  SQE_FD_WORD,
  SQE_FLAGS_SHIFT,
  SQE_IOPRIO_SHIFT,
  SQE_LEN_WORD,
  SQE_OP_FLAGS_WORD,
  SQE_OPCODE_WORD,
  SQE_USER_DATA_WORD,
} from "./kernel-constants.ts";
import type { Ring } from "./ring.ts";
import { highWord, lowWord } from "./words.ts";

export interface Submissions {
  nop(low: number, high: number): number;
  /** Completes with the descriptor of every connection, as long as IORING_CQE_F_MORE is set. */
  acceptAll(listener: number, low: number, high: number): number;
  /** Completes with the descriptor of the next connection. */
  acceptOne(listener: number, low: number, high: number): number;
  /** `ioprio`: IORING_RECVSEND_POLL_FIRST where probably nothing has arrived yet, or 0. */
  receive(
    socket: number,
    address: number,
    length: number,
    ioprio: number,
    low: number,
    high: number,
  ): number;
  /** `flags`: MSG_NOSIGNAL, and MSG_WAITALL to have the kernel go on after a part. */
  send(
    socket: number,
    address: number,
    length: number,
    flags: number,
    low: number,
    high: number,
  ): number;
  /** `message` is the address of a struct msghdr: see message-table.ts. */
  sendMessage(socket: number, message: number, flags: number, low: number, high: number): number;
  /** Cancels one operation by its user data; it completes with ECANCELED if it had not yet. */
  cancel(targetLow: number, targetHigh: number, low: number, high: number): number;
  /** Completes with the number of operations cancelled. */
  cancelDescriptor(descriptor: number, low: number, high: number): number;
  /** `timespec` is the address of a struct __kernel_timespec; completes with ETIME. */
  timeout(timespec: number, low: number, high: number): number;
  /** From what has no positions, such as an eventfd. */
  read(descriptor: number, address: number, length: number, low: number, high: number): number;
}

export function createSubmissions(ring: Ring, socketFlags = 0): Submissions {
  const { sqes, takeSqe } = ring;
  const receiveCode = IORING_OP_RECV | (socketFlags << SQE_FLAGS_SHIFT);
  const sendCode = IORING_OP_SEND | (socketFlags << SQE_FLAGS_SHIFT);
  const sendMessageCode = IORING_OP_SENDMSG | (socketFlags << SQE_FLAGS_SHIFT);

  function begin(opcode: number, descriptor: number, low: number, high: number): number {
    const sqe = takeSqe();
    sqes[sqe + SQE_OPCODE_WORD] = opcode;
    sqes[sqe + SQE_FD_WORD] = descriptor;
    sqes[sqe + SQE_USER_DATA_WORD] = low;
    sqes[sqe + SQE_USER_DATA_WORD + 1] = high;
    return sqe;
  }

  function setMemory(sqe: number, address: number, length: number): void {
    sqes[sqe + SQE_ADDR_WORD] = lowWord(address);
    sqes[sqe + SQE_ADDR_WORD + 1] = highWord(address);
    sqes[sqe + SQE_LEN_WORD] = length;
  }

  function nop(low: number, high: number): number {
    return begin(IORING_OP_NOP, -1, low, high);
  }

  function acceptAll(listener: number, low: number, high: number): number {
    const opcode = IORING_OP_ACCEPT | (IORING_ACCEPT_MULTISHOT << SQE_IOPRIO_SHIFT);
    const sqe = begin(opcode, listener, low, high);
    sqes[sqe + SQE_OP_FLAGS_WORD] = SOCK_CLOEXEC;
    return sqe;
  }

  function acceptOne(listener: number, low: number, high: number): number {
    const sqe = begin(IORING_OP_ACCEPT, listener, low, high);
    sqes[sqe + SQE_OP_FLAGS_WORD] = SOCK_CLOEXEC;
    return sqe;
  }

  function receive(
    socket: number,
    address: number,
    length: number,
    ioprio: number,
    low: number,
    high: number,
  ): number {
    const sqe = begin(receiveCode | (ioprio << SQE_IOPRIO_SHIFT), socket, low, high);
    setMemory(sqe, address, length);
    return sqe;
  }

  function send(
    socket: number,
    address: number,
    length: number,
    flags: number,
    low: number,
    high: number,
  ): number {
    const sqe = begin(sendCode, socket, low, high);
    setMemory(sqe, address, length);
    sqes[sqe + SQE_OP_FLAGS_WORD] = flags;
    return sqe;
  }

  function sendMessage(
    socket: number,
    message: number,
    flags: number,
    low: number,
    high: number,
  ): number {
    const sqe = begin(sendMessageCode, socket, low, high);
    setMemory(sqe, message, 1);
    sqes[sqe + SQE_OP_FLAGS_WORD] = flags;
    return sqe;
  }

  function cancel(targetLow: number, targetHigh: number, low: number, high: number): number {
    const sqe = begin(IORING_OP_ASYNC_CANCEL, -1, low, high);
    sqes[sqe + SQE_ADDR_WORD] = targetLow;
    sqes[sqe + SQE_ADDR_WORD + 1] = targetHigh;
    return sqe;
  }

  function cancelDescriptor(descriptor: number, low: number, high: number): number {
    const sqe = begin(IORING_OP_ASYNC_CANCEL, descriptor, low, high);
    sqes[sqe + SQE_OP_FLAGS_WORD] = IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL;
    return sqe;
  }

  function timeout(timespec: number, low: number, high: number): number {
    const sqe = begin(IORING_OP_TIMEOUT, -1, low, high);
    setMemory(sqe, timespec, 1);
    return sqe;
  }

  function read(
    descriptor: number,
    address: number,
    length: number,
    low: number,
    high: number,
  ): number {
    const sqe = begin(IORING_OP_READ, descriptor, low, high);
    setMemory(sqe, address, length);
    return sqe;
  }

  return {
    nop,
    acceptAll,
    acceptOne,
    receive,
    send,
    sendMessage,
    cancel,
    cancelDescriptor,
    timeout,
    read,
  };
}
