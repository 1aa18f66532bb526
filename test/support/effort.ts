// How much of what is random is tried. FKVS_TEST_EFFORT=10 tries ten times as much as a run that
// somebody waits for.

const EFFORT = Number(process.env["FKVS_TEST_EFFORT"] ?? 1);

/** As many seeds, rounds or runs as the effort makes of `count`. */
export function tries(count: number): number {
  return Math.max(1, Math.round(count * EFFORT));
}
