// Between the requests that go the ordinary way and the handlers: finds the command, refuses what
// may not be executed in the order in which Redis does, queues what comes after MULTI, and counts.
//
//   execute ─▶ known? ─▶ arity? ─▶ logged in? ─▶ keys short? ─▶ queue, or call handler ─▶ reply
//
// A command answers once, through one writer that is reused. What a handler has composed is handed
// over when it returns; if it throws instead, the client gets an error in its place, or is closed
// if a part of the reply has left already.
//
// Parcels are given to `releaseParcel` when their command is done with, whether a key took them
// over or not.

import type { Log } from "../lib/log.ts";
import { VERDICT, type Verdict, type WriteLog } from "../store/write-log.ts";
import type { Call } from "./call.ts";
import { QUEUE_SIZE_MAX, type Client, type Parcels, type QueuedCommand } from "./client.ts";
import type { CommandLocks } from "./command-locks.ts";
import type { CommandRow } from "./command-row.ts";
import { refuseArity, refuseUnknown } from "./command-refusal.ts";
import { INNER_COMMAND_INDEX } from "./command-table.ts";
import { isPopulating } from "./debug-commands.ts";
import { ERROR_TEXT } from "./error-text.ts";
import type { Keyspace, NewValue, Parcel } from "./keyspace.ts";
import type { RedisServer } from "./redis-server.ts";
import { ReplyWriter, type ReplySink } from "./reply-writer.ts";

/** Bytes. */
export const KEY_LENGTH_MAX = 65_535;
export const KEY_LENGTH_ERROR = `ERR key is longer than the maximum of ${KEY_LENGTH_MAX} bytes`;

const NO_PARCELS: Parcels = new Map();
/** What a queued command and each of its arguments take besides their bytes, about. */
const QUEUED_COMMAND_SIZE = 128;
const QUEUED_ARGUMENT_SIZE = 64;

/** Executed at once inside MULTI. */
const NEVER_QUEUED: ReadonlySet<string> = new Set([
  "exec",
  "discard",
  "multi",
  "watch",
  "quit",
  "reset",
]);

export interface DispatcherOptions {
  readonly server: RedisServer;
  readonly keys: Keyspace;
  readonly log: Log;
  /** Asked before a write, and told which writes belong together; null = nothing is logged. */
  readonly writeLog?: WriteLog | null;
  /** What a command is executed under; null = one thread has the store for itself. */
  readonly locks?: CommandLocks | null;
  /** Where a client's replies go. */
  sinkOf(client: Client): ReplySink;
  /** Gives memory back unless the parcel became a key's value. */
  releaseParcel(parcel: Parcel): void;
}

export class Dispatcher {
  readonly #server: RedisServer;
  readonly #keys: Keyspace;
  readonly #log: Log;
  readonly #options: DispatcherOptions;
  readonly #reply = new ReplyWriter();
  readonly #gate = new ReplyGate();
  /** Errors of the reply that a command has been blamed for. */
  #blamedErrorCount = 0;

  constructor(options: DispatcherOptions) {
    this.#server = options.server;
    this.#keys = options.keys;
    this.#log = options.log;
    this.#options = options;
  }

  /**
   * Executes or queues a command of a client and writes its reply. `args` is kept if queued. False
   * when it would write and the log has no room for that: nothing has happened then.
   */
  execute(client: Client, args: readonly Buffer[], parcels: Parcels = NO_PARCELS): boolean {
    if (client.isClosing || args.length === 0) {
      this.#release(parcels);
      return true;
    }
    const { locks } = this.#options;
    if (locks === undefined || locks === null) return this.#executeLogged(client, args, parcels);
    locks.enter(client, args);
    try {
      return this.#executeLogged(client, args, parcels);
    } finally {
      locks.leave();
    }
  }

  #executeLogged(client: Client, args: readonly Buffer[], parcels: Parcels): boolean {
    const log = this.#options.writeLog ?? null;
    if (log === null || !this.#writes(client, args)) {
      this.#execute(client, args, parcels);
      return client.awaitedSave !== "waiting";
    }
    const verdict = log.verdict();
    if (verdict === VERDICT.WAIT) return false;
    if (verdict !== VERDICT.ALLOWED) {
      this.refuse(client, refusalText(verdict), this.#server.commands.resolve(args));
      this.#release(parcels);
      return true;
    }
    // What DEBUG POPULATE makes is no group: it may be any number of keys.
    const isGroup = client.queue !== null || !isPopulating(args);
    if (isGroup) log.beginGroup();
    this.#execute(client, args, parcels);
    if (isGroup) log.endGroup();
    return true;
  }

