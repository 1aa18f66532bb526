import { describe, expect, test } from "bun:test";
import { ByteArea } from "../../src/lib/byte-area.ts";
import { createRespArguments } from "../../src/protocol/resp-arguments.ts";
import { LongCommand } from "../../src/server/long-command.ts";
import { Random } from "../support/random.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { StoreFixture } from "../support/store-fixture.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const WINDOW_SIZE = 64 * KIB;
/** The window is not the first of its area. */
const BASE = 1000;
const PAGE_SIZE = 128 * KIB;

interface Options {
  readonly limitBytes?: number;
  readonly argumentLengthMax?: number;
  readonly isRestricted?: boolean;
  readonly storeBytes?: number;
}

/** A window whose bytes a long command takes, as a turn does it. */
class Fixture {
  readonly memory: StoreFixture;
  readonly budget: { usedBytes: number; readonly limitBytes: number };
  readonly area = new ByteArea(new ArrayBuffer(BASE + WINDOW_SIZE + 64));
  readonly #options: Options;
  command: LongCommand;
  #end = BASE;

  constructor(options: Options = {}) {
    this.#options = options;
    this.memory = new StoreFixture({ sizeBytes: options.storeBytes ?? 32 * MIB });
    this.budget = { usedBytes: 0, limitBytes: options.limitBytes ?? 8 * MIB };
    this.command = this.begin();
  }

  begin(): LongCommand {
    const { argumentLengthMax = 16 * MIB, isRestricted = false } = this.#options;
    this.command = new LongCommand({
      area: this.area,
      lines: createRespArguments(this.area, WINDOW_SIZE, argumentLengthMax),
      store: this.memory.store,
      budget: this.budget,
      argumentLengthMax,
      isRestricted,
    });
    return this.command;
  }

