// The structures that IORING_OP_SENDMSG reads: a fixed number of messages, each a struct msghdr and
// a row of struct iovec that it points to.
//
//   headers   msghdr 0 | msghdr 1 | …             vectors   iovecs of 0 | iovecs of 1 | …
//
// The kernel copies a message when it takes the submission, so a message may be rewritten after the
// enter that submitted it; the memory that its vectors point to has to stay until it has completed.

import {
  IOVEC_BASE_WORD,
  IOVEC_LENGTH_WORD,
  IOVEC_WORDS,
  MSGHDR_IOVEC_COUNT_WORD,
  MSGHDR_IOVEC_WORD,
  MSGHDR_WORDS,
} from "./kernel-constants.ts";
import { allocateWords, type UringLibc } from "./uring-libc.ts";
import { writeLong } from "./words.ts";

/** UIO_MAXIOV of Linux: a message with more is an error. */
export const VECTOR_COUNT_MAX = 1024;

export interface MessageTable {
  readonly messageCount: number;
  /** Of each message. */
  readonly vectorCount: number;
  /** Address of the message's struct msghdr. */
  addressOf(message: number): number;
  /** Begins the message anew, without vectors. */
  clear(message: number): void;
  /** False when the message has all its vectors. */
  append(message: number, address: number, length: number): boolean;
}

export function createMessageTable(
  libc: UringLibc,
  messageCount: number,
  vectorCount: number,
): MessageTable {
  if (vectorCount > VECTOR_COUNT_MAX) throw new RangeError("a message has at most 1024 vectors");
  const headers = allocateWords(messageCount * MSGHDR_WORDS);
  const vectors = allocateWords(messageCount * vectorCount * IOVEC_WORDS);
  const headersAddress = libc.addressOf(headers);
  const vectorsAddress = libc.addressOf(vectors);
  for (let message = 0; message < messageCount; message++) {
    const address =
      vectorsAddress + message * vectorCount * IOVEC_WORDS * vectors.BYTES_PER_ELEMENT;
    writeLong(headers, message * MSGHDR_WORDS + MSGHDR_IOVEC_WORD, address);
  }

  function addressOf(message: number): number {
    return headersAddress + message * MSGHDR_WORDS * headers.BYTES_PER_ELEMENT;
  }

  function clear(message: number): void {
    headers[message * MSGHDR_WORDS + MSGHDR_IOVEC_COUNT_WORD] = 0;
  }

  function append(message: number, address: number, length: number): boolean {
    const countWord = message * MSGHDR_WORDS + MSGHDR_IOVEC_COUNT_WORD;
    const count = headers[countWord]!;
    if (count === vectorCount) return false;
    const vector = (message * vectorCount + count) * IOVEC_WORDS;
    writeLong(vectors, vector + IOVEC_BASE_WORD, address);
    writeLong(vectors, vector + IOVEC_LENGTH_WORD, length);
    headers[countWord] = count + 1;
    return true;
  }

  return { messageCount, vectorCount, addressOf, clear, append };
}
