// Ranks by Zipf's law: rank r is asked for in proportion to 1 / (r + 1)^theta. After Gray,
// Sundaresan, Englert, Baclawski, Weinberger, Quickly Generating Billion-Record Synthetic Databases
// (SIGMOD 1994), section 3.3, as YCSB does it; then the ranks are scattered over the keyspace,
// because hot keys that are neighbours would be kinder to caches than real ones.

import type { Random } from "./random.ts";

/** Spreads ranks: a prime that divides no keyspace below it, so each rank has a key of its own. */
const SCATTER_PRIME = 2_654_435_761;

/**
 * Key numbers below `keyspace`; 0 < theta < 1. Setting up takes time in proportion to the keyspace.
 */
export function createZipf(random: Random, keyspace: number, theta: number): () => number {
  const scatter = BigInt(SCATTER_PRIME);
  const step = Number(scatter % BigInt(keyspace)) || 1;
  let zeta = 0;
  for (let rank = 1; rank <= keyspace; rank++) zeta += rank ** -theta;
  const zetaOfTwo = 1 + 0.5 ** theta;
  const alpha = 1 / (1 - theta);
  const eta = (1 - (2 / keyspace) ** (1 - theta)) / (1 - zetaOfTwo / zeta);

  function rank(): number {
    const u = random.fraction();
    const scaled = u * zeta;
    if (scaled < 1) return 0;
    if (scaled < zetaOfTwo) return Math.min(1, keyspace - 1);
    return Math.min(keyspace - 1, Math.floor(keyspace * (eta * u - eta + 1) ** alpha));
  }

  return () => scatterRank(rank(), step, keyspace);
}

/** rank × step modulo keyspace, exact for products beyond 2^53. */
function scatterRank(rank: number, step: number, keyspace: number): number {
  const high = Math.floor(step / 65536);
  const low = step % 65536;
  return (((((rank * high) % keyspace) * 65536) % keyspace) + rank * low) % keyspace;
}
