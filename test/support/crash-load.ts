// Many writers and a reader over one server that is killed in the middle, again and again, and what
// is found of their writes each time it is back.

import type { CrashState } from "./crash-operation.ts";
import { CrashWriter } from "./crash-writer.ts";
import { DataFolder, connectTo, killServer } from "./data-folder.ts";
import { Random } from "./random.ts";
import { RespClient, encodeCommand } from "./resp-client.ts";
import { contentOf, elementsOf } from "./resp-reader.ts";
import type { ServerProcess } from "./server-process.ts";

const KEYS_PER_WRITER = 25;
const READ_COUNT = 4;
const LATER_TURNS_MAX = 30;
const SHOWN_LENGTH = 60;

const KINDS = [
  { protocol: "resp", depth: 16 },
  { protocol: "resp", depth: 16 },
  { protocol: "resp", depth: 4 },
  { protocol: "resp", depth: 1 },
  { protocol: "resp", depth: 1 },
  { protocol: "v1", depth: 16 },
  { protocol: "v1", depth: 1 },
] as const;

export class CrashLoad implements Disposable {
  readonly folder = new DataFolder();
  readonly writers: readonly CrashWriter[];
  /** Operations that were under way, and those of them that had happened. */
  underWayCount = 0;
  survivorCount = 0;
  /** Whether what is read counts as acknowledged: not once the log has failed. */
  doReadsCount = true;
  readonly #random: Random;
  readonly #partitionCount: number;
  #acknowledgedCount = 0;
  #target = Infinity;
  #reached: () => void = () => {};

  constructor(seed: number, partitionCount: number) {
    this.#random = new Random(seed);
    this.#partitionCount = partitionCount;
    this.writers = KINDS.map((kind, i) => {
      const name = `writer${i}`;
      const keyCount = KEYS_PER_WRITER;
      const writer = new CrashWriter({ ...kind, name, keyCount, seed: seed * KINDS.length + i });
      writer.onAcknowledged = () => this.#noteAcknowledged();
      return writer;
    });
  }

  get acknowledgedCount(): number {
    return this.#acknowledgedCount;
  }

  get errors(): string[] {
    return this.writers.flatMap(({ errors }) => errors);
  }

  /** Writes and reads until every writer has met an error or its connection is closed. */
  async run(server: ServerProcess): Promise<void> {
    const port = await server.port();
    using client = await RespClient.connect(port);
    const reading = this.#read(client);
    await Promise.all(this.writers.map((writer) => writer.run(port)));
    client[Symbol.dispose]();
    await reading;
  }

  /** Settles when so many more operations have been acknowledged. */
  async acknowledged(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#target = this.#acknowledgedCount + count;
    this.#reached = resolve;
    await promise;
  }

  /** Kills the server in the middle, after at most about so many operations; its log. */
  async killUnderLoad(server: ServerProcess, countMax: number): Promise<string> {
    const running = this.run(server);
    await Promise.race([this.acknowledged(1 + this.#random.below(countMax)), running]);
    for (let turn = this.#random.below(LATER_TURNS_MAX); turn > 0; turn--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const log = await killServer(server);
    await running;
    return log;
  }

  /** Compares what a restarted server has with what was acknowledged; "" = it is explained. */
  async check(server: ServerProcess): Promise<string> {
    using client = await connectTo(server);
    let count = 0;
    for (const writer of this.writers) {
      const found = await findKeys(client, writer.allKeys);
      count += found.size;
      this.underWayCount += writer.underWayCount;
      const differences = describeDifferences(writer, found);
      const survivorCount = writer.settle(found, this.#partitionCount);
      if (survivorCount < 0) return differences;
      this.survivorCount += survivorCount;
    }
    const total = await client.ask("DBSIZE");
    return total === `:${count}\r\n` ? "" : `${count} keys were written, and DBSIZE is ${total}`;
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }

  #noteAcknowledged(): void {
    this.#acknowledgedCount++;
    if (this.#acknowledgedCount < this.#target) return;
    this.#target = Infinity;
    this.#reached();
  }

  async #read(client: RespClient): Promise<void> {
    for (;;) {
      const writer = this.#random.pick(this.writers);
      const keys = Array.from({ length: READ_COUNT }, () => this.#random.pick(writer.keys));
      client.send(encodeCommand(["MGET", ...keys]));
      const reply = await client.reply();
      if (reply === null) return;
      if (!this.doReadsCount) continue;
      for (const [key, value] of valuesIn(keys, reply)) writer.noteSeen(key, value);
    }
  }
}

async function findKeys(client: RespClient, keys: readonly string[]): Promise<CrashState> {
  client.send(encodeCommand(["MGET", ...keys]));
  const reply = await client.reply();
  if (reply === null) throw new Error("the server does not answer");
  return valuesIn(keys, reply);
}

/** Of those that are there. */
function valuesIn(keys: readonly string[], reply: Buffer): CrashState {
  const values: CrashState = new Map();
  for (const [i, element] of (elementsOf(reply) ?? []).entries()) {
    if (element.toString("latin1", 0, 3) === "$-1") continue;
    values.set(keys[i]!, contentOf(element).toString("latin1"));
  }
  return values;
}

/** Where what is found is not what was acknowledged; some of it may have been under way. */
function describeDifferences(writer: CrashWriter, found: CrashState): string {
  const { state } = writer;
  const keys = [...new Set([...state.keys(), ...found.keys()])].toSorted();
  const differing = keys.filter((key) => state.get(key) !== found.get(key));
  const lines = differing.map(
    (key) => `${key}: ${show(state.get(key))} is ${show(found.get(key))}`,
  );
  const underWay = writer.describeUnderWay().join("\n");
  return `${lines.join("\n")}\nis not explained by what was under way:\n${underWay}`;
}

function show(value: string | undefined): string {
  if (value === undefined) return "(nothing)";
  return `${JSON.stringify(value.slice(0, SHOWN_LENGTH))} of ${value.length} bytes`;
}
