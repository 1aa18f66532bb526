// Snapshots as data threads see them that do not make them: thread 0 does, and shows on the board
// how far it is (server-board.ts).

import type { AwaitedSave, Client } from "../redis/client.ts";
import type { Snapshots } from "../redis/snapshots.ts";
import type { ServerBoard } from "./server-board.ts";
import { FIGURE, type FigureName } from "./thread-figures.ts";

/** Of thread 0's figures. */
export function snapshotFigures(snapshots: Snapshots): Partial<Record<FigureName, number>> {
  return {
    isSaving: Number(snapshots.isRunning),
    lastSaveSeconds: snapshots.lastSaveSeconds,
    lastSaveFailed: Number(snapshots.lastStatus === "err"),
    lastSaveDurationSeconds: snapshots.lastDurationSeconds,
    runningSaveSeconds: snapshots.runningSeconds,
    saveCount: snapshots.count,
    changesSinceSave: snapshots.changesSinceLast(),
  };
}

export class BoardSnapshots implements Snapshots {
  readonly #board: ServerBoard;
  readonly #wake: (client: Client) => void;
  /** Clients whose SAVE is not over, and the numbers of their snapshots. */
  #waiting: { readonly client: Client; readonly number: number }[] = [];

  /** `wake` has the command of a client executed again. */
  constructor(board: ServerBoard, wake: (client: Client) => void) {
    this.#board = board;
    this.#wake = wake;
  }

  /** A few times a second. */
  tick(): void {
    if (this.#waiting.length === 0) return;
    const { endedSave } = this.#board;
    const ended = this.#waiting.filter(({ number }) => number <= endedSave);
    this.#waiting = this.#waiting.filter(({ number }) => number > endedSave);
    for (const { client } of ended) {
      // Its connection may be gone.
      if (client.awaitedSave !== "waiting") continue;
      client.awaitedSave = this.lastStatus === "ok" ? "good" : "failed";
      this.#wake(client);
    }
  }

  get isRunning(): boolean {
    return this.#read("isSaving") !== 0;
  }

  get lastSaveSeconds(): number {
    return this.#read("lastSaveSeconds");
  }

  get lastStatus(): "ok" | "err" {
    return this.#read("lastSaveFailed") === 0 ? "ok" : "err";
  }

  get lastDurationSeconds(): number {
    return this.#read("lastSaveDurationSeconds");
  }

  get runningSeconds(): number {
    return this.#read("runningSaveSeconds");
  }

  get count(): number {
    return this.#read("saveCount");
  }

  start(): "started" | "running" {
    if (this.isRunning) return "running";
    this.#board.wantSave();
    return "started";
  }

  save(client: Client): Exclude<AwaitedSave, "none"> | "running" {
    const { awaitedSave } = client;
    if (awaitedSave === "waiting") return awaitedSave;
    if (awaitedSave !== "none") {
      client.awaitedSave = "none";
      return awaitedSave;
    }
    if (this.isRunning) return "running";
    this.#waiting.push({ client, number: this.#board.wantSave() });
    client.awaitedSave = "waiting";
    return "waiting";
  }

  changesSinceLast(): number {
    return this.#read("changesSinceSave");
  }

  #read(name: FigureName): number {
    return this.#board.threads[0]!.figures[FIGURE[name]]!;
  }
}
