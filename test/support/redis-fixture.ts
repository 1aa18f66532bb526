// A dispatcher over ModelKeyspace, for tests of handlers: `run` executes a command for a client and
// answers the bytes of its reply as Latin-1.

import { Log } from "../../src/lib/log.ts";
import type { HandlerTable } from "../../src/redis/call.ts";
import { Client } from "../../src/redis/client.ts";
import type { CommandSpec } from "../../src/redis/command-row.ts";
import { CommandStats } from "../../src/redis/command-stats.ts";
import { CommandTable } from "../../src/redis/command-table.ts";
import { COMMAND_TABLE } from "../../src/redis/commands.ts";
import { Dispatcher } from "../../src/redis/dispatcher.ts";
import type { Parcel } from "../../src/redis/keyspace.ts";
import { LoginGuard } from "../../src/redis/login-guard.ts";
import type { RedisServer } from "../../src/redis/redis-server.ts";
import type { ReplySink } from "../../src/redis/reply-writer.ts";
import { ALL_ROWS } from "../../src/redis/rows/all-rows.ts";
import { specsOf } from "../../src/redis/rows/spec.ts";
import type { Settings } from "../../src/redis/settings.ts";
import { SlowLog } from "../../src/redis/slow-log.ts";
import type { WriteLog } from "../../src/store/write-log.ts";
import { ModelKeyspace, ModelParcel } from "./model-keyspace.ts";
import { TestClock } from "./test-clock.ts";

export interface RedisFixtureOptions {
  /** Null = no password is wanted. */
  readonly password?: string | null;
  readonly isDebugAllowed?: boolean;
  /** Null = nothing is logged. */
  readonly writeLog?: WriteLog | null;
  /** Parts of the server that a test has of its own. */
  readonly server?: Partial<RedisServer>;
}

/** As the server has it without options. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024;

export type Argument = string | Uint8Array | ModelParcel;

/** With `handlers`, only they are known: tests of some commands need not wait for the others. */
export function createRedisFixture(
  handlers: HandlerTable | null = null,
  options: RedisFixtureOptions = {},
): RedisFixture {
  return new RedisFixture(handlers, options);
}

export class RedisFixture {
  readonly clock = new TestClock();
  readonly keys = new ModelKeyspace(this.clock.now);
  readonly clients: Client[] = [];
  /** Ids of the clients that were closed. */
  readonly closed: number[] = [];
  readonly logLines: string[] = [];
  readonly released: Parcel[] = [];
  readonly server: RedisServer;
  readonly dispatcher: Dispatcher;
  readonly #sink = new TextSink();
  #lastId = 0;

  constructor(handlers: HandlerTable | null, options: RedisFixtureOptions) {
    this.server = this.#makeServer(handlers, options);
    this.dispatcher = new Dispatcher({
      server: this.server,
      keys: this.keys,
      log: new Log({ level: "debug", sink: (line) => this.logLines.push(line) }),
      writeLog: options.writeLog ?? null,
      sinkOf: () => this.#sink,
      releaseParcel: (parcel) => this.released.push(parcel),
    });
  }

  client(): Client {
    const id = ++this.#lastId;
    const client = new Client({
      connection: id + 7,
      id,
      nowMs: this.clock.elapsed,
      address: `127.0.0.1:${50_000 + id}`,
      localAddress: "127.0.0.1:5995",
      isAuthenticated: this.server.password === null,
    });
    this.clients.push(client);
    return client;
  }

  /** Executes a command; the model's time goes with the clock's. */
  run(client: Client, ...args: readonly Argument[]): string {
    const parcels = new Map<number, Parcel>();
    const bytes = args.map((arg, index) => {
      if (!(arg instanceof ModelParcel)) return Buffer.from(arg as string);
      parcels.set(index, arg);
      return Buffer.alloc(0);
    });
    this.#sink.text = "";
    this.dispatcher.execute(client, bytes, parcels);
    return this.#sink.text;
  }

  /** Answers a command that could not be taken in. */
  refuse(client: Client, text: string): string {
    this.#sink.text = "";
    this.dispatcher.refuse(client, text);
    return this.#sink.text;
  }

  /** Lets time pass, for deadlines as for durations. */
  pass(durationMs: number): void {
    this.clock.now += durationMs;
    this.clock.elapsed += durationMs;
    this.keys.nowMs = this.clock.now;
  }

  #makeServer(handlers: HandlerTable | null, options: RedisFixtureOptions): RedisServer {
    const { password = null, isDebugAllowed = true, server = {} } = options;
    const commands = handlers === null ? COMMAND_TABLE : tableOf(handlers);
    return {
      clock: this.clock,
      commands,
      stats: new CommandStats(commands.rows.map(({ fullName }) => fullName)),
      slowLog: new SlowLog(),
      get settings(): Settings {
        throw new Error("a test that needs settings brings them");
      },
      password,
      logins: new LoginGuard(password, this.clock),
      isDebugAllowed,
      snapshots: null,
      maxValueBytes: MAX_VALUE_BYTES,
      allStats(): CommandStats {
        return this.stats;
      },
      clients: () => this.clients,
      clientsElsewhere: () => [],
      unsentBytes: () => 0,
      close: (client) => this.#close(client),
      kill: (client) => this.#close(client),
      killElsewhere: () => 0,
      setDurability: () => {},
      demandDurability: () => {},
      info: (sections) => `# ${sections.join(" ")}\r\n`,
      resetStatistics(): void {
        this.stats.reset();
      },
      log: (text) => this.logLines.push(text),
      shutdown: () => {},
      setActiveExpiry: () => {},
      sleep: (durationMs) => this.pass(durationMs),
      ...server,
    };
  }

  #close(client: Client): void {
    client.isClosing = true;
    if (!this.clients.includes(client)) return;
    this.clients.splice(this.clients.indexOf(client), 1);
    this.closed.push(client.id);
    this.dispatcher.forget(client);
  }
}

class TextSink implements ReplySink {
  text = "";

  write(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes).toString("latin1");
  }

  /** The model's values have no reference; a test's own may. */
  splice(reference: number): void {
    this.text += `(spliced ${reference})`;
  }
}

/** The rows of handlers, and plain ones where there is none: any number of arguments, no keys. */
function tableOf(handlers: HandlerTable): CommandTable {
  const subcommandsOf = new Map<string, string[]>();
  for (const fullName of Object.keys(handlers)) {
    const [name, subcommand] = fullName.split("|") as [string, string?];
    const subcommands = subcommandsOf.get(name) ?? [];
    if (subcommand !== undefined) subcommands.push(subcommand);
    subcommandsOf.set(name, subcommands);
  }
  const specs = [...subcommandsOf].map(([name, subcommands]) => {
    const spec = ALL_ROWS.find((row) => row.name === name) ?? plainSpec(name);
    const inner = subcommands.map(
      (subcommand) =>
        spec.subcommands.find((row) => row.name === subcommand) ?? plainSpec(subcommand),
    );
    return { ...spec, subcommands: inner };
  });
  return new CommandTable(specs, handlers);
}

function plainSpec(name: string): CommandSpec {
  return specsOf("server", [])(name, { arity: -1, since: "1.0.0", summary: "" });
}
