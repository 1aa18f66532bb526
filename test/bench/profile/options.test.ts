import { describe, expect, test } from "bun:test";
import { describeProfile, nameFolder, readOptions } from "../../../bench/profile/options.ts";

const DATE = new Date("2026-01-31T12:34:56.789Z");

describe("the options of a profile", () => {
  test("have defaults", () => {
    expect(readOptions([], DATE)).toEqual({
      test: "get",
      pipeline: 128,
      clients: 50,
      keys: 1_000_000,
      seconds: 5,
      frequency: 2999,
      io: "auto",
      out: "profile-2026-01-31T12-34-56",
      cpuProf: false,
    });
    expect(nameFolder(DATE)).toBe("profile-2026-01-31T12-34-56");
  });

  test("say what is recorded", () => {
    const options = readOptions(["--test", "set", "--pipeline", "1", "--io", "uring"], DATE);
    expect(describeProfile(options)).toBe("fkvs SET P=1, 50 clients, 1,000,000 keys, --io uring");
  });
});