  /** Whether the command may write now; what is only queued does not. */
  #writes(client: Client, args: readonly Buffer[]): boolean {
    const row = this.#server.commands.resolve(args);
    if (row === null) return false;
    if (client.queue === null) return this.#isWrite(row, args);
    if (row.fullName !== "exec") return false;
    return client.queue.some((command) => {
      const queued = this.#server.commands.resolve(command.args);
      return queued !== null && this.#isWrite(queued, command.args);
    });
  }

  /** A third command within DURABLE's is refused, and not looked for: there may be thousands. */
  #isWrite({ flags }: CommandRow, args: readonly Buffer[]): boolean {
    if (!flags.has("movablekeys")) return flags.has("write") || isPopulating(args);
    const inner = this.#server.commands.resolve(args.slice(INNER_COMMAND_INDEX));
    return inner?.flags.has("write") === true || isPopulating(args);
  }

  #execute(client: Client, args: readonly Buffer[], parcels: Parcels): void {
    const queue = client.queue;
    this.#begin(client);
    let isQueued = false;
    try {
      isQueued = this.#process(client, args, parcels);
    } catch (error) {
      this.#recover(client, args, error);
    }
    this.#reply.end();
    if (!isQueued) this.#release(parcels);
    if (queue !== null && client.queue !== queue) this.#releaseQueue(queue);
    if (client.awaitedSave === "waiting") return;
    advanceReplyMode(client);
    if (client.isClosing) this.#server.close(client);
  }

  /** Answers a command with an error; without its row it could not be taken in as it came. */
  refuse(client: Client, text: string, row: CommandRow | null = null): void {
    if (client.isClosing) return;
    const { queue } = client;
    this.#begin(client);
    this.#refuse(client, row, text);
    this.#reply.end();
    if (queue !== null && client.queue !== queue) this.#releaseQueue(queue);
    advanceReplyMode(client);
  }

  /** Takes leave of a client whose connection is gone. */
  forget(client: Client): void {
    if (client.queue !== null) this.#releaseQueue(client.queue);
    client.awaitedSave = "none";
    client.endTransaction();
    this.#keys.unwatch(client);
  }

  #begin(client: Client): void {
    client.lastCommandMs = this.#server.clock.elapsedMs();
    this.#gate.open(client, this.#options.sinkOf(client));
    this.#reply.begin(client.version, this.#gate);
    this.#blamedErrorCount = 0;
  }

  /** True when the command was queued. */
  #process(client: Client, args: readonly Buffer[], parcels: Parcels): boolean {
    const { commands, stats } = this.#server;
    const row = commands.resolve(args);
    client.lastCommand = row?.fullName ?? "";
    const refusal = this.#refusalOf(client, row, args, parcels);
    if (refusal !== null) {
      if (row !== null) stats.reject(row.index);
      this.#refuse(client, row, refusal);
      return false;
    }
    if (client.queue === null || NEVER_QUEUED.has(row!.fullName)) {
      this.#call(client, row!, { args, parcels });
      return false;
    }
    return this.#queue(client, client.queue, row!, { args, parcels });
  }

  /** Why a command is not executed, null = it may be. */
  #refusalOf(
    client: Client,
    row: CommandRow | null,
    args: readonly Buffer[],
    parcels: Parcels,
  ): string | null {
    const { commands } = this.#server;
    if (row === null) return refuseUnknown(commands, args);
    if (row.handler === null || !commands.hasArity(row, args)) return refuseArity(row);
    if (!client.isAuthenticated && !row.flags.has("no_auth")) {
      return ERROR_TEXT.NO_AUTH;
    }
    if (client.queue !== null && row.flags.has("no_multi")) {
      return "ERR Command not allowed inside a transaction";
    }
    for (const index of commands.keysOf(row, args)) {
      const length = parcels.get(index)?.length ?? args[index]!.length;
      if (length > KEY_LENGTH_MAX) return KEY_LENGTH_ERROR;
    }
    return null;
  }

  /** As Redis: EXEC gives up its transaction when refused, everything else only spoils it. */
  #refuse(client: Client, row: CommandRow | null, text: string): void {
    if (client.queue !== null) client.hasQueueError = true;
    if (row?.fullName === "exec") {
      client.endTransaction();
      this.#keys.unwatch(client);
      const cause = text.replace(/^ERR /, "");
      this.#reply.error(`EXECABORT Transaction discarded because of: ${cause}`);
    } else {
      this.#reply.error(text);
    }
    this.#countErrors();
  }

  #queue(client: Client, queue: QueuedCommand[], row: CommandRow, command: QueuedCommand): boolean {
    const size = sizeOf(command);
    if (client.queueSize + size > QUEUE_SIZE_MAX) {
      this.#server.stats.reject(row.index);
      const text = `ERR transaction is longer than the maximum of ${QUEUE_SIZE_MAX} bytes`;
      this.#refuse(client, row, text);
      return false;
    }
    client.queueSize += size;
    queue.push(command);
    this.#reply.simple("QUEUED");
    return true;
  }

  /** Executes a command of the table, by itself or within EXEC. */
  #call(client: Client, row: CommandRow, command: QueuedCommand): void {
    const { clock, stats, slowLog } = this.#server;
    const beginMs = clock.elapsedMs();
    row.handler!(this.#makeCall(client, command));
    if (client.awaitedSave === "waiting") return;
    const microseconds = (clock.elapsedMs() - beginMs) * 1000;
    stats.record(row.index, microseconds, this.#countErrors());
    if (row.flags.has("skip_slowlog")) return;
    slowLog.add(client, command.args, microseconds, clock.nowMs());
  }

  #makeCall(client: Client, { args, parcels }: QueuedCommand): Call {
    return {
      args,
      client,
      keys: this.#keys,
      reply: this.#reply,
      server: this.#server,
      value: (index): NewValue => parcels.get(index) ?? args[index]!,
      execute: (command) => {
        this.#call(client, this.#server.commands.resolve(command.args)!, command);
      },
      executeRest: (index) => {
        this.#executeInner(client, restOf({ args, parcels }, index));
      },
    };
  }

  #executeInner(client: Client, command: QueuedCommand): void {
    const { commands, stats } = this.#server;
    const row = commands.resolve(command.args);
    const refusal =
      row !== null && (NEVER_QUEUED.has(row.fullName) || row.flags.has("no_multi"))
        ? `ERR '${row.fullName}' cannot be executed by another command`
        : this.#refusalOf(client, row, command.args, command.parcels);
    if (refusal === null) return this.#call(client, row!, command);
    this.#reply.error(refusal);
    if (row === null) return;
    stats.reject(row.index);
    // Its error is not that of the command around it.
    this.#countErrors();
  }

  /** True when the reply got errors that no command has been blamed for: EXEC's are not its own. */
  #countErrors(): boolean {
    const { errorCount, errorCode } = this.#reply;
    const hasErrors = errorCount > this.#blamedErrorCount;
    while (this.#blamedErrorCount < errorCount) {
      this.#blamedErrorCount++;
      this.#server.stats.countError(errorCode);
    }
    return hasErrors;
  }

  #recover(client: Client, args: readonly Buffer[], error: unknown): void {
    const command = args[0]!.toString("latin1");
    this.#log.error("command failed", { client: client.id, command, error });
    client.endTransaction();
    this.#keys.unwatch(client);
    if (this.#gate.hasWritten) {
      client.isClosing = true;
      this.#gate.shut();
      return;
    }
    this.#reply.begin(client.version, this.#gate);
    this.#reply.error("ERR internal error");
    this.#server.stats.countError("ERR");
  }

  #releaseQueue(queue: readonly QueuedCommand[]): void {
    for (const { parcels } of queue) this.#release(parcels);
  }

  #release(parcels: Parcels): void {
    for (const parcel of parcels.values()) this.#options.releaseParcel(parcel);
  }
}

