/** Why there is no profile, and what helps: exit code 1. */
export class ProfileError extends Error {
  override readonly name = "ProfileError";
}
