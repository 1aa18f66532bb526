// Composes replies in memory of its own and hands them to a sink: when a reply is whole (`end`),
// and before a long value, which the sink sends from where it lies.
//
// The memory is reused for every reply, and let go when a reply has made it large. Wire format:
// https://redis.io/docs/latest/develop/reference/protocol-spec/

import { SPLICE_LENGTH_MIN } from "../batch/send-windows.ts";
import type { StoredValue } from "./keyspace.ts";
import type { Reply } from "./reply.ts";

/** Where replies go. What it is given is only valid during the call. */
export interface ReplySink {
  write(bytes: Uint8Array): void;
  /** Sends an entry's value from the store. */
  splice(reference: number): void;
}

const INITIAL_SIZE = 16 * 1024;
/** Memory beyond this is not kept for the next reply. */
const KEPT_SIZE_MAX = 256 * 1024;
const CR = 0x0d;
const LF = 0x0a;
/** A type byte, an int64 and CRLF. */
const HEAD_SIZE_MAX = 32;

export class ReplyWriter implements Reply {
  version: 2 | 3 = 2;
  /** Errors since `begin`, and the code of the last one. */
  errorCount = 0;
  errorCode = "";
  #sink: ReplySink | null = null;
  #bytes = Buffer.allocUnsafe(INITIAL_SIZE);
  #length = 0;

  begin(version: 2 | 3, sink: ReplySink): void {
    this.version = version;
    this.errorCount = 0;
    this.errorCode = "";
    this.#sink = sink;
    this.#length = 0;
  }

  /** Hands over what is composed. */
  end(): void {
    this.#flush();
    if (this.#bytes.length > KEPT_SIZE_MAX) this.#bytes = Buffer.allocUnsafe(INITIAL_SIZE);
  }

  simple(text: string): void {
    this.#line("+", text);
  }

  error(text: string): void {
    this.errorCount++;
    this.errorCode = text.slice(0, Math.max(0, text.indexOf(" ")));
    this.#line("-", text.replace(/[\r\n]+$/, "").replace(/[\r\n]/g, " "));
  }

  integer(value: number | bigint): void {
    this.#line(":", String(value));
  }

  bulk(bytes: Uint8Array | string): void {
    if (typeof bytes === "string") {
      this.#bulkText("$", "", bytes);
      return;
    }
    this.#line("$", String(bytes.length));
    this.#ensure(bytes.length + 2);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    this.#endLine();
  }

  value(value: StoredValue): void {
    if (value.reference === 0 || value.length < SPLICE_LENGTH_MIN) {
      this.bulk(value.bytes());
      return;
    }
    this.#line("$", String(value.length));
    this.#flush();
    this.#sink!.splice(value.reference);
    this.#ensure(2);
    this.#endLine();
  }

  nil(): void {
    if (this.version === 3) this.#line("_", "");
    else this.#line("$", "-1");
  }

  nilArray(): void {
    if (this.version === 3) this.#line("_", "");
    else this.#line("*", "-1");
  }

  array(count: number): void {
    this.#line("*", String(count));
  }

  map(count: number): void {
    if (this.version === 3) this.#line("%", String(count));
    else this.#line("*", String(2 * count));
  }

  set(count: number): void {
    this.#line(this.version === 3 ? "~" : "*", String(count));
  }

  push(count: number): void {
    this.#line(this.version === 3 ? ">" : "*", String(count));
  }

  attribute(count: number): void {
    if (this.version === 3) this.#line("|", String(count));
  }

  double(value: number): void {
    const text = formatDouble(value);
    if (this.version === 3) this.#line(",", text);
    else this.bulk(text);
  }

  bigNumber(digits: string): void {
    if (this.version === 3) this.#line("(", digits);
    else this.bulk(digits);
  }

  boolean(value: boolean): void {
    if (this.version === 3) this.#line("#", value ? "t" : "f");
    else this.integer(value ? 1 : 0);
  }

  verbatim(text: string): void {
    if (this.version === 3) this.#bulkText("=", "txt:", text);
    else this.bulk(text);
  }

  #bulkText(type: "$" | "=", prefix: string, text: string): void {
    const length = prefix.length + Buffer.byteLength(text);
    this.#line(type, String(length));
    this.#ensure(length + 2);
    this.#bytes.write(prefix + text, this.#length);
    this.#length += length;
    this.#endLine();
  }

  #line(type: string, text: string): void {
    this.#ensure(HEAD_SIZE_MAX + text.length);
    this.#bytes[this.#length++] = type.charCodeAt(0);
    this.#length += this.#bytes.write(text, this.#length, "latin1");
    this.#endLine();
  }

  #endLine(): void {
    this.#bytes[this.#length++] = CR;
    this.#bytes[this.#length++] = LF;
  }

  #ensure(length: number): void {
    const needed = this.#length + length;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  #flush(): void {
    if (this.#length > 0) this.#sink!.write(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
  }
}

/**
 * As C's `%.17g`, which Redis prints doubles with, except that the shortest exact text is taken.
 */
function formatDouble(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (value === Infinity) return "inf";
  if (value === -Infinity) return "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}
