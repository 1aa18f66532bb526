// What real threads do in the middle of each other's turns, around snapshots. All other turns of a
// simulated life run alone.
//
//   a slice of thread 0's snapshot   looks at clock or rings     ─▶ another thread has a turn
//   a group of another thread        between two of its writes   ─▶ thread 0 has a slice, or the
//                                                                   keeper takes what it has sent
//
// Somebody goes on only where a real thread would, which locks decide. A turn cannot be stopped
// where it would wait, so it is only begun while nobody has a lock. A slice can: it takes the
// structure before it does anything, and one that comes to it while the group has it is as if it
// had not been begun.

import { SEGMENT_HEADER_WORDS, STRUCTURE_LOCK } from "../../src/store/control-memory.ts";
import type { StoreLocks } from "../../src/store/store-locks.ts";
import type { Journal } from "../../src/wal/journal.ts";
import type { Random } from "./random.ts";
import { PowerLoss } from "./simulated-disk.ts";
import type { SimulatedServer } from "./simulated-server.ts";
import type { SimulationFigures } from "./simulation.ts";

/** One of so many places where others may go on is one where they do. */
const TURN_SHARE = 2;
const SLICE_SHARE = 2;
const SNAPSHOT_STEPS_MAX = 12;

/** A slice would wait here for who is in the middle of something. */
const WOULD_WAIT = new Error("a lock is another thread's");

export interface InterruptionHooks {
  /** Whether a turn of that thread has begun, and not ended. */
  isInTurn(thread: number): boolean;
  /** Something of its clients arrives, and it has a turn. */
  haveTurn(thread: number): void;
}

export class LifeInterruptions {
  readonly #server: SimulatedServer;
  readonly #random: Random;
  readonly #figures: SimulationFigures;
  readonly #locks: StoreLocks;
  readonly #hooks: InterruptionHooks;
  /** Thread 0 is within a slice. */
  #isInSlice = false;
  /** Somebody goes on in the middle of something; nobody does in the middle of that. */
  #isInterrupted = false;
  /** The history looks at the rings, which takes it no time. */
  #isHistoryLooking = false;

  /** Of a server with several threads, to which the history listens already. */
  constructor(
    server: SimulatedServer,
    random: Random,
    figures: SimulationFigures,
    hooks: InterruptionHooks,
  ) {
    this.#server = server;
    this.#random = random;
    this.#figures = figures;
    this.#locks = server.thread.store.locks!;
    this.#hooks = hooks;
    this.#watchSlices();
    this.#watchLocks();
    for (const { durability } of server.threads.slice(1)) this.#watchGroups(durability!.journal);
  }

  #watchSlices(): void {
    const { store, durability } = this.#server.thread;
    const { journal } = durability!;
    const job = durability!.job!;
    const step = job.step.bind(job);
    job.step = (isHurried) => {
      this.#isInSlice = true;
      try {
        step(isHurried);
      } finally {
        this.#isInSlice = false;
      }
    };
    const { slices } = store;
    const begin = slices.begin.bind(slices);
    slices.begin = () => {
      this.#letTurnIn();
      return begin();
    };
    for (const producer of journal.producers) {
      const { position } = producer;
      producer.position = () => {
        this.#letTurnIn();
        return position();
      };
    }
    const { publish } = journal;
    journal.publish = () => {
      this.#isHistoryLooking = true;
      publish();
      this.#isHistoryLooking = false;
    };
  }

  #watchLocks(): void {
    const locks = this.#locks;
    const enter = locks.enter.bind(locks);
    locks.enter = () => {
      const isMine = locks.hasStructure;
      if (this.#isInterrupted && this.#isInSlice && !isMine && this.#isTaken(STRUCTURE_LOCK)) {
        throw WOULD_WAIT;
      }
      enter();
    };
  }

  #watchGroups(journal: Journal): void {
    const { wrote, removed, flushed, beginGroup, endGroup } = journal;
    let isInGroup = false;
    journal.beginGroup = () => {
      isInGroup = true;
      beginGroup();
    };
    journal.endGroup = () => {
      isInGroup = false;
      endGroup();
    };
    journal.wrote = (reference, hash) => {
      wrote(reference, hash);
      if (isInGroup) this.#letSnapshotGoOn();
    };
    journal.removed = (offset, length, hash) => {
      removed(offset, length, hash);
      if (isInGroup) this.#letSnapshotGoOn();
    };
    journal.flushed = (database) => {
      flushed(database);
      if (isInGroup) this.#letSnapshotGoOn();
    };
  }

  /** Another thread has a turn in the middle of thread 0's slice. */
  #letTurnIn(): void {
    if (!this.#isInSlice || this.#isInterrupted || this.#isHistoryLooking) return;
    if (!this.#random.oneIn(TURN_SHARE) || this.#isAnyTaken()) return;
    const thread = this.#random.between(1, this.#server.threads.length);
    this.#figures.interruptions++;
    this.#isInterrupted = true;
    try {
      this.#hooks.haveTurn(thread);
    } finally {
      this.#isInterrupted = false;
    }
  }

  /** Thread 0 and the keeper go on with a snapshot in the middle of another thread's group. */
  #letSnapshotGoOn(): void {
    if (this.#isInSlice || !this.#random.oneIn(SLICE_SHARE)) return;
    const stepCount = this.#random.between(1, SNAPSHOT_STEPS_MAX);
    for (let i = 0; i < stepCount; i++) if (!this.#stepSnapshot()) return;
  }

  /** False when nobody can go on. */
  #stepSnapshot(): boolean {
    const { messages, durability } = this.#server;
    // Those of the log have the writers go on as well, and whoever hears of it.
    const isForKeeper = messages[0]?.kind.startsWith("snapshot-") ?? false;
    if (isForKeeper) return this.#tryKeeper();
    return durability.job!.isRunning && !this.#hooks.isInTurn(0) && this.#tryStep();
  }

  /** False when the power is gone, which the life notices when the group's command is over. */
  #tryKeeper(): boolean {
    try {
      return this.#server.stepKeeper();
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error;
      return false;
    }
  }

  /** Thread 0 has a slice; false when that comes to what others have locked. */
  #tryStep(): boolean {
    this.#figures.interruptions++;
    this.#isInterrupted = true;
    try {
      this.#server.durability.job!.step();
      return true;
    } catch (error) {
      if (error !== WOULD_WAIT) throw error;
      this.#figures.lockWaits++;
      return false;
    } finally {
      this.#isInterrupted = false;
    }
  }

  #isAnyTaken(): boolean {
    const { segmentsBegin, segmentCount } = this.#locks;
    if (this.#isTaken(STRUCTURE_LOCK)) return true;
    for (let segment = 0; segment < segmentCount; segment++) {
      if (this.#isTaken(segmentsBegin + segment * SEGMENT_HEADER_WORDS)) return true;
    }
    return false;
  }

  /** By whomever: a lock's word is odd then. */
  #isTaken(word: number): boolean {
    return (this.#locks.control[word]! & 1) !== 0;
  }
}
