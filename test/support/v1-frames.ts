// Requests and replies of fkvs v1 as bytes. Keys and values are text of one byte a character, or
// bytes. What a request states about itself is true; `frame` takes any core, for those that lie.

export type Text = string | Uint8Array;

export const ERROR = Buffer.from("000100", "hex");
export const OK = Buffer.from("000101", "hex");
/** The only length that no frame may state. */
export const TOO_LONG = Buffer.from("ffff", "hex");

/** A core behind its length. */
export function frame(...core: (Text | number)[]): Buffer {
  return behindLength(core);
}

/** A text behind its length. */
export function sized(text: Text): Buffer {
  return behindLength([text]);
}

export function u16(value: number): Buffer {
  return Buffer.from([value >>> 8, value & 0xff]);
}

export const request = {
  set: (key: Text, value: Text) => frame(0x01, sized(key), sized(value)),
  setEx: (key: Text, value: Text, seconds: Text | number) =>
    frame(0x01, sized(key), sized(value), sized(textOf(seconds))),
  get: (key: Text) => frame(0x02, sized(key)),
  incr: (key: Text) => frame(0x03, sized(key)),
  incrBy: (key: Text, amount: Text | number) => frame(0x04, sized(key), sized(textOf(amount))),
  ping: (payload: Text = "") => frame(0x05, sized(payload)),
  decr: (key: Text) => frame(0x06, sized(key)),
  info: () => frame(0x07),
  decrBy: (key: Text, amount: Text | number) => frame(0x08, sized(key), sized(textOf(amount))),
  del: (key: Text) => frame(0x09, sized(key)),
  expire: (key: Text, seconds: Text | number) => frame(0x0a, sized(key), sized(textOf(seconds))),
  ttl: (key: Text) => frame(0x0b, sized(key)),
  persist: (key: Text) => frame(0x0c, sized(key)),
  keys: () => frame(0x0d),
  /** Another request, and what its reply has to promise. */
  durable: (word: Text, inner: Buffer) => frame(0x0e, sized(word), inner.subarray(2)),
  durability: (word: Text) => frame(0x0f, sized(word)),
} as const;

export const reply = {
  value: (text: Text | number | bigint) => frame(0x01, sized(textOf(text))),
  pong: (payload: Text = "") => frame(0x05, sized(payload)),
  info: (text: Text) => frame(0x07, sized(text)),
  keys: (text: Text) => frame(0x0d, sized(text)),
} as const;

/** The whole frames at the begin of a stream; `rest` is what follows them. */
export function splitFrames(stream: Buffer): { frames: Buffer[]; rest: Buffer } {
  const frames: Buffer[] = [];
  let position = 0;
  while (stream.length - position >= 2) {
    const end = position + 2 + stream.readUInt16BE(position);
    if (end > stream.length) break;
    frames.push(stream.subarray(position, end));
    position = end;
  }
  return { frames, rest: stream.subarray(position) };
}

/** The text of a reply that has one. */
export function textIn(answer: Buffer): string {
  return answer.toString("latin1", 5);
}

/** Frames in a form that a failing test shows well; long ones are shortened. */
export function show(frames: Buffer | readonly Buffer[]): string[] {
  return [frames].flat().map((bytes) => {
    const hex = bytes.toString("hex", 0, 64);
    return bytes.length <= 64 ? hex : `${hex}… ${bytes.length} bytes ${Bun.hash.xxHash32(bytes)}`;
  });
}

/** In one piece of memory: tests make millions. */
function behindLength(parts: readonly (Text | number)[]): Buffer {
  let length = 0;
  for (const part of parts) length += typeof part === "number" ? 1 : part.length;
  const bytes = Buffer.allocUnsafe(2 + length);
  bytes[0] = length >>> 8;
  bytes[1] = length;
  let at = 2;
  for (const part of parts) {
    if (typeof part === "number") bytes[at++] = part;
    else {
      if (typeof part === "string") bytes.write(part, at, "latin1");
      else bytes.set(part, at);
      at += part.length;
    }
  }
  return bytes;
}

function textOf(value: Text | number | bigint): Text {
  return typeof value === "number" || typeof value === "bigint" ? `${value}` : value;
}
