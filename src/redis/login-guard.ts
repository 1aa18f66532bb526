// Compares passwords for AUTH and HELLO, and slows down who guesses them.
//
// Wrong passwords are counted by network address. After FAILURE_COUNT_MAX of them the address is
// refused without a comparison, first for REFUSAL_MIN_MS, then twice as long after each further
// wrong one, up to REFUSAL_MAX_MS. The answer is the same at once, so no connection waits and a
// guesser does not see whether his guess was looked at. Who comes from another address notices
// nothing; a right password, or FORGET_AFTER_MS without a wrong one, ends the count.
//
//   wrong     1 … 10     11      12      13   …
//   refused     –        1 s     2 s     4 s      ≤ 60 s

import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../lib/clock.ts";

export const FAILURE_COUNT_MAX = 10;
export const REFUSAL_MIN_MS = 1000;
export const REFUSAL_MAX_MS = 60_000;
export const FORGET_AFTER_MS = 300_000;
/** Addresses that are remembered; then the one that failed longest ago is forgotten. */
export const ADDRESS_COUNT_MAX = 4096;
/** Bytes. */
export const PASSWORD_LENGTH_MAX = 512;

interface Failures {
  count: number;
  lastMs: number;
  refusedUntilMs: number;
}

export class LoginGuard {
  readonly #clock: Clock;
  readonly #passwordDigest: Buffer | null;
  /** In the order of the last failures. */
  readonly #failures = new Map<string, Failures>();

  /** Null = every password is right, as in Redis without a password. */
  constructor(password: string | null, clock: Clock) {
    this.#passwordDigest = password === null ? null : digest(Buffer.from(password));
    this.#clock = clock;
  }

  /**
   * Whether a login is right. A wrong user is given a comparison as well, so that time does not
   * tell it from a wrong password. `address` is the client's, with its port.
   */
  isLogin(isUser: boolean, password: Uint8Array, address: string): boolean {
    if (this.#passwordDigest === null) return isUser;
    const host = hostOf(address);
    const nowMs = this.#clock.elapsedMs();
    const failures = this.#find(host, nowMs);
    if (nowMs < failures.refusedUntilMs) return false;
    // Digests are equally long, so that the time tells nothing about the password's length.
    const isShort = password.length <= PASSWORD_LENGTH_MAX;
    const isRight = isShort && timingSafeEqual(digest(password), this.#passwordDigest) && isUser;
    if (isRight) this.#failures.delete(host);
    else this.#noteFailure(host, failures, nowMs);
    return isRight;
  }

  #find(host: string, nowMs: number): Failures {
    const failures = this.#failures.get(host);
    const isKnown = failures !== undefined && nowMs - failures.lastMs < FORGET_AFTER_MS;
    return isKnown ? failures : { count: 0, lastMs: nowMs, refusedUntilMs: 0 };
  }

  #noteFailure(host: string, failures: Failures, nowMs: number): void {
    failures.count++;
    failures.lastMs = nowMs;
    const excess = failures.count - FAILURE_COUNT_MAX;
    if (excess > 0) {
      const refusalMs = Math.min(REFUSAL_MAX_MS, REFUSAL_MIN_MS * 2 ** (excess - 1));
      failures.refusedUntilMs = nowMs + refusalMs;
    }
    this.#failures.delete(host);
    this.#failures.set(host, failures);
    if (this.#failures.size > ADDRESS_COUNT_MAX) {
      this.#failures.delete(this.#failures.keys().next().value!);
    }
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

/** An address without its port; the path of a Unix socket has none. */
function hostOf(address: string): string {
  return address.replace(/:\d+$/, "");
}
