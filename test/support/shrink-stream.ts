// Makes a stream that fails short: leaves out halves, quarters … single steps, as long as it fails.

/**
 * The steps that are left when none can be left out, or when the stream has been tried so many
 * times. `fails` must hold for `steps`.
 */
export async function shrinkStream<Step>(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
  triesMax: number,
): Promise<readonly Step[]> {
  let left = steps;
  let tries = 0;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : (size + 1) >> 1) {
    for (let begin = 0; begin < left.length && tries < triesMax;) {
      const shorter = left.toSpliced(begin, size);
      tries++;
      if (shorter.length > 0 && (await fails(shorter))) left = shorter;
      else begin += size;
    }
  }
  return left;
}
