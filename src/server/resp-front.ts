// Everything about connections that speak RESP but the rows of batches: their clients, the commands
// that go the ordinary way, commands too long for a window, and what is no RESP at all.
//
//   turn.ts ─▶ RespFront ─▶ Dispatcher ─▶ handlers      arguments as copies
//                  ▲──────────── replies ────┘           to the connection's send window
//
// After each command what the decoder has to know of its connection is brought up to date.

import type { ReceiveWindows } from "../batch/receive-windows.ts";
import type { SendWindows } from "../batch/send-windows.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { isAttack } from "../protocol/cross-protocol.ts";
import { PROTOCOL } from "../protocol/first-bytes.ts";
import { splitInline } from "../protocol/inline-arguments.ts";
import type { RespDecoder } from "../protocol/resp-decoder.ts";
import { TAG } from "../protocol/v1-replies.ts";
import type { Client } from "../redis/client.ts";
import { ClientTable } from "../redis/client-table.ts";
import { isOrdinary, isSilent, type Dispatcher } from "../redis/dispatcher.ts";
import { ERROR_TEXT } from "../redis/error-text.ts";
import type { ReplySink } from "../redis/reply-writer.ts";
import type { Store } from "../store/store.ts";
import type { ConnectionAddresses } from "../net/engine.ts";
import { DROP, type ConnectionTable } from "./connection-table.ts";
import { LongCommand, type LongCommandBudget } from "./long-command.ts";
import { ONLY_THREAD, type ThreadSetup } from "./thread-setup.ts";

const NOT_DURABLE = Buffer.from(`-${ERROR_TEXT.NOT_DURABLE}\r\n`);
const V1_ERROR_FRAME = Buffer.from([0, 1, TAG.NOTHING]);
const UNBALANCED = "Protocol error: unbalanced quotes in request";
const ATTACK_LOG_INTERVAL_MS = 60_000;

export interface RespFrontParts {
  readonly windows: ReceiveWindows;
  readonly sends: SendWindows;
  readonly store: Store;
  readonly connections: ConnectionTable;
  readonly decoder: RespDecoder;
  readonly clock: Clock;
  readonly log: Log;
  addressesOf(connection: number): ConnectionAddresses;
}

export interface RespFrontOptions {
  readonly connectionCount: number;
  readonly argumentLengthMax: number;
  readonly longCommandLimitBytes: number;
  /** A password is wanted of RESP clients. */
  readonly wantsPassword: boolean;
  /** v1 has no way to give one, so it is refused. */
  readonly refusesV1: boolean;
  /** Without it, the thread is the only one. */
  readonly threads?: ThreadSetup | undefined;
}

export class RespFront {
  readonly refusesV1: boolean;
  /** Connections of attackers that a browser was made to open. */
  attackCount = 0;
  readonly budget: LongCommandBudget;
  /** Called when a client has come or gone; null = nobody wants to know. */
  onClientsChanged: (() => void) | null = null;
  readonly #parts: RespFrontParts;
  readonly #options: RespFrontOptions;
  readonly #clients: ClientTable;
  readonly #sinks: (ReplySink | null)[];
  readonly #longCommands: (LongCommand | null)[];
  #nextAttackLogMs = 0;
  #dispatcher!: Dispatcher;

  constructor(parts: RespFrontParts, options: RespFrontOptions) {
    this.#parts = parts;
    this.#options = options;
    this.refusesV1 = options.refusesV1;
    this.budget = { usedBytes: 0, limitBytes: options.longCommandLimitBytes };
    const { connectionCount, threads = ONLY_THREAD } = options;
    this.#clients = new ClientTable(threads.index, threads.count);
    this.#sinks = new Array<ReplySink | null>(connectionCount).fill(null);
    this.#longCommands = new Array<LongCommand | null>(connectionCount).fill(null);
  }

  /** The dispatcher asks for sinks and clients; this joins the two, once. */
  attach(dispatcher: Dispatcher): void {
    this.#dispatcher = dispatcher;
  }

