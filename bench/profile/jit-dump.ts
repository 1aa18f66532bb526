// Reads what JavaScriptCore writes about the code it compiles (BUN_JSC_useJITDump), in the format
// jitdump of Linux perf. All integers are in the machine's order, which is little endian here.
//
//   header   magic u32 | version u32 | header size u32 | …
//   record   kind u32 | size u32 | time u64 | body
//   LOAD     pid u32 | tid u32 | vma u64 | address u64 | size u64 | index u64 | name, 0 | code

const MAGIC = 0x4a_69_54_44;
const HEADER_SIZE_OFFSET = 8;
const HEADER_SIZE_MIN = 40;

const RECORD_SIZE_OFFSET = 4;
const RECORD_HEADER_SIZE = 16;
const KIND_LOAD = 0;
const ADDRESS_OFFSET = RECORD_HEADER_SIZE + 16;
const CODE_SIZE_OFFSET = ADDRESS_OFFSET + 8;
const NAME_OFFSET = CODE_SIZE_OFFSET + 16;

/** A piece of compiled code, in the memory of the process that was recorded. */
export interface JitCode {
  readonly begin: number;
  readonly end: number;
  /** As JavaScriptCore has it. */
  readonly name: string;
}

/** In the order in which it was compiled. A record that is cut off ends it. */
export function readJitDump(bytes: Uint8Array): JitCode[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEADER_SIZE_MIN || view.getUint32(0, true) !== MAGIC) {
    throw new Error("this is no jitdump file of a little endian machine");
  }
  const codes: JitCode[] = [];
  let at = view.getUint32(HEADER_SIZE_OFFSET, true);
  while (at + RECORD_HEADER_SIZE <= bytes.length) {
    const size = view.getUint32(at + RECORD_SIZE_OFFSET, true);
    if (size < RECORD_HEADER_SIZE || at + size > bytes.length) break;
    if (view.getUint32(at, true) === KIND_LOAD && size > NAME_OFFSET) {
      codes.push(readLoad(bytes, view, at, at + size));
    }
    at += size;
  }
  return codes;
}

function readLoad(bytes: Uint8Array, view: DataView, at: number, recordEnd: number): JitCode {
  const begin = readAddress(view, at + ADDRESS_OFFSET);
  const nameBegin = at + NAME_OFFSET;
  const zero = bytes.indexOf(0, nameBegin);
  const nameEnd = zero < 0 || zero > recordEnd ? recordEnd : zero;
  const name = new TextDecoder().decode(bytes.subarray(nameBegin, nameEnd));
  const end = begin + readAddress(view, at + CODE_SIZE_OFFSET);
  return { begin, end, name };
}

/** Addresses of programs have 47 bits, which a number holds. */
function readAddress(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * 2 ** 32 + view.getUint32(offset, true);
}
