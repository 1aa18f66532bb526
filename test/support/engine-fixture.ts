import { ByteArea } from "../../src/lib/byte-area.ts";
import type { Engine, ListenAddress } from "../../src/net/engine.ts";
import { Random } from "./random.ts";
import { RawClient } from "./raw-client.ts";
import { TestHandlers } from "./test-handlers.ts";
import { waitUntil } from "./wait-until.ts";

export const CONNECTION_COUNT = 4;
export const MIB = 2 ** 20;

/** An engine that listens, with handlers that write down what it tells, and bytes to send. */
export class EngineFixture<E extends Engine> {
  readonly handlers = new TestHandlers(CONNECTION_COUNT);
  readonly engine: E;
  readonly port: number;
  readonly area = new ByteArea(new SharedArrayBuffer(4 * MIB));

  constructor(makeEngine: (handlers: TestHandlers) => E) {
    this.engine = makeEngine(this.handlers);
    const address = this.engine.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
    this.port = (address as ListenAddress & { kind: "tcp" }).port;
    new Random(1).fill(this.area.bytes);
  }

  async connect(): Promise<RawClient> {
    const before = this.handlers.events.length;
    const client = await RawClient.connect(this.port);
    await this.until(() => this.handlers.events.length > before, "the connection");
    return client;
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    await waitUntil(condition, () => what);
  }

  async untilEvent(event: string): Promise<void> {
    await this.until(() => this.handlers.events.includes(event), event);
  }

  text(begin: number, end: number): string {
    return this.area.bytes.toString("latin1", begin, end);
  }

  protected endAll(): void {
    this.engine.stopListening();
    for (let i = 0; i < CONNECTION_COUNT; i++) this.engine.destroy(i);
  }
}
