// What is asked of whoever sees to durability; what comes of that is in
// test/server/persistence-service.test.ts.

import { describe, expect, test } from "bun:test";
import { Batch } from "../../src/batch/batch.ts";
import { DurabilityCommands, type OwnDurability } from "../../src/command/durability-commands.ts";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { createV1Decoder } from "../../src/protocol/v1-decoder.ts";
import type { V1Replies } from "../../src/protocol/v1-replies.ts";
import { request } from "../support/v1-frames.ts";

const CONNECTION = 3;
const SEED = 1;
/** Where the frame lies. */
const BEGIN = 77;

class Fixture {
  readonly asked: unknown[] = [];
  readonly replies: string[] = [];
  readonly #area = new ByteArea(new ArrayBuffer(1024));
  readonly #batch = new Batch();
  readonly #commands: DurabilityCommands;

  constructor(keepsData = true, hasRoom = true) {
    const own: OwnDurability = {
      setDurability: ({ connection, durability }) => this.asked.push([connection, durability]),
      demandDurability: ({ connection }, durability) =>
        this.asked.push([connection, durability, "demanded"]),
    };
    const write = (reply: string) => {
      if (hasRoom) this.replies.push(reply);
      return hasRoom;
    };
    const replies = { ok: () => write("ok"), error: () => write("error") };
    this.#commands = new DurabilityCommands(this.#area, replies as unknown as V1Replies, () =>
      keepsData ? own : null,
    );
  }

  choose(word: string): boolean {
    this.#decode(request.durability(word));
    return this.#commands.choose(this.#batch, 0, CONNECTION);
  }

  demand(word: string): boolean {
    this.#decode(request.durable(word, request.get("k")));
    return this.#commands.demand(this.#batch, 0, CONNECTION);
  }

  #decode(bytes: Buffer): void {
    bytes.copy(this.#area.bytes, BEGIN);
    this.#batch.count = 0;
    createV1Decoder(this.#area, this.#batch, SEED).decode(CONNECTION, BEGIN, BEGIN + bytes.length);
  }
}

describe("DURABILITY", () => {
  test.each([
    ["always", "always"],
    ["EverySec", "everysec"],
    ["none", "none"],
    ["DEFAULT", null],
  ])("%s is put into effect", (word, durability) => {
    const fixture = new Fixture();
    expect(fixture.choose(word)).toBe(true);
    expect(fixture.asked).toEqual([[CONNECTION, durability]]);
    expect(fixture.replies).toEqual(["ok"]);
  });

  test.each(["", "no", "alwaysx", "default\0"])("of %j is an error", (word) => {
    const fixture = new Fixture();
    expect(fixture.choose(word)).toBe(true);
    expect([fixture.asked, fixture.replies]).toEqual([[], ["error"]]);
  });

  test("is an error where nothing is kept", () => {
    const fixture = new Fixture(false);
    expect(fixture.choose("always")).toBe(true);
    expect([fixture.asked, fixture.replies]).toEqual([[], ["error"]]);
  });

  test("waits for room for its reply", () => {
    expect(new Fixture(true, false).choose("always")).toBe(false);
    expect(new Fixture(true, false).choose("nonsense")).toBe(false);
  });
});

describe("DURABLE", () => {
  test.each(["always", "everysec", "NONE"])("asks for %s and writes nothing", (word) => {
    const fixture = new Fixture();
    expect(fixture.demand(word)).toBe(true);
    expect(fixture.asked).toEqual([[CONNECTION, word.toLowerCase(), "demanded"]]);
    expect(fixture.replies).toEqual([]);
  });

  test.each(["", "default", "always\0"])("of %j is none, and asks for nothing", (word) => {
    const fixture = new Fixture();
    expect(fixture.demand(word)).toBe(false);
    expect(fixture.asked).toEqual([]);
  });

  test("is none where nothing is kept", () => {
    expect(new Fixture(false).demand("always")).toBe(false);
  });
});