  /** Feeds bytes in pieces; those that the command has left at the end. */
  feed(bytes: Uint8Array, pieceLength: () => number = () => WINDOW_SIZE): string {
    for (let position = 0; position < bytes.length;) {
      const room = BASE + WINDOW_SIZE - this.#end;
      const length = Math.min(room, bytes.length - position, pieceLength());
      this.area.bytes.set(bytes.subarray(position, position + length), this.#end);
      this.#end += length;
      position += length;
      const next = this.command.feed(BASE, this.#end);
      this.area.bytes.copyWithin(BASE, next, this.#end);
      this.#end -= next - BASE;
      if (this.command.isComplete || this.command.error !== "") {
        const rest = bytes.subarray(position);
        const left = Buffer.concat([this.area.bytes.subarray(BASE, this.#end), rest]);
        this.#end = BASE;
        return left.toString("latin1");
      }
    }
    return this.area.bytes.toString("latin1", BASE, this.#end);
  }

  /** The arguments as they are, wherever they lie. */
  arguments(): string[] {
    const { args, parcels } = this.command;
    return args.map((arg, i) => (parcels.get(i)?.bytes() ?? arg).toString("latin1"));
  }

  get pieceBytes(): number {
    return this.memory.store.memoryBytes().pieces;
  }
}

describe("a long command", () => {
  test("is taken in whatever pieces it comes, and leaves what follows", () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = new Random(seed);
      const fixture = new Fixture();
      const lengths = [0, 1, 5000, 32 * KIB - 1, 32 * KIB, PAGE_SIZE, PAGE_SIZE + 1, 400_000];
      const args = ["mset"];
      for (let i = 0; i < 6; i++) args.push(`key${i}`, random.text(random.pick(lengths)));
      const sizeMax = random.pick([3, 100, 10_000, WINDOW_SIZE]);
      const bytes = Buffer.concat([encodeCommand(args), Buffer.from("*1\r\nnext")]);
      // A cut where lines are, too, however short the pieces.
      const pieceLength = () => random.between(1, sizeMax + 1) * (sizeMax === 3 ? 97 : 1);
      expect(fixture.feed(bytes, pieceLength), `seed ${seed}`).toBe("*1\r\nnext");
      expect(fixture.command.isRefused).toBe(false);
      expect(fixture.arguments(), `seed ${seed}`).toEqual(args);
    }
  });

  test("is not complete before its last byte", () => {
    const fixture = new Fixture();
    const bytes = encodeCommand(["set", "k", "v".repeat(100_000)]);
    fixture.feed(bytes.subarray(0, -1));
    expect(fixture.command.isComplete).toBe(false);
    fixture.feed(bytes.subarray(-1));
    expect(fixture.command.isComplete).toBe(true);
  });

  test("receives into the store what becomes a long value, and nothing else", () => {
    const fixture = new Fixture();
    const long = "l".repeat(100_000);
    fixture.feed(encodeCommand(["SET", long, "v"]));
    expect([...fixture.command.parcels.keys()]).toEqual([]);
    expect(fixture.arguments()).toEqual(["SET", long, "v"]);
    fixture.begin();
    fixture.feed(encodeCommand(["mSet", "a", long, long, "short", "b", long]));
    expect([...fixture.command.parcels.keys()]).toEqual([2, 6]);
    expect(fixture.command.args.map(({ length }) => length)).toEqual([4, 1, 0, 100_000, 5, 1, 0]);
    fixture.begin();
    fixture.feed(encodeCommand(["append", "k", long]));
    expect([...fixture.command.parcels.keys()]).toEqual([]);
  });
});

describe("the memory of a long command", () => {
  test("grows with what has come, not with what is announced", () => {
    const fixture = new Fixture();
    fixture.feed(Buffer.from("*3\r\n$6\r\nappend\r\n$1\r\nk\r\n$8000000\r\n"));
    expect(fixture.budget.usedBytes).toBeLessThan(10 * KIB);
    fixture.feed(Buffer.alloc(100_000, "v"));
    expect(fixture.budget.usedBytes).toBeGreaterThan(100_000);
    expect(fixture.budget.usedBytes).toBeLessThan(300_000);
    fixture.begin();
    fixture.feed(Buffer.from("*3\r\n$3\r\nset\r\n$1\r\nk\r\n$8000000\r\n"));
    expect(fixture.pieceBytes).toBe(0);
    fixture.feed(Buffer.alloc(PAGE_SIZE + 1, "v"));
    expect(fixture.pieceBytes).toBe(2 * PAGE_SIZE);
  });

  test("is given back when the command is discarded, in the middle or at its end", () => {
    const fixture = new Fixture();
    const { availableCount } = fixture.memory.store.pool;
    const bytes = encodeCommand(["mset", "a", "x".repeat(MIB), "b".repeat(MIB), "y".repeat(MIB)]);
    for (const length of [20, 300_000, MIB + 30, 2 * MIB, bytes.length]) {
      fixture.begin();
      fixture.feed(bytes.subarray(0, length));
      fixture.command.discard();
      expect(fixture.budget.usedBytes).toBe(0);
      expect(fixture.memory.store.pool.availableCount).toBe(availableCount);
    }
  });

  test("is no longer counted when its arguments are somebody else's", () => {
    const fixture = new Fixture();
    fixture.feed(encodeCommand(["set", "k".repeat(5000), "v".repeat(100_000)]));
    expect(fixture.budget.usedBytes).toBeGreaterThan(5000);
    fixture.command.release();
    expect(fixture.budget.usedBytes).toBe(0);
    expect(fixture.pieceBytes).toBe(PAGE_SIZE);
    fixture.command.release();
    expect(fixture.budget.usedBytes).toBe(0);
  });

  test("counts every argument, so that many short ones are not free", () => {
    const fixture = new Fixture({ limitBytes: 100 * KIB });
    const args = Array.from({ length: 20_000 }, () => "x");
    expect(fixture.feed(encodeCommand(["del", ...args]))).toBe("");
    expect(fixture.command.isComplete).toBe(true);
    expect(fixture.command.isRefused).toBe(true);
    expect(fixture.budget.usedBytes).toBe(0);
  });
});

describe("a long command without memory", () => {
  test("is refused when it is whole, holds nothing meanwhile, and leaves what follows", () => {
    const fixture = new Fixture({ limitBytes: 100 * KIB });
    const bytes = encodeCommand(["append", "k", "v".repeat(300_000)]);
    fixture.feed(bytes.subarray(0, 250_000));
    expect(fixture.budget.usedBytes).toBe(0);
    expect(fixture.command.isComplete).toBe(false);
    const rest = Buffer.concat([bytes.subarray(250_000), Buffer.from("*1\r\n")]);
    expect(fixture.feed(rest)).toBe("*1\r\n");
    expect(fixture.command.isRefused).toBe(true);
    expect(fixture.command.args).toEqual([]);
  });

  test("gives back the store's when that is full, parcels that are whole included", () => {
    const fixture = new Fixture({ storeBytes: 4 * MIB });
    const { availableCount } = fixture.memory.store.pool;
    const args = ["mset", "a", "x".repeat(2 * MIB), "b", "y".repeat(3 * MIB), "c", "z"];
    const bytes = encodeCommand(args);
    fixture.feed(bytes.subarray(0, 5 * MIB));
    expect(fixture.command.isRefused).toBe(true);
    expect(fixture.memory.store.pool.availableCount).toBe(availableCount);
    fixture.feed(bytes.subarray(5 * MIB));
    expect(fixture.command.isComplete).toBe(true);
    expect(fixture.command.parcels.size).toBe(0);
    expect(fixture.budget.usedBytes).toBe(0);
    fixture.begin();
    fixture.feed(encodeCommand(["set", "k", "v".repeat(3 * MIB)]));
    expect(fixture.command.isRefused).toBe(false);
  });

  test("does not keep another from its share", () => {
    const fixture = new Fixture({ limitBytes: 200 * KIB });
    const greedy = fixture.begin();
    fixture.feed(encodeCommand(["append", "k", "v".repeat(300_000)]));
    expect(greedy.isRefused).toBe(true);
    fixture.begin();
    fixture.feed(encodeCommand(["append", "k", "v".repeat(100_000)]));
    expect(fixture.command.isRefused).toBe(false);
  });
});

describe("what is no RESP in a long command", () => {
  const head = "*3\r\n$3\r\nset\r\n$1\r\nk\r\n";

  test.each([
    ["$-1\r\n", "Protocol error: invalid bulk length"],
    ["$x\r\n", "Protocol error: invalid bulk length"],
    ["$007\r\n", "Protocol error: invalid bulk length"],
    [":1\r\n", "Protocol error: expected '$', got ':'"],
    ["\xff", "Protocol error: expected '$', got '\xff'"],
    ["$1000001\r\n", "Protocol error: invalid bulk length"],
  ])("%j is an error", (text, error) => {
    const fixture = new Fixture({ argumentLengthMax: 1_000_000 });
    fixture.feed(Buffer.from(head + text, "latin1"), () => 7);
    expect(fixture.command.error).toBe(error);
    expect(fixture.command.isComplete).toBe(false);
  });

  test("is a line without an end", () => {
    const fixture = new Fixture();
    fixture.feed(Buffer.from(`${head}$${"1".repeat(40_000)}`), () => 10_000);
    expect(fixture.command.error).toBe("Protocol error: too big bulk count string");
  });

  test("is no length up to the limit", () => {
    const fixture = new Fixture({ argumentLengthMax: 1_000_000 });
    fixture.feed(encodeCommand(["set", "k", "v".repeat(1_000_000)]));
    expect([fixture.command.error, fixture.command.isComplete]).toEqual(["", true]);
  });

  test("is a longer argument of who has not logged in", () => {
    const fixture = new Fixture({ isRestricted: true });
    fixture.feed(Buffer.from("*2\r\n$4\r\nauth\r\n$16384\r\n"));
    expect(fixture.command.error).toBe("");
    fixture.begin();
    fixture.feed(Buffer.from("*2\r\n$4\r\nauth\r\n$16385\r\n"));
    expect(fixture.command.error).toBe("Protocol error: unauthenticated bulk length");
  });
});

describe("a long command of who has not logged in", () => {
  test("holds nothing, and is refused when it is whole", () => {
    const fixture = new Fixture({ isRestricted: true });
    const bytes = encodeCommand(["mset", ...Array.from({ length: 8 }, () => "x".repeat(16_000))]);
    fixture.feed(bytes.subarray(0, -1));
    expect(fixture.command.isComplete).toBe(false);
    expect(fixture.budget.usedBytes).toBe(0);
    expect(fixture.feed(Buffer.from("\n*1"))).toBe("*1");
    expect([fixture.command.isComplete, fixture.command.isRefused]).toEqual([true, true]);
  });
});
