// Replies of BGSAVE, SAVE, LASTSAVE and BGREWRITEAOF were recorded from redis-server 7.0.15, but
// for the errors that name fkvs's options.

import { describe, expect, test } from "bun:test";
import type { DurabilityChoice } from "../../src/lib/durability-choice.ts";
import { ERROR_TEXT } from "../../src/redis/error-text.ts";
import { KEY_LENGTH_ERROR } from "../../src/redis/dispatcher.ts";
import type { AwaitedSave } from "../../src/redis/client.ts";
import { VERDICT, type Verdict, type WriteLog } from "../../src/store/write-log.ts";
import { ModelParcel } from "../support/model-keyspace.ts";
import { createRedisFixture, type Argument } from "../support/redis-fixture.ts";
import { TestSnapshots } from "../support/test-snapshots.ts";

const NO_DIRECTORY = "-ERR nothing is kept on disk: the server was started without --dir\r\n";
const NO_MULTI = "-ERR Command not allowed inside a transaction\r\n";
const ABORTED = "-EXECABORT Transaction discarded because of previous errors.\r\n";

function createStand(
  snapshots: TestSnapshots | null = new TestSnapshots(),
  writeLog: WriteLog | null = null,
) {
  const chosen: (DurabilityChoice | null)[] = [];
  const demanded: DurabilityChoice[] = [];
  const fixture = createRedisFixture(null, {
    writeLog,
    server: {
      snapshots,
      setDurability: ({ durability }) => void chosen.push(durability),
      demandDurability: (_, durability) => void demanded.push(durability),
    },
  });
  const client = fixture.client();
  const call = (...args: readonly Argument[]) => fixture.run(client, ...args);
  const run = (line: string) => call(...line.split(" "));
  return { fixture, client, snapshots, chosen, demanded, call, run };
}

class TestLog implements WriteLog {
  readonly groups: string[] = [];
  readonly #verdict: Verdict;

  constructor(verdict: Verdict) {
    this.#verdict = verdict;
  }

  verdict(): Verdict {
    return this.#verdict;
  }

  beginGroup(): void {
    this.groups.push("begin");
  }

  endGroup(): void {
    this.groups.push("end");
  }

  wrote(): void {}

  removed(): void {}

  flushed(): void {}
}

describe("without a directory", () => {
  test.each([
    ...["BGSAVE", "BGSAVE SCHEDULE", "SAVE", "LASTSAVE", "BGREWRITEAOF"],
    ...["CLIENT DURABILITY always", "CLIENT DURABILITY x", "DURABLE always SET a 1", "DURABLE x y"],
  ])("%s says so", (line) => {
    const { run, chosen, demanded } = createStand(null);
    expect(run(line)).toBe(NO_DIRECTORY);
    expect([chosen, demanded, run("EXISTS a")]).toEqual([[], [], ":0\r\n"]);
  });

  test("what is wrong with the command itself comes first", () => {
    expect(createStand(null).run("BGSAVE FOO")).toBe("-ERR syntax error\r\n");
  });
});

