// Random numbers of a load thread: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state, made
// from one seed, so that a run can be repeated.

export interface Random {
  /** An integer from 0 to `end` − 1; `end` up to 2^32. */
  below(end: number): number;
  /** From 0 to 1, 1 not included, in steps of 2^-32. */
  fraction(): number;
}

const WARM_UP_ROUNDS = 12;
const UNIT = 2 ** -32;

export function createRandom(seed: number): Random {
  let a = 0x9e3779b9 | 0;
  let b = 0x243f6a88 | 0;
  let c = seed | 0;
  let counter = 1;

  function word(): number {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  for (let i = 0; i < WARM_UP_ROUNDS; i++) word();
  return {
    below: (end) => Math.floor(word() * UNIT * end),
    fraction: () => word() * UNIT,
  };
}
