import { expect, test } from "bun:test";
import {
  MemoryFullError,
  RecoveryError,
  UnknownFormatError,
} from "../../src/wal/recovery-error.ts";

test("says where something is wrong, or that it is the directory", () => {
  const error = new RecoveryError("snapshot-0000000001", 64, "it is cut off");
  expect(error.message).toBe("snapshot-0000000001 at byte 64: it is cut off");
  expect(error).toMatchObject({ file: "snapshot-0000000001", offset: 64, reason: "it is cut off" });
  expect(new RecoveryError("", 0, "it is in use").message).toBe("it is in use");
});

test("an unknown format refuses as well, full memory is no fault of a file", () => {
  expect(new UnknownFormatError("META", 0, "")).toBeInstanceOf(RecoveryError);
  expect(new MemoryFullError("")).not.toBeInstanceOf(RecoveryError);
});