describe("snapshots", () => {
  const WRONG_COUNT = (name: string) => `-ERR wrong number of arguments for '${name}' command\r\n`;

  test.each([
    ["BGSAVE", "+Background saving started\r\n", 1],
    ["bgsave schedule", "+Background saving started\r\n", 1],
    ["BGSAVE FOO", "-ERR syntax error\r\n", 0],
    ["BGSAVE SCHEDULE x", "-ERR syntax error\r\n", 0],
    ["BGREWRITEAOF", "+Background append only file rewriting started\r\n", 1],
    ["BGREWRITEAOF x", WRONG_COUNT("bgrewriteaof"), 0],
    ["LASTSAVE", ":1795154287\r\n", 0],
    ["LASTSAVE x", WRONG_COUNT("lastsave"), 0],
    ["SAVE", "", 1],
    ["SAVE x", WRONG_COUNT("save"), 0],
  ])("%s answers %j", (line, reply, startCount) => {
    const { run, snapshots } = createStand();
    expect([run(line), snapshots!.startCount]).toEqual([reply, startCount]);
  });

  test.each([
    ["BGSAVE", "-ERR Background save already in progress\r\n"],
    ["BGSAVE SCHEDULE", "-ERR Background save already in progress\r\n"],
    ["SAVE", "-ERR Background save already in progress\r\n"],
    ["BGREWRITEAOF", "-ERR Background append only file rewriting already in progress\r\n"],
  ])("%s while one is taken answers %j", (line, reply) => {
    const { run, snapshots } = createStand(new TestSnapshots({ isRunning: true }));
    expect([run(line), snapshots!.startCount]).toEqual([reply, 0]);
  });

  test.each([
    ["good", "+OK\r\n", 0],
    [
      "failed",
      "-ERR the snapshot failed, and the last one stays: the server's log says why\r\n",
      1,
    ],
  ] as const)(
    "SAVE whose snapshot is %s is answered when it has ended",
    (outcome, reply, errors) => {
      const { client, fixture, run } = createStand();
      expect([run("SAVE"), run("SAVE")]).toEqual(["", ""]);
      client.awaitedSave = outcome;
      expect(run("SAVE")).toBe(reply);
      expect<AwaitedSave>(client.awaitedSave).toBe("none");
      const { stats, commands } = fixture.server;
      const { index } = commands.find("save")!;
      expect([stats.calls(index), stats.failedCalls(index)]).toEqual([1, errors]);
    },
  );

  test("SAVE that nobody hears of counts as the one command that CLIENT REPLY SKIP is for", () => {
    const { client, run } = createStand();
    expect([run("CLIENT REPLY SKIP"), run("SAVE")]).toEqual(["", ""]);
    client.awaitedSave = "good";
    expect([run("SAVE"), run("ECHO x")]).toEqual(["", "$1\r\nx\r\n"]);
  });

  test("SAVE is not queued, the others are", () => {
    const { run } = createStand();
    const replies = ["MULTI", "BGSAVE", "BGREWRITEAOF", "LASTSAVE", "EXEC"].map(run);
    expect(replies.at(-1)).toBe(
      "*3\r\n+Background saving started\r\n" +
        "-ERR Background append only file rewriting already in progress\r\n:1795154287\r\n",
    );
    expect(["MULTI", "SAVE", "EXEC"].map(run)).toEqual(["+OK\r\n", NO_MULTI, ABORTED]);
  });
});

describe("CLIENT DURABILITY", () => {
  const CHOICES: readonly (readonly [string, DurabilityChoice | null])[] = [
    ["always", "always"],
    ["EverySec", "everysec"],
    ["NONE", "none"],
    ["default", null],
  ];
  test.each(CHOICES)("%s is put into effect", (word, durability) => {
    const { client, chosen, run } = createStand();
    client.durability = "everysec";
    expect(run(`CLIENT DURABILITY ${word}`)).toBe("+OK\r\n");
    expect<DurabilityChoice | null>(client.durability).toBe(durability);
    expect(chosen).toEqual([durability]);
  });

  test.each(["no", "", "alway", "always\0"])("%j is refused", (word) => {
    const { client, call, chosen } = createStand();
    const shown = word.replace("\0", "");
    expect(call("CLIENT", "DURABILITY", word)).toBe(
      `-ERR durability must be always, everysec, none or default, but is '${shown}'\r\n`,
    );
    expect([client.durability, chosen]).toEqual([null, []]);
  });

  test("RESET goes back to the server's", () => {
    const { client, chosen, run } = createStand();
    run("CLIENT DURABILITY always");
    expect(run("RESET")).toBe("+RESET\r\n");
    expect([client.durability, chosen]).toEqual([null, ["always", null]]);
  });
});

