import { describe, expect, test } from "bun:test";
import { digestDataset, digestValue } from "../../src/redis/dataset-digest.ts";
import { NO_DEADLINE } from "../../src/redis/keyspace.ts";
import { ModelKeyspace } from "../support/model-keyspace.ts";

const NOTHING = "0".repeat(40);

function createStand() {
  const keys = new ModelKeyspace();
  const set = (database: number, key: string, value: string, deadlineMs = NO_DEADLINE) => {
    keys.set(database, Buffer.from(key), Buffer.from(value), deadlineMs);
  };
  const digest = () => digestDataset(keys).toString("hex");
  const digestOf = (key: string) => digestValue(keys.find(0, Buffer.from(key))).toString("hex");
  return { keys, set, digest, digestOf };
}

// The digests of redis-server 7.0.15.
describe("digestDataset", () => {
  test("is Redis's digest, step by step", () => {
    const { set, digest } = createStand();
    expect(digest()).toBe(NOTHING);
    set(0, "a", "b");
    expect(digest()).toBe("479783d7290f02957dfbe3408a858ba13eea1709");
    set(0, "c", "123");
    expect(digest()).toBe("b5472c68164b3a3c0d29c5e89e5d337f1084c7b1");
    set(0, "c", "123", 99_999_999_999_999n);
    expect(digest()).toBe("894c22096641628ffd1643abc669df7efc7b865c");
    set(3, "d", "e");
    expect(digest()).toBe("64c63be00c36844c05a684c92ddcfa96e1b64f24");
  });

  test("does not depend on the order, and takes in every key of many", () => {
    const [first, second] = [createStand(), createStand()];
    const count = 2500;
    for (let number = 0; number < count; number++) {
      first.set(0, `key:${number}`, `value:${number}`);
      second.set(0, `key:${count - 1 - number}`, `value:${count - 1 - number}`);
    }
    expect(first.digest()).toBe(second.digest());
    second.keys.delete(0, Buffer.from("key:1234"));
    expect(first.digest()).not.toBe(second.digest());
  });
});

describe("digestValue", () => {
  test("is Redis's digest of a value without its key", () => {
    const { set, digestOf } = createStand();
    set(0, "a", "b");
    set(0, "c", "123");
    expect(digestOf("a")).toBe("b78559cd22bce6e6df712eb99ce7f3b08e8f8f1f");
    expect(digestOf("c")).toBe("89f7f51b707418f666d5b45e053bd5bbbf82ac2b");
    set(0, "c", "123", 99_999_999_999_999n);
    expect(digestOf("c")).toBe("6f720be4ac4df2a2a7c35fa640511a20a52ceda8");
    expect(digestOf("none")).toBe(NOTHING);
  });
});
