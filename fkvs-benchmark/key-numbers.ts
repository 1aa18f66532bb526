// Which key a request is for, as a number.

import type { LoadPlan } from "./plan.ts";
import type { Random } from "./random.ts";
import { createZipf } from "./zipf.ts";

/** The next key of a connection, counted within its thread. */
export type NextKey = (connection: number) => number;

export function createKeyNumbers(plan: LoadPlan, random: Random): NextKey {
  const { keys, connectionTotal, firstConnection, isVerified } = plan;
  if (keys.kind === "single") {
    // Who verifies must be alone with its key.
    return isVerified ? (connection) => firstConnection + connection : () => 0;
  }
  if (keys.kind === "sequence") {
    let next = keys.begin;
    return () => {
      const key = next;
      next += keys.step;
      return key;
    };
  }
  const { keyspace, distribution } = keys;
  const next =
    distribution.kind === "zipf"
      ? createZipf(random, keyspace, distribution.theta)
      : () => random.below(keyspace);
  if (!isVerified) return next;
  if (keyspace < connectionTotal) {
    throw new Error(
      `--verify gives each client keys of its own: a keyspace of ${keyspace} is too small for ` +
        `${connectionTotal} clients`,
    );
  }
  return (connection) => ownKey(next(), firstConnection + connection, connectionTotal, keyspace);
}

/** The key nearest below that belongs to a connection: those with its number modulo all. */
function ownKey(key: number, connection: number, total: number, keyspace: number): number {
  const own = key - (key % total) + connection;
  return own < keyspace ? own : own - total;
}
