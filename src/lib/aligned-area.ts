// Memory that begins where the system wants it to: at an address that is a multiple.

import { ByteArea } from "./byte-area.ts";
import { loadLibc } from "./libc.ts";

/** `alignment` is a power of two; where addresses cannot be asked for, it is left to chance. */
export function reserveAlignedArea(length: number, alignment: number): ByteArea {
  const buffer = new ArrayBuffer(length + alignment);
  const address = loadLibc()?.addressOf(new Uint8Array(buffer)) ?? 0;
  return new ByteArea(buffer, -address & (alignment - 1), length);
}