  /** The connection has turned out to speak RESP. */
  open(connection: number): void {
    const { clock, sends, addressesOf } = this.#parts;
    const { peer, local } = addressesOf(connection);
    const client = this.#clients.add({
      connection,
      nowMs: clock.elapsedMs(),
      address: peer,
      localAddress: local,
      isAuthenticated: !this.#options.wantsPassword,
    });
    this.#sinks[connection] = {
      write: (bytes) => sends.append(connection, bytes),
      splice: (reference) => sends.splice(connection, reference),
    };
    this.#update(client);
    this.onClientsChanged?.();
  }

  /** The connection is gone, whatever it spoke. */
  close(connection: number): void {
    this.#discardLongCommand(connection);
    const client = this.#clients.ofConnection(connection);
    if (client === null) return;
    this.#clients.remove(client);
    this.#sinks[connection] = null;
    this.#dispatcher.forget(client);
    this.onClientsChanged?.();
  }

  /** Clients in the order of their ids; not those that are closing. */
  *clients(): Iterable<Client> {
    const { clock, connections } = this.#parts;
    // What goes the hot way does not tell its client.
    const skewMs = clock.elapsedMs() - clock.nowMs();
    for (const client of this.#clients.all()) {
      if (client.isClosing) continue;
      const receivedMs = connections.lastReceivedMs[client.connection]! + skewMs;
      client.lastCommandMs = Math.max(client.lastCommandMs, receivedMs);
      yield client;
    }
  }

  /** Null = it is gone, or closing. */
  clientWithId(id: number): Client | null {
    const client = this.#clients.withId(id);
    return client === null || client.isClosing ? null : client;
  }

  sinkOf(client: Client): ReplySink {
    return this.#sinks[client.connection]!;
  }

  /** The command whose arguments the decoder has just read; false = it has to wait for the log. */
  execute(connection: number): boolean {
    const { bytes } = this.#parts.windows.area;
    const { offsets, lengths, count } = this.#parts.decoder.args;
    const args: Buffer[] = [];
    for (let i = 0; i < count; i++) {
      const offset = offsets[i]!;
      args.push(Buffer.from(bytes.subarray(offset, offset + lengths[i]!)));
    }
    return this.#run(connection, args);
  }

  /** The inline command that the decoder has just found. */
  executeInline(connection: number): boolean {
    const { decoder, windows } = this.#parts;
    const args = splitInline(windows.area.bytes.subarray(decoder.frame(), decoder.lineEnd()));
    if (args === null) {
      this.refuse(connection, UNBALANCED);
      return true;
    }
    if (args.length === 0) return true;
    if (isAttack(args)) {
      this.#noteAttack(this.#clients.ofConnection(connection)!);
      this.#parts.connections.beginClosing(connection, DROP.PROTOCOL);
      return true;
    }
    return this.#run(connection, args);
  }

  /** Answers what is no RESP, and closes. The error may show a byte of it, whichever it is. */
  refuse(connection: number, error: string): void {
    const { sends, connections } = this.#parts;
    const line = `-ERR ${error.replace(/[\r\n]/g, " ")}\r\n`;
    const isHeard = !isSilent(this.#clients.ofConnection(connection)!);
    if (isHeard) sends.append(connection, Buffer.from(line, "latin1"));
    connections.beginClosing(connection, DROP.PROTOCOL);
  }

  /** Tells a client whose replies were taken back why, in whatever protocol it speaks. */
  explainFailure(connection: number): void {
    const isResp = this.#parts.connections.protocols[connection] === PROTOCOL.RESP;
    this.#parts.sends.append(connection, isResp ? NOT_DURABLE : V1_ERROR_FRAME);
  }

  /** Its SAVE is executed again when the snapshot has ended. */
  isAwaitingSave(connection: number): boolean {
    return this.#clients.ofConnection(connection)?.awaitedSave === "waiting";
  }

  isInLongCommand(connection: number): boolean {
    return this.#longCommands[connection] !== null;
  }

  beginLongCommand(connection: number): void {
    const { windows, store, connections } = this.#parts;
    this.#longCommands[connection] = new LongCommand({
      area: windows.area,
      lines: this.#parts.decoder.args,
      store,
      budget: this.budget,
      argumentLengthMax: this.#options.argumentLengthMax,
      isRestricted: connections.isRestricted[connection] === 1,
    });
  }

  /** The first byte that the command leaves. */
  feedLongCommand(connection: number, begin: number, end: number): number {
    const command = this.#longCommands[connection]!;
    const position = command.feed(begin, end);
    if (command.error !== "") {
      this.#discardLongCommand(connection);
      this.refuse(connection, command.error);
    }
    return position;
  }

  isLongCommandComplete(connection: number): boolean {
    return this.#longCommands[connection]!.isComplete;
  }

  executeLongCommand(connection: number): boolean {
    const command = this.#longCommands[connection]!;
    const client = this.#clients.ofConnection(connection)!;
    if (command.isRefused) {
      const { NO_AUTH, MEMORY_FULL } = ERROR_TEXT;
      this.#dispatcher.refuse(client, client.isAuthenticated ? MEMORY_FULL : NO_AUTH);
    } else {
      if (!this.#dispatcher.execute(client, command.args, command.parcels)) return false;
      command.release();
    }
    this.#longCommands[connection] = null;
    this.#update(client);
    return true;
  }

  #run(connection: number, args: readonly Buffer[]): boolean {
    const client = this.#clients.ofConnection(connection)!;
    const isExecuted = this.#dispatcher.execute(client, args);
    this.#update(client);
    return isExecuted;
  }

  /** The operator hears of it once a minute: whoever can connect could fill the log otherwise. */
  #noteAttack({ address }: Client): void {
    const { clock, log } = this.#parts;
    const count = ++this.attackCount;
    const nowMs = clock.elapsedMs();
    if (nowMs < this.#nextAttackLogMs) return;
    this.#nextAttackLogMs = nowMs + ATTACK_LOG_INTERVAL_MS;
    log.warn("closed a connection that speaks HTTP: possibly an attack by way of a browser", {
      address,
      count,
    });
  }

  #discardLongCommand(connection: number): void {
    this.#longCommands[connection]?.discard();
    this.#longCommands[connection] = null;
  }

  #update(client: Client): void {
    const { connections } = this.#parts;
    const { connection } = client;
    connections.isHot[connection] = isOrdinary(client) ? 1 : 0;
    connections.isRestricted[connection] = client.isAuthenticated ? 0 : 1;
    connections.databases[connection] = client.database;
    connections.versions[connection] = client.version;
  }
}
