// Knows of a data thread whether it is within a turn, and whether that has recorded anything.

import type { DataThread } from "../../src/server/data-thread.ts";
import type { WriteHistory } from "./write-history.ts";

export class TurnRecorder {
  readonly #thread: DataThread;
  readonly #history: WriteHistory;
  #endedCount: number;
  #turnNumber = 0;
  /** Events before this turn, and after the last request. */
  #lengthBefore = 0;
  #lastLength = 0;

  constructor(thread: DataThread, history: WriteHistory) {
    this.#thread = thread;
    this.#history = history;
    const { pipeline } = thread;
    this.#endedCount = pipeline.turn.turnCount;
    const turnEnded = pipeline.turnEnded.bind(pipeline);
    pipeline.turnEnded = () => {
      turnEnded();
      this.#endedCount = pipeline.turn.turnCount;
    };
  }

  /** Something has begun a turn, which has not ended. */
  get isInTurn(): boolean {
    return this.#thread.pipeline.turn.turnCount !== this.#endedCount;
  }

  /** Whether the turn has; to be asked after each request. */
  hasRecorded(): boolean {
    const { turnCount } = this.#thread.pipeline.turn;
    if (turnCount !== this.#turnNumber) this.#lengthBefore = this.#lastLength;
    this.#turnNumber = turnCount;
    this.#lastLength = this.#history.countOf(this.#thread.durability!.journal);
    return this.#lastLength > this.#lengthBefore;
  }
}
