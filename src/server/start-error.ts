export const START_ERROR_CODE = "START";

/** Why the server cannot start on this machine now: one sentence for the operator, exit code 1. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** By which it is known when it has crossed threads: its sentence says everything. */
  readonly code = START_ERROR_CODE;
}
