// The simulation is worth what it finds: each of these faults is planted in front of the server or
// below it, and some of the histories have to fail over it.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { ONE_THREAD } from "../support/simulated-data-threads.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import type { SimulatedServer } from "../support/simulated-server.ts";
import { Simulation, type SimulationPlant } from "../support/simulation.ts";

const SEED_COUNT = 500;
// The rarest takes hundreds of histories.
setDefaultTimeout(120_000);
const PROMISE = /after recovery: (event \d+|\S+ is|partition \d+ ends)/;
const REFUSAL = /is due|missing|cut off|damaged|does not|is wrong|checksum|begins|behind/;

/**
 * The first history that fails, and why; null = none. The seed that `found` it before comes first:
 * any of them may.
 */
function findFailure(
  makePlant: () => SimulationPlant,
  found = 0,
): { seed: number; message: string } | null {
  for (let i = 0; i < SEED_COUNT; i++) {
    const seed = (found + i) % SEED_COUNT;
    try {
      new Simulation(seed, { threads: ONE_THREAD, ...makePlant() }).run();
    } catch (error) {
      return { seed, message: (error as Error).message };
    }
  }
  return null;
}

function onServer(change: (server: SimulatedServer) => void): () => SimulationPlant {
  return () => ({ policy: "always", started: change });
}

describe("the simulation finds", () => {
  test("replies that leave before the sync", () => {
    const failure = findFailure(() => ({
      policy: "always",
      server: {
        wrapProducer: (producer) => ({ ...producer, syncedPosition: producer.position }),
      },
    }));
    expect(failure?.message).toMatch(PROMISE);
  });

  test("replies that leave when their records are written", () => {
    const failure = findFailure(
      () => ({
        policy: "always",
        server: {
          wrapProducer: (producer) => ({ ...producer, syncedPosition: producer.writtenPosition }),
        },
      }),
      200,
    );
    expect(failure?.message).toMatch(PROMISE);
  });

  test("a position that is used again after a restart", () => {
    const failure = findFailure(() => ({
      policy: "always",
      server: {
        startPosition: ({ endPositions, nextPosition }) => Math.min(...endPositions, nextPosition),
      },
    }));
    expect(failure?.message).toMatch(REFUSAL);
  });

  test("a sync of the directory that is skipped", () => {
    const failure = findFailure(() => ({
      policy: "always",
      disk: (disk: SimulatedDisk) => {
        disk.hasLyingDirectorySyncs = true;
      },
    }));
    expect(failure).not.toBeNull();
  });

  test("a sync of a file that is skipped", () => {
    const failure = findFailure(() => ({
      policy: "always",
      disk: (disk: SimulatedDisk) => {
        disk.hasLyingSyncs = true;
      },
    }));
    expect(failure).not.toBeNull();
  });

  test("a record that is dropped", () => {
    let count = 0;
    const failure = findFailure(
      onServer(({ durability: { journal } }) => {
        const { wrote } = journal;
        journal.wrote = (reference, hash) => {
          if (++count % 40 !== 0) wrote(reference, hash);
        };
      }),
    );
    expect(failure?.message).toMatch(/after recovery: \S+ is/);
  });

  test("a removal that is dropped", () => {
    const failure = findFailure(
      onServer(({ durability: { journal } }) => {
        journal.removed = () => {};
      }),
    );
    expect(failure?.message).toMatch(/after recovery: \S+ is/);
  });

  test("a group that is split", () => {
    const failure = findFailure(
      onServer(({ durability: { journal } }) => {
        journal.beginGroup = () => {};
        journal.endGroup = () => {};
      }),
    );
    expect(failure?.message).toMatch(/after recovery: \S+ is/);
  });

  test("a write that the log is not told of", () => {
    const failure = findFailure(
      onServer(({ thread: { store } }) => {
        const { setDeadline } = store;
        store.setDeadline = (...args) => {
          const { writeLog } = store;
          store.writeLog = null;
          const isDone = setDeadline.apply(store, args);
          store.writeLog = writeLog;
          return isDone;
        };
      }),
    );
    expect(failure?.message).toMatch(/what the log was told and the store has/);
  });

  test("a connection that is let off waiting now and then", () => {
    let count = 0;
    const failure = findFailure(
      onServer(({ durability: { gate } }) => {
        const { wants } = gate;
        gate.wants = (connection) => ++count % 5 !== 0 && wants.call(gate, connection);
      }),
    );
    expect(failure?.message).toMatch(PROMISE);
  });
});
