// The sixteen databases of a store. An entry's header has the number of its database, and the seeds
// of both hashes differ by database, so that equal keys of two databases lie apart. Database 0 has
// the seeds as they were given: whoever knows of no databases computes the same hashes.

import { DATABASE_MASK, DATABASE_SHIFT } from "./entry.ts";

export const DATABASE_COUNT = 16;

/** Odd, so that sixteen multiples of it differ in many bits: 2^32 divided by the golden ratio. */
const SEED_STEP = 0x9e3779b1;

/** The seed of a hash in a database. */
export function databaseSeed(seed: number, database: number): number {
  return seed ^ Math.imul(database, SEED_STEP);
}

/** The database of an entry, from the entry's first word. */
export function databaseOf(header: number): number {
  return (header & DATABASE_MASK) >>> DATABASE_SHIFT;
}
