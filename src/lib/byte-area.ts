// A long-lived stretch of memory with the views the hot path needs on it. Made once at start; the
// commands pass offsets into it and never make a view of their own (a view costs 30 ns, a copy of
// 16 bytes 5 ns).

/** From this length on a native copy beats the loop of 4-byte steps. */
export const NATIVE_COPY_LENGTH_MIN = 64;

export class ByteArea {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly length: number;

  constructor(buffer: ArrayBufferLike, offset = 0, length = buffer.byteLength - offset) {
    this.bytes = Buffer.from(buffer as ArrayBuffer, offset, length);
    this.view = new DataView(buffer, offset, length);
    this.length = length;
  }
}

/** Copies between two areas; the stretches must not overlap. Writes exactly `length` bytes. */
export function copyBytes(
  source: ByteArea,
  sourceOffset: number,
  target: ByteArea,
  targetOffset: number,
  length: number,
): void {
  if (length >= NATIVE_COPY_LENGTH_MIN) {
    source.bytes.copy(target.bytes, targetOffset, sourceOffset, sourceOffset + length);
    return;
  }
  const from = source.view;
  const to = target.view;
  const wordsEnd = length & ~3;
  let i = 0;
  for (; i < wordsEnd; i += 4) {
    to.setInt32(targetOffset + i, from.getInt32(sourceOffset + i, true), true);
  }
  for (; i < length; i++) to.setUint8(targetOffset + i, from.getUint8(sourceOffset + i));
}

/** Whether `length` bytes of two areas are the same. */
export function equalBytes(
  left: DataView,
  leftOffset: number,
  right: DataView,
  rightOffset: number,
  length: number,
): boolean {
  const wordsEnd = length & ~3;
  let i = 0;
  for (; i < wordsEnd; i += 4) {
    if (left.getInt32(leftOffset + i, true) !== right.getInt32(rightOffset + i, true)) return false;
  }
  for (; i < length; i++) {
    if (left.getUint8(leftOffset + i) !== right.getUint8(rightOffset + i)) return false;
  }
  return true;
}
