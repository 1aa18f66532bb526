/**
 * Ends the program when an invariant is broken. Messages are constants: building one on the hot
 * path costs more than the check.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}
