// Requests of the protocols that are text, as templates:
//
//   head | key head | key | value head | value | end | key head | key | …
//        |<------------- key stride -------------->|

import type { RequestTemplate } from "./codec.ts";

export interface TextRequest {
  readonly head: string;
  readonly keyHead: string;
  readonly key: string;
  /** Null where there is no value. */
  readonly valueHead: string | null;
  readonly valueSize: number;
  readonly keyCount: number;
}

const END = "\r\n";

export function createTextTemplate(request: TextRequest): RequestTemplate {
  const { head, keyHead, key, valueHead, valueSize, keyCount } = request;
  const untilKeyEnd = keyHead + key;
  const value = valueHead === null ? "" : valueHead + "x".repeat(valueSize);
  const part = untilKeyEnd + value + END;
  const keyEnd = head.length + untilKeyEnd.length;
  return {
    bytes: Buffer.from(head + part.repeat(keyCount), "latin1"),
    keyCount,
    keyStride: part.length,
    keyEnd,
    valueOffset: valueHead === null ? 0 : keyEnd + valueHead.length,
  };
}

/** A request that has no key: it never changes. */
export function createFixedTemplate(text: string): RequestTemplate {
  return {
    bytes: Buffer.from(text, "latin1"),
    keyCount: 0,
    keyStride: 0,
    keyEnd: 0,
    valueOffset: 0,
  };
}
