// The oracle of simulations: what a server answers and has, from plain Maps. RESP goes through the
// commands' handlers over ModelKeyspace, v1 through ModelServer over the same keys.

import type { Client } from "../../src/redis/client.ts";
import { DATABASE_COUNT, NO_DEADLINE, type Keyspace } from "../../src/redis/keyspace.ts";
import { ModelServer } from "./model-server.ts";
import { nameOf, textOf, type Contents } from "./recovery-fixture.ts";
import { createRedisFixture } from "./redis-fixture.ts";
import { ERROR, frame } from "./v1-frames.ts";

const DURABLE = 0x0e;
const FRAME_LENGTH_MAX = 2 + 0xffff;

interface Item {
  readonly value: string;
  readonly deadline: bigint | null;
}

/** Database 0 as ModelServer sees it. */
class ItemsOf extends Map<string, Item> {
  readonly #keys: Keyspace;

  constructor(keys: Keyspace) {
    super();
    this.#keys = keys;
  }

  override get(key: string): Item | undefined {
    const stored = this.#keys.find(0, bytesOf(key));
    if (stored === null) return undefined;
    const deadline = stored.deadlineMs === NO_DEADLINE ? null : stored.deadlineMs;
    return { value: stored.bytes().toString("latin1"), deadline };
  }

  override set(key: string, { value, deadline }: Item): this {
    // A deadline of 1 is in the past, as one is that v1 says is over at once.
    const deadlineMs = deadline === null ? NO_DEADLINE : deadline === 0n ? 1n : deadline;
    this.#keys.set(0, bytesOf(key), bytesOf(value), deadlineMs);
    return this;
  }

  override delete(key: string): boolean {
    return this.#keys.delete(0, bytesOf(key));
  }
}

export class SimulationModel {
  readonly #fixture = createRedisFixture();
  readonly #v1: ModelServer;

  constructor(contents: Contents, nowMs: number) {
    const { keys } = this.#fixture;
    this.nowMs = nowMs;
    for (const [name, text] of contents) {
      const [database, key] = cut(name, ":");
      const [deadlineMs, value] = cut(text, " ");
      keys.set(Number(database), bytesOf(key), bytesOf(value), BigInt(deadlineMs));
    }
    const v1 = new ModelServer(nowMs);
    this.#v1 = Object.assign(v1, { items: new ItemsOf(keys) });
  }

  set nowMs(nowMs: number) {
    this.#fixture.keys.nowMs = nowMs;
    this.#fixture.clock.now = nowMs;
    if (this.#v1 !== undefined) this.#v1.nowMs = nowMs;
  }

  connect(): Client {
    return this.#fixture.client();
  }

  disconnect(client: Client): void {
    this.#fixture.dispatcher.forget(client);
  }

  execute(client: Client, args: readonly string[]): string {
    return this.#fixture.run(client, ...args.map(bytesOf));
  }

  executeV1(request: Buffer): string {
    const text = this.#v1.execute(innerOf(request)).toString("latin1");
    // A value that RESP has set may be longer than a frame can say.
    return text.length > FRAME_LENGTH_MAX ? ERROR.toString("latin1") : text;
  }

  /** Whether it would write, as the server sees it before. */
  writes(client: Client, args: readonly string[]): boolean {
    if (client.queue === null) return this.#isWrite(args.map(bytesOf));
    const isExec = args[0]!.toLowerCase() === "exec";
    return isExec && client.queue.some((command) => this.#isWrite(command.args));
  }

  contents(): Contents {
    return readContents(this.#fixture.keys);
  }

  #isWrite(args: readonly Buffer[]): boolean {
    return this.#fixture.server.commands.resolve(args)?.flags.has("write") ?? false;
  }
}

/** Live keys, with values and deadlines. */
export function readContents(keys: Keyspace): Contents {
  const contents: Contents = new Map();
  for (let database = 0; database < DATABASE_COUNT; database++) {
    const met: Buffer[] = [];
    let cursor = 0;
    do cursor = keys.scan(database, cursor, 1000, (key) => met.push(key));
    while (cursor !== 0);
    for (const key of met) {
      const value = keys.find(database, key)!;
      const text = textOf(value.bytes().toString("latin1"), Number(value.deadlineMs));
      contents.set(nameOf(database, key.toString("latin1")), text);
    }
  }
  return contents;
}

/** What DURABLE executes; any other request itself. */
function innerOf(request: Buffer): Buffer {
  if (request[2] !== DURABLE) return request;
  return frame(request.subarray(5 + request.readUInt16BE(3)));
}

function cut(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return [text.slice(0, at), text.slice(at + 1)];
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
