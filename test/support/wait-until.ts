// Waiting for what another party does. A wait that lasts nearly as long as a test may take fails
// with what it was for, which says more than the runner's timeout.

const LATE_MS = 25_000;

/** Settles once the condition holds; looks at it again after every turn of the event loop. */
export async function waitUntil(condition: () => boolean, what: () => string): Promise<void> {
  const late = failLate(what);
  try {
    while (!condition()) {
      const turn = new Promise<void>((resolve) => setTimeout(resolve, 1));
      await Promise.race([turn, late.promise]);
    }
  } finally {
    late.cancel();
  }
}

/** A promise that is rejected when it is late, unless it is cancelled. */
export function failLate(what: () => string): { promise: Promise<never>; cancel: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const timer = setTimeout(() => reject(new Error(`still waiting for ${what()}`)), LATE_MS);
  return { promise, cancel: () => clearTimeout(timer) };
}
