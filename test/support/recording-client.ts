// Clients over real sockets that note when they have asked what, and when which result has come.
// All of them are in one process, so one counter is a clock for all.

import type { Socket } from "bun";
import { WIRES, type HistoryRequest, type Protocol, type Wire } from "./history-wire.ts";
import { UNKNOWN, type Operation } from "./linearizability-model.ts";
import { failLate } from "./wait-until.ts";

interface UnderWay {
  readonly request: HistoryRequest;
  readonly callTime: number;
  readonly replies: Buffer[];
}

/** What several clients have done so far. */
export class Recorder {
  readonly operations: Operation[] = [];
  #time = 0;
  #connectionCount = 0;

  tick(): number {
    return ++this.#time;
  }

  async connect(port: number, protocol: Protocol): Promise<RecordingClient> {
    return await RecordingClient.connect(this, port, protocol, ++this.#connectionCount);
  }
}

export class RecordingClient implements Disposable {
  readonly #recorder: Recorder;
  readonly #number: number;
  readonly #wire: Wire;
  readonly #reader: ReturnType<Wire["makeReader"]>;
  #socket!: Socket;
  #underWay: UnderWay[] = [];
  #unsent: Buffer = Buffer.alloc(0);
  #isGreeted: boolean;
  #isOver = false;
  #failure: Error | null = null;
  #wake: () => void = () => {};

  private constructor(recorder: Recorder, number: number, wire: Wire) {
    this.#recorder = recorder;
    this.#number = number;
    this.#wire = wire;
    this.#reader = wire.makeReader();
    this.#isGreeted = wire.greeting === null;
  }

  static async connect(
    recorder: Recorder,
    port: number,
    protocol: Protocol,
    number: number,
  ): Promise<RecordingClient> {
    const client = new RecordingClient(recorder, number, WIRES[protocol]);
    client.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, chunk) => client.#receive(chunk),
        drain: () => client.#write(),
        close: () => client.#fail(new Error("the server has closed the connection")),
        error: () => {},
      },
    });
    const { greeting } = client.#wire;
    if (greeting !== null) {
      client.#unsent = greeting;
      client.#write();
      await client.idle();
    }
    return client;
  }

  /** Sends requests in one write. */
  send(requests: readonly HistoryRequest[]): void {
    for (const request of requests) {
      this.#underWay.push({ request, callTime: this.#recorder.tick(), replies: [] });
    }
    const bytes = requests.map((request) => this.#wire.encode(request));
    this.#unsent = Buffer.concat([this.#unsent, ...bytes]);
    this.#write();
  }

  /** When everything is answered. */
  async idle(): Promise<void> {
    const late = failLate(() => `${this.#underWay.length} replies on #${this.#number}`);
    try {
      for (;;) {
        if (this.#failure !== null) throw this.#failure;
        if (this.#underWay.length === 0 && this.#isGreeted) return;
        const change = new Promise<void>((resolve) => (this.#wake = resolve));
        await Promise.race([change, late.promise]);
      }
    } finally {
      late.cancel();
    }
  }

  /** Is gone, with a reset; nobody will know what became of what it has asked. */
  vanish(): void {
    this.#isOver = true;
    this.#socket.terminate();
    for (const { request, callTime } of this.#underWay.splice(0)) {
      this.#record(
        { request, callTime, returnTime: Infinity },
        request.steps.map(() => UNKNOWN),
      );
    }
  }

  [Symbol.dispose](): void {
    this.vanish();
  }

  #record(
    { request, callTime, returnTime }: Omit<UnderWay, "replies"> & { readonly returnTime: number },
    results: Operation["results"],
  ): void {
    const { steps } = request;
    const connection = this.#number;
    this.#recorder.operations.push({ connection, steps, results, callTime, returnTime });
  }

  #receive(chunk: Uint8Array): void {
    if (this.#isOver) return;
    try {
      this.#reader.push(Buffer.from(chunk));
      for (let reply = this.#reader.next(); reply !== null; reply = this.#reader.next()) {
        this.#take(reply);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
    this.#wake();
  }

  #take(reply: Buffer): void {
    if (!this.#isGreeted) {
      this.#isGreeted = true;
      return;
    }
    const first = this.#underWay[0];
    if (first === undefined) throw new Error(`nobody asked for ${reply.toString("latin1", 0, 80)}`);
    const { request, callTime, replies } = first;
    replies.push(reply);
    if (replies.length < this.#wire.countReplies(request)) return;
    this.#underWay.shift();
    const results = this.#wire.readResults(request, replies);
    if (results.length !== request.steps.length) throw new Error("results for other steps");
    this.#record({ request, callTime, returnTime: this.#recorder.tick() }, results);
  }

  #fail(error: Error): void {
    if (!this.#isOver) this.#failure ??= error;
    this.#wake();
  }

  #write(): void {
    const written = this.#socket.write(this.#unsent);
    if (written > 0) this.#unsent = this.#unsent.subarray(written);
  }
}
