/** Why a run could not be made or finished, as one sentence for standard error. */
export class RunError extends Error {
  override readonly name = "RunError";
}
