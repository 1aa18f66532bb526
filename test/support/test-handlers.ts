import { ReceiveWindows } from "../../src/batch/receive-windows.ts";
import type { EngineHandlers } from "../../src/net/engine.ts";

/** What an engine tells the pipeline, kept as text, and as much room as a test says. */
export class TestHandlers implements EngineHandlers {
  readonly windows: ReceiveWindows;
  /** What happened, in order. */
  readonly events: string[] = [];
  /** Bytes a connection may still be given, by number; Infinity unless told otherwise. */
  readonly room = new Map<number, number>();
  /** Called at the end of a turn. */
  onTurn: () => void = () => {};
  turnCount = 0;
  readonly #texts = new Map<number, string>();
  readonly #free: number[];

  constructor(connectionCount: number) {
    this.windows = new ReceiveWindows(connectionCount, 65536);
    this.#free = Array.from({ length: connectionCount }, (_, i) => i).toReversed();
  }

  opened(): number {
    const connection = this.#free.pop() ?? -1;
    this.events.push(`opened ${connection}`);
    if (connection >= 0) {
      this.windows.open(connection);
      this.#texts.set(connection, "");
    }
    return connection;
  }

  roomFor(connection: number): number {
    this.windows.begins[connection] = this.windows.ends[connection]!;
    this.windows.makeRoom(connection);
    return Math.min(this.windows.room(connection), this.room.get(connection) ?? Infinity);
  }

  received(connection: number, length: number): void {
    const begin = this.windows.ends[connection]!;
    const text = this.windows.area.bytes.toString("latin1", begin, begin + length);
    this.windows.advance(connection, length);
    this.#texts.set(connection, this.textOf(connection) + text);
    const room = this.room.get(connection);
    if (room !== undefined) this.room.set(connection, room - length);
  }

  sent(connection: number, length: number): void {
    this.events.push(`sent ${connection} ${length}`);
  }

  ended(connection: number): void {
    this.events.push(`ended ${connection}`);
  }

  writable(connection: number): void {
    this.events.push(`writable ${connection}`);
  }

  closed(connection: number): void {
    this.events.push(`closed ${connection}`);
    this.#free.push(connection);
  }

  turnEnded(): void {
    this.turnCount++;
    this.onTurn();
  }

  /** All that a connection has received. */
  textOf(connection: number): string {
    return this.#texts.get(connection) ?? "";
  }
}