describe("DURABLE", () => {
  test.each<[string, string, DurabilityChoice]>([
    ["DURABLE always SET a 1", "+OK\r\n", "always"],
    ["durable EVERYSEC get b", "$-1\r\n", "everysec"],
    ["DURABLE none INCR n", ":1\r\n", "none"],
    ["DURABLE always CLIENT GETNAME", "$-1\r\n", "always"],
  ])("%s answers as the command does", (line, reply, durability) => {
    const { demanded, run } = createStand();
    expect([run(line), demanded]).toEqual([reply, [durability]]);
  });

  test("leaves the connection's own choice alone", () => {
    const { client, chosen, run } = createStand();
    run("CLIENT DURABILITY none");
    run("DURABLE always SET a 1");
    expect([client.durability, chosen]).toEqual(["none", ["none"]]);
  });

  test.each([
    ["DURABLE", "-ERR wrong number of arguments for 'durable' command\r\n"],
    ["DURABLE always", "-ERR wrong number of arguments for 'durable' command\r\n"],
    ["DURABLE default GET a", "-ERR durability must be always, everysec or none"],
    ["DURABLE always NONSENSE a", "-ERR unknown command 'NONSENSE'"],
    ["DURABLE always CLIENT NONSENSE", "-ERR unknown subcommand 'NONSENSE'"],
    ["DURABLE always GET", "-ERR wrong number of arguments for 'get' command\r\n"],
    ["DURABLE always CLIENT", "-ERR wrong number of arguments for 'client' command\r\n"],
    ["DURABLE always DURABLE none GET a", "-ERR 'durable' cannot be executed by another command"],
    ["DURABLE always MULTI", "-ERR 'multi' cannot be executed by another command"],
    ["DURABLE always EXEC", "-ERR 'exec' cannot be executed by another command"],
    ["DURABLE always WATCH a", "-ERR 'watch' cannot be executed by another command"],
    ["DURABLE always RESET", "-ERR 'reset' cannot be executed by another command"],
    ["DURABLE always SHUTDOWN", "-ERR 'shutdown' cannot be executed by another command"],
  ])("%s is refused", (line, beginning) => {
    const { client, run } = createStand();
    expect(run(line)).toStartWith(beginning);
    expect([client.queue, client.isClosing]).toEqual([null, false]);
  });

  test("does not execute with a key that is too long", () => {
    const { call, run } = createStand();
    expect(call("DURABLE", "always", "SET", "k".repeat(65_536), "1")).toBe(
      `-${KEY_LENGTH_ERROR}\r\n`,
    );
    expect(run("DBSIZE")).toBe(":0\r\n");
  });

  test("gives a value that was received into the store to the command", () => {
    const { fixture, call, run } = createStand();
    const parcel = new ModelParcel(Buffer.from("long"));
    expect(call("DURABLE", "always", "SET", "a", parcel)).toBe("+OK\r\n");
    expect(run("GET a")).toBe("$4\r\nlong\r\n");
    expect(fixture.released).toEqual([parcel]);
  });

  test.each([
    [VERDICT.WAIT, ""],
    [VERDICT.REFUSED, `-${ERROR_TEXT.NO_LOG_ROOM}\r\n`],
    [VERDICT.FAILED, `-${ERROR_TEXT.NOT_DURABLE}\r\n`],
  ])("of a write asks for room in the log (%d), of a read not", (verdict, reply) => {
    const { demanded, run } = createStand(new TestSnapshots(), new TestLog(verdict));
    expect(run("DURABLE always SET a 1")).toBe(reply);
    expect(demanded).toEqual([]);
    expect(run("DURABLE always EXISTS a")).toBe(":0\r\n");
  });

  test("is refused within itself, however often", () => {
    const { call } = createStand(new TestSnapshots(), new TestLog(VERDICT.ALLOWED));
    const words = Array.from({ length: 100_000 }, (_, i) => (i % 2 === 0 ? "DURABLE" : "always"));
    const refusal = "-ERR 'durable' cannot be executed by another command\r\n";
    expect(call(...words, "SET", "a", "1")).toBe(refusal);
    expect(call("COMMAND", "GETKEYS", ...words, "SET", "a", "1")).toBe(
      "-ERR The command has no key arguments\r\n",
    );
  });

  test("makes its command's writes a group", () => {
    const log = new TestLog(VERDICT.ALLOWED);
    const { run } = createStand(new TestSnapshots(), log);
    run("DURABLE always GET a");
    expect(log.groups).toEqual([]);
    run("DURABLE always MSET a 1 b 2");
    expect(log.groups).toEqual(["begin", "end"]);
  });

  test("is not queued, and spoils the transaction", () => {
    const { demanded, run } = createStand();
    const replies = ["MULTI", "DURABLE always SET a 1", "EXEC"].map(run);
    expect(replies).toEqual(["+OK\r\n", NO_MULTI, ABORTED]);
    expect(demanded).toEqual([]);
  });

  test("counts its command as that command, and its error as that command's", () => {
    const { fixture, run } = createStand();
    const { commands, stats } = fixture.server;
    run("SET a x");
    run("DURABLE always INCR a");
    run("DURABLE always INCR");
    const index = (name: string) => commands.find(name)!.index;
    const { calls, failedCalls, rejectedCalls } = stats;
    const of = (name: string) =>
      [calls, failedCalls, rejectedCalls].map((count) => count.call(stats, index(name)));
    expect([of("incr"), of("durable")]).toEqual([
      [1, 1, 1],
      [2, 0, 0],
    ]);
  });
});
