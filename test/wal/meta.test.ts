import { describe, expect, test } from "bun:test";
import { formatMeta, makeMeta, parseMeta, type Meta } from "../../src/wal/meta.ts";
import { RecoveryError, UnknownFormatError } from "../../src/wal/recovery-error.ts";

const META: Meta = { checksumSeed: 7, hashSeeds: [1, -2, 3], segmentBits: 10 };
const TEXT =
  '{"format":"fkvs","version":1,"checksumSeed":7,"hashSeeds":[1,-2,3],"segmentBits":10}\n';

describe("META", () => {
  test("is the line that DURABILITY.md shows", () => {
    expect(formatMeta(META)).toBe(TEXT);
    expect(parseMeta(TEXT)).toEqual(META);
  });

  test("of a new directory is random, and is read back", () => {
    const first = makeMeta(9);
    expect(parseMeta(formatMeta(first))).toEqual(first);
    expect(first.segmentBits).toBe(9);
    expect(makeMeta(9)).not.toEqual(first);
  });

  test.each([
    ["", "it is not JSON"],
    [TEXT.slice(0, -3), "it is not JSON"],
    ["null", "it is no JSON object"],
    ["[1]", "it is no JSON object"],
    ['"fkvs"', "it is no JSON object"],
    ["{}", 'its format is not "fkvs"'],
    [TEXT.replace("fkvs", "redis"), 'its format is not "fkvs"'],
    [TEXT.replace('"version":1', '"version":"1"'), "its version is no number"],
    [TEXT.replace('"version":1', '"version":0'), "its version is no number"],
    [TEXT.replace(":7", ":-1"), "its checksumSeed is no unsigned 32-bit integer"],
    [TEXT.replace(":7", ":4294967296"), "its checksumSeed is no unsigned 32-bit integer"],
    [TEXT.replace(":7", ":7.5"), "its checksumSeed is no unsigned 32-bit integer"],
    [TEXT.replace(",3]", "]"), "its hashSeeds are not three 32-bit integers"],
    [TEXT.replace(",3]", ",2147483648]"), "its hashSeeds are not three 32-bit integers"],
    [TEXT.replace("[1,-2,3]", '"abc"'), "its hashSeeds are not three 32-bit integers"],
    [TEXT.replace(":10", ":32"), "its segmentBits are not from 0 to 31"],
    [TEXT + " ".repeat(5000), "it is longer than 4096 bytes"],
  ])("is not %j", (text, reason) => {
    const parse = () => parseMeta(text);
    expect(parse).toThrow(RecoveryError);
    expect(parse).toThrow(`META at byte 0: ${reason}`);
  });

  test("of another version is another program's", () => {
    const parse = () => parseMeta('{"format":"fkvs","version":2}');
    expect(parse).toThrow(UnknownFormatError);
    expect(parse).toThrow("it is of version 2, and this program knows 1");
  });
});
