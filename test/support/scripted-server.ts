// A fkvs v1 server of a few lines over a Map, that lies, stalls or leaves as a test tells it to:
// what the load generator is tried on.

import { OPCODE } from "../../src/protocol/opcode.ts";
import { ERROR, OK, reply } from "./v1-frames.ts";

export interface ScriptedRequest {
  readonly opcode: number;
  readonly key: string;
  readonly value: string;
  /** Counted over all connections, from 0. */
  readonly index: number;
}

/** What to send in place of the honest answer; "close" hangs up, "stall" never answers again. */
export type Script = (
  request: ScriptedRequest,
  honest: Buffer,
  values: ReadonlyMap<string, string>,
) => Buffer | "close" | "stall";

export class ScriptedServer implements Disposable {
  readonly port: number;
  requestCount = 0;
  readonly #values = new Map<string, string>();
  readonly #script: Script;
  readonly #listener: Bun.TCPSocketListener<{ rest: Buffer }>;
  #isStalled = false;

  constructor(script: Script = (_, honest) => honest) {
    this.#script = script;
    this.#listener = Bun.listen<{ rest: Buffer }>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          socket.data = { rest: Buffer.alloc(0) };
        },
        data: (socket, chunk) => this.#receive(socket, chunk),
      },
    });
    this.port = this.#listener.port;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }

  #receive(socket: Bun.Socket<{ rest: Buffer }>, chunk: Buffer): void {
    let rest = Buffer.concat([socket.data.rest, chunk]);
    const answers: Buffer[] = [];
    while (rest.length >= 2 && rest.length >= rest.readUInt16BE(0) + 2) {
      const size = rest.readUInt16BE(0) + 2;
      const answer = this.#isStalled ? "stall" : this.#answer(rest.subarray(0, size));
      if (answer === "close") {
        socket.terminate();
        return;
      }
      if (answer === "stall") this.#isStalled = true;
      else answers.push(answer);
      rest = rest.subarray(size);
    }
    socket.data.rest = rest;
    socket.write(Buffer.concat(answers));
  }

  #answer(frame: Buffer): Buffer | "close" | "stall" {
    const opcode = frame[2]!;
    const keyEnd = 5 + frame.readUInt16BE(3);
    const key = frame.toString("latin1", 5, keyEnd);
    const value = opcode === OPCODE.SET ? frame.toString("latin1", keyEnd + 2) : "";
    const request = { opcode, key, value, index: this.requestCount++ };
    return this.#script(request, this.#execute(request), this.#values);
  }

  #execute({ opcode, key, value }: ScriptedRequest): Buffer {
    const values = this.#values;
    if (opcode === OPCODE.PING) return reply.pong("");
    if (opcode === OPCODE.DEL) {
      values.delete(key);
      return OK;
    }
    if (opcode === OPCODE.SET) values.set(key, value);
    if (opcode === OPCODE.INCR) values.set(key, `${Number(values.get(key) ?? 0) + 1}`);
    const found = values.get(key);
    return found === undefined ? ERROR : reply.value(found);
  }
}
