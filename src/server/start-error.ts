/** Why the server cannot start on this machine now: one sentence for the operator, exit code 1. */
export class StartError extends Error {
  override readonly name = "StartError";
}
