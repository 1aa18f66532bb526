import { describe, expect, test } from "bun:test";
import { halfSipHash } from "../../src/store/half-siphash.ts";

// The 64 vectors of the reference repository (veorq/SipHash, vectors.h, HalfSipHash with 32 bits):
// under the key 00 01 … 07, the hashes of the inputs "", 00, 00 01, 00 01 02, …, low byte first.
const VECTORS = `
  a9359f5b 27475ab8 fa62a603 8afee704 2a6e4689 c5fab669 5863fc23 8bcf63c5
  d0b8848f f806e779 94b07934 08083050 57f0872f 77e663ff d6fff87c 74fe2b97
  d9b5ac84 c474645b 465b8d9b 7befe387 e34d1045 613f62b3 70f367fe e6adb8bd
  27400c63 26787875 4f567b5f 3ab0e669 b0644000 ff670fb4 509e338b 5d589f1a
  fee72112 33753259 6a434f8c fe28b729 e75cc6ec 697e8d54 63688b0f 650b62b4
  b6bc1840 5d074505 2442fd2e 7bb7863a 7705d548 d75208b1 b6d499c8 0892202e
  69e12ce3 8db580e5 369764c6 016e0204 3b85f3d4 fedb66be 1e692a3a c68984c0
  a5c5b940 9be9e88c 7dbc8140 7c078ec5 d4e76c73 428fcbb9 bd83997a 59ea4a74`
  .trim()
  .split(/\s+/);

const KEY_0 = 0x03020100;
const KEY_1 = 0x07060504;

function hashOf(bytes: Uint8Array, key0: number, key1: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const hash = Buffer.alloc(4);
  hash.writeInt32LE(halfSipHash(view, 0, bytes.length, key0, key1));
  return hash.toString("hex");
}

describe("halfSipHash", () => {
  test("has the values of the reference vectors", () => {
    expect(VECTORS).toHaveLength(64);
    const input = Uint8Array.from({ length: 64 }, (_, i) => i);
    for (const [length, wanted] of VECTORS.entries()) {
      expect(hashOf(input.subarray(0, length), KEY_0, KEY_1)).toBe(wanted);
    }
  });

  test("reads from any offset and nothing beyond the end", () => {
    for (let offset = 0; offset < 9; offset++) {
      const bytes = new Uint8Array(offset + 63);
      for (let i = 0; i < 63; i++) bytes[offset + i] = i;
      expect(hashOf(bytes.subarray(offset), KEY_0, KEY_1)).toBe(VECTORS[63]!);
    }
  });

  test("changes with each half of the key", () => {
    const input = Buffer.from("a key");
    const hashes = [hashOf(input, 1, 2), hashOf(input, 1, 3), hashOf(input, 2, 2)];
    expect(new Set(hashes).size).toBe(3);
    expect(hashOf(input, -1, 2 ** 31)).toBe(hashOf(input, 0xffffffff, -(2 ** 31)));
  });
});
