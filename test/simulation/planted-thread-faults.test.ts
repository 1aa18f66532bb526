// The same for what several data threads have to agree on: faults that one thread by itself would
// never notice.

import { describe, expect, spyOn, test } from "bun:test";
import { Collection } from "../../src/shard/collection.ts";
import { VERDICT } from "../../src/store/write-log.ts";
import type { SimulatedServer } from "../support/simulated-server.ts";
import { Simulation } from "../support/simulation.ts";

const SEED_COUNT = 500;
const TIMEOUT_MS = 120_000;

type Mode = "shared" | "sharded";

/**
 * Why the first history that fails does; null = none does. The seed that `found` it before comes
 * first: any of them may.
 */
function findFailure(
  mode: Mode,
  started: (server: SimulatedServer) => void,
  { hasLongValues = false, found = 0 } = {},
): string | null {
  for (let i = 0; i < SEED_COUNT; i++) {
    const seed = (found + i) % SEED_COUNT;
    const threads = { count: 2 + (seed % 2), mode };
    try {
      new Simulation(seed, { policy: "always", threads, started, hasLongValues }).run();
    } catch (error) {
      return (error as Error).message;
    }
  }
  return null;
}

/**
 * Thread 0 has no locks while it begins a snapshot, or while it walks for it. For histories without
 * long values: the walk pins those, and to pin asserts the structure.
 */
function unlockSnapshots(part: "beginning" | "walk"): (server: SimulatedServer) => void {
  return ({ thread: { store, durability } }) => {
    const job = durability!.job!;
    const { locks } = store;
    const start = job.start.bind(job);
    const step = job.step.bind(job);
    let lastMs = job.beganMs;
    job.start = (onDone) => {
      if (!job.isRunning) lastMs = job.beganMs;
      return start(onDone);
    };
    job.step = (isHurried) => {
      const isBeginning = job.beganMs === lastMs;
      const isUnlocked = isBeginning === (part === "beginning");
      if (isUnlocked) Object.assign(store, { locks: null });
      step(isHurried);
      Object.assign(store, { locks });
    };
  };
}

describe("the simulation of several threads finds", () => {
  test(
    "a verdict that does not see what waits in another thread",
    () => {
      const message = findFailure(
        "shared",
        ({ threads }) => {
          for (const { durability } of threads) {
            const { journal } = durability!;
            const { verdict } = journal;
            journal.verdict = () => {
              const isOthers = journal.share!.isWaiting && journal.backlogBytes() === 0;
              const given = verdict();
              return isOthers && given === VERDICT.WAIT ? VERDICT.ALLOWED : given;
            };
          }
        },
        { hasLongValues: true, found: 118 },
      );
      expect(message).not.toBeNull();
    },
    TIMEOUT_MS,
  );

  test(
    "group ids that are equal in two threads",
    () => {
      const message = findFailure("shared", ({ threads }) => {
        for (const { durability } of threads) {
          const share = durability!.journal.share!;
          let id = share.epoch * 2 ** 32;
          share.takeGroupId = () => ++id;
        }
      });
      expect(message).not.toBeNull();
    },
    TIMEOUT_MS,
  );

  test(
    "a gate that waits for what its own thread has written",
    () => {
      const message = findFailure(
        "shared",
        ({ threads }) => {
          for (const { durability } of threads) {
            const { gate, journal } = durability!;
            const mustHold = gate.mustHold.bind(gate);
            let count = 0;
            gate.mustHold = (hasWrittenElsewhere) => {
              const hasRecorded = journal.recordCount() !== count;
              count = journal.recordCount();
              return mustHold(hasWrittenElsewhere) && hasRecorded;
            };
          }
        },
        { found: 62 },
      );
      expect(message).toMatch(/after recovery: event \d+ is lost/);
    },
    TIMEOUT_MS,
  );

  test(
    "replies to what owners have written that leave when the log has failed",
    () => {
      const message = findFailure(
        "sharded",
        ({ threads }) => {
          for (const { shards } of threads) shards!.takeHasDeliveredWrites = () => false;
        },
        { found: 97 },
      );
      expect(message).toMatch(/after recovery: event \d+ is lost/);
    },
    TIMEOUT_MS,
  );

  test(
    "a command of several keys that does not wait for what owners have",
    () => {
      const message = findFailure("sharded", ({ threads }) => {
        for (const { shards } of threads) shards!.mayExecute = () => true;
      });
      expect(message).toMatch(/before \d+ requests that other threads have/);
    },
    TIMEOUT_MS,
  );

  test(
    "a read that does not wait for a write of its key that an owner has",
    () => {
      const mayHaveWritten = spyOn(Collection.prototype, "mayHaveWritten").mockReturnValue(false);
      try {
        expect(findFailure("sharded", () => {})).toMatch(/before a write of its key/);
      } finally {
        mayHaveWritten.mockRestore();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "a snapshot whose positions another thread's group comes between",
    () => {
      const started = unlockSnapshots("beginning");
      const message = findFailure("shared", started, { found: 9 });
      expect(message).toMatch(/after recovery: \S+ is/);
    },
    TIMEOUT_MS,
  );

  test(
    "a snapshot that has half of another thread's group",
    () => {
      const message = findFailure("shared", unlockSnapshots("walk"), { found: 205 });
      expect(message).toMatch(/after recovery: \S+ is/);
    },
    TIMEOUT_MS,
  );
});