/** Whether a client's commands may go the hot way: nothing about it needs the dispatcher. */
export function isOrdinary(client: Client): boolean {
  return (
    client.isAuthenticated &&
    client.queue === null &&
    client.replyMode === "on" &&
    !client.isClosing
  );
}

/** Whether a client gets no replies for now: CLIENT REPLY. */
export function isSilent({ replyMode }: Client): boolean {
  return replyMode === "off" || replyMode === "skip";
}

function refusalText(verdict: Verdict): string {
  return verdict === VERDICT.REFUSED ? ERROR_TEXT.NO_LOG_ROOM : ERROR_TEXT.NOT_DURABLE;
}

/** Lets replies through to a client unless it has switched them off by when they are written. */
class ReplyGate implements ReplySink {
  /** A part of the reply, or all of it, has left. */
  hasWritten = false;
  #client: Client | null = null;
  #sink: ReplySink | null = null;

  open(client: Client, sink: ReplySink): void {
    this.hasWritten = false;
    this.#client = client;
    this.#sink = sink;
  }

  shut(): void {
    this.#sink = null;
  }

  write(bytes: Uint8Array): void {
    this.hasWritten = true;
    if (!this.#isSilent()) this.#sink?.write(bytes);
  }

  splice(reference: number): void {
    this.hasWritten = true;
    if (!this.#isSilent()) this.#sink?.splice(reference);
  }

  #isSilent(): boolean {
    return this.#client !== null && isSilent(this.#client);
  }
}

/** After each command: CLIENT REPLY SKIP is for the one that follows it. */
function advanceReplyMode(client: Client): void {
  if (client.replyMode === "skip") client.replyMode = "on";
  else if (client.replyMode === "skip-next") client.replyMode = "skip";
}

function restOf({ args, parcels }: QueuedCommand, index: number): QueuedCommand {
  const rest = [...parcels].map(([place, parcel]) => [place - index, parcel] as const);
  return { args: args.slice(index), parcels: new Map(rest) };
}

/** Parcels lie in the store and count there. */
function sizeOf({ args }: QueuedCommand): number {
  let size = QUEUED_COMMAND_SIZE;
  for (const arg of args) size += QUEUED_ARGUMENT_SIZE + arg.length;
  return size;
}
