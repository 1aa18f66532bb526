// The counterpart of scripted-server.ts in RESP: a server of a few lines over a Map, that answers
// as a test tells it to.

import { RespReader } from "./resp-reader.ts";

/** What to send in place of the honest answer; `args` begins with the command. */
export type RespScript = (
  args: readonly string[],
  honest: string,
  values: ReadonlyMap<string, string>,
) => string;

interface Session {
  readonly reader: RespReader;
  unsent: Buffer;
}

export class ScriptedRespServer implements Disposable {
  readonly port: number;
  readonly values = new Map<string, string>();
  requestCount = 0;
  readonly #script: RespScript;
  readonly #listener: Bun.TCPSocketListener<Session>;

  constructor(script: RespScript = (_, honest) => honest, hostname = "127.0.0.1") {
    this.#script = script;
    this.#listener = Bun.listen<Session>({
      hostname,
      port: 0,
      socket: {
        open(socket) {
          socket.data = { reader: new RespReader(), unsent: Buffer.alloc(0) };
        },
        data: (socket, chunk) => this.#receive(socket, chunk),
        drain: flush,
      },
    });
    this.port = this.#listener.port;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }

  #receive(socket: Bun.Socket<Session>, chunk: Buffer): void {
    const session = socket.data;
    session.reader.push(chunk);
    // A request has the form of an array among replies.
    for (let next = session.reader.next(); next !== null; next = session.reader.next()) {
      const answer = Buffer.from(this.#answer(argumentsOf(next)), "latin1");
      session.unsent = Buffer.concat([session.unsent, answer]);
    }
    flush(socket);
  }

  #answer(args: readonly string[]): string {
    this.requestCount++;
    return this.#script(args, this.#execute(args), this.values);
  }

  #execute([command, ...args]: readonly string[]): string {
    switch (command) {
      case "SET":
      case "MSET":
        for (let i = 0; i < args.length; i += 2) this.values.set(args[i]!, args[i + 1]!);
        return "+OK\r\n";
      case "GET":
        return bulk(this.values.get(args[0]!));
      case "MGET":
        return `*${args.length}\r\n${args.map((key) => bulk(this.values.get(key))).join("")}`;
      default:
        return "-ERR unknown command\r\n";
    }
  }
}

/** A bulk string, or the nil. */
export function bulk(text: string | undefined): string {
  return text === undefined ? "$-1\r\n" : `$${text.length}\r\n${text}\r\n`;
}

function flush(socket: Bun.Socket<Session>): void {
  const { unsent } = socket.data;
  if (unsent.length > 0) socket.data.unsent = unsent.subarray(Math.max(0, socket.write(unsent)));
}

/** Of an array of bulk strings without line ends. */
function argumentsOf(request: Buffer): string[] {
  const lines = request.toString("latin1").split("\r\n");
  return lines.filter((_, i) => i >= 2 && i % 2 === 0);
}
