// Splits what a server of RESP2 or RESP3 sends into whole replies, and keeps their raw bytes: what
// is compared, printed and altered by tests is what was on the wire.
//
//   +text  -text  :12  _  #t  ,1.5  (12      a line
//   $2 ..  !2 ..  =2 ..                      a line with a length, so many bytes, CR LF
//   *2 ..  ~2 ..  >2 ..  %1 ..               a line with a count, so many replies (% twice as many)
//   |1 ..                                    attributes of the reply that follows, part of it here
//
// A count or length of −1 is the nil of RESP2 and has nothing behind its line.

const CR = 13;
const LF = 10;
const LINES = "+-:_#,(";
const BLOBS = "$!=";
const INCOMPLETE = -1;
/** How many replies stand for one of the count. */
const CHILDREN_PER_COUNT: Readonly<Record<string, number>> = { "*": 1, "~": 1, ">": 1, "%": 2 };

export class RespReader {
  #bytes: Buffer = Buffer.alloc(0);
  /** What the pieces come to is only joined when somebody asks for a reply. */
  #pieces: Buffer[] = [];

  push(bytes: Uint8Array): void {
    this.#pieces.push(Buffer.from(bytes));
  }

  /** The next whole reply, null = it has not come yet. Throws when it is none. */
  next(): Buffer | null {
    this.#join();
    const end = endOfReply(this.#bytes, 0);
    if (end === INCOMPLETE) return null;
    const reply = this.#bytes.subarray(0, end);
    this.#bytes = this.#bytes.subarray(end);
    return reply;
  }

  /** What has come and is no whole reply, or has not been asked for. */
  rest(): Buffer {
    this.#join();
    return this.#bytes;
  }

  #join(): void {
    if (this.#pieces.length === 0) return;
    this.#bytes = Buffer.concat([this.#bytes, ...this.#pieces]);
    this.#pieces = [];
  }
}

/** All replies of a text that ends with a whole one. */
export function splitReplies(bytes: Uint8Array): Buffer[] {
  const reader = new RespReader();
  reader.push(bytes);
  const replies: Buffer[] = [];
  for (let reply = reader.next(); reply !== null; reply = reader.next()) replies.push(reply);
  if (reader.rest().length > 0) throw new Error(`no whole reply: ${show(reader.rest())}`);
  return replies;
}

/** The replies in an array, set, map or push; null = the reply is none of these. */
export function elementsOf(reply: Buffer): Buffer[] | null {
  if (!(String.fromCharCode(reply[0]!) in CHILDREN_PER_COUNT)) return null;
  return splitReplies(reply.subarray(reply.indexOf("\r\n") + 2));
}

/** The bytes of a bulk string, or the text of a line. */
export function contentOf(reply: Buffer): Buffer {
  const lineEnd = reply.indexOf("\r\n");
  const isBlob = BLOBS.includes(String.fromCharCode(reply[0]!));
  return isBlob ? reply.subarray(lineEnd + 2, -2) : reply.subarray(1, lineEnd);
}

function endOfReply(bytes: Buffer, begin: number): number {
  if (begin === bytes.length) return INCOMPLETE;
  const type = String.fromCharCode(bytes[begin]!);
  const isKnown = LINES.includes(type) || BLOBS.includes(type) || type === "|";
  if (!isKnown && !(type in CHILDREN_PER_COUNT)) {
    throw new Error(`no reply begins so: ${show(bytes.subarray(begin))}`);
  }
  const lineEnd = bytes.indexOf(LF, begin) + 1;
  if (lineEnd === 0) return INCOMPLETE;
  if (bytes[lineEnd - 2] !== CR) throw new Error(`a line without CR: ${show(bytes)}`);
  if (LINES.includes(type)) return lineEnd;
  const count = countOf(bytes, begin + 1, lineEnd - 2);
  if (count < 0) return lineEnd;
  if (BLOBS.includes(type)) return endOfBlob(bytes, lineEnd + count);
  const childCount = type === "|" ? 2 * count + 1 : count * CHILDREN_PER_COUNT[type]!;
  let end = lineEnd;
  for (let i = 0; i < childCount && end !== INCOMPLETE; i++) end = endOfReply(bytes, end);
  return end;
}

function endOfBlob(bytes: Buffer, contentEnd: number): number {
  if (contentEnd + 2 > bytes.length) return INCOMPLETE;
  if (bytes[contentEnd] !== CR || bytes[contentEnd + 1] !== LF) {
    throw new Error(`a bulk string that does not end where it says: ${show(bytes)}`);
  }
  return contentEnd + 2;
}

function countOf(bytes: Buffer, begin: number, end: number): number {
  const text = bytes.toString("latin1", begin, end);
  if (!/^(?:\d+|-1)$/.test(text)) throw new Error(`no count: ${JSON.stringify(text)}`);
  return Number(text);
}

function show(bytes: Buffer): string {
  return JSON.stringify(bytes.toString("latin1", 0, 80));
}
