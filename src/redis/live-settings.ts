// Settings that CONFIG SET and DEBUG change while the server runs, one word each. Several data
// threads have them in memory that they share, so that each sees at once what another has set.

const LIVE_SETTINGS = {
  LATENCY_TRACKING: 0,
  SLOW_LOG_THRESHOLD: 1,
  SLOW_LOG_LENGTH: 2,
  ACTIVE_EXPIRY: 3,
} as const;
export const LIVE_SETTING_COUNT = Object.keys(LIVE_SETTINGS).length;

const SLOW_LOG_THRESHOLD_US = 10_000;
const SLOW_LOG_LENGTH = 128;

export class LiveSettings {
  readonly #words: Float64Array;

  /** `words` have been set to the defaults by somebody; without them they are this object's own. */
  constructor(words: Float64Array | null = null) {
    this.#words = words ?? new Float64Array(LIVE_SETTING_COUNT);
    if (words === null) writeLiveDefaults(this.#words);
  }

  /** Whether durations of commands go to histograms (latency-tracking). */
  get isLatencyTracked(): boolean {
    return this.#words[LIVE_SETTINGS.LATENCY_TRACKING] !== 0;
  }

  set isLatencyTracked(isTracked: boolean) {
    this.#words[LIVE_SETTINGS.LATENCY_TRACKING] = Number(isTracked);
  }

  /** What takes as long or longer is kept; 0 = everything, below 0 = nothing. */
  get slowLogThresholdUs(): number {
    return this.#words[LIVE_SETTINGS.SLOW_LOG_THRESHOLD]!;
  }

  set slowLogThresholdUs(thresholdUs: number) {
    this.#words[LIVE_SETTINGS.SLOW_LOG_THRESHOLD] = thresholdUs;
  }

  get slowLogLengthMax(): number {
    return this.#words[LIVE_SETTINGS.SLOW_LOG_LENGTH]!;
  }

  set slowLogLengthMax(length: number) {
    this.#words[LIVE_SETTINGS.SLOW_LOG_LENGTH] = length;
  }

  /** Whether keys are removed when they expire (DEBUG SET-ACTIVE-EXPIRE). */
  get isExpiryActive(): boolean {
    return this.#words[LIVE_SETTINGS.ACTIVE_EXPIRY] !== 0;
  }

  set isExpiryActive(isActive: boolean) {
    this.#words[LIVE_SETTINGS.ACTIVE_EXPIRY] = Number(isActive);
  }
}

export function writeLiveDefaults(words: Float64Array): void {
  words[LIVE_SETTINGS.LATENCY_TRACKING] = 1;
  words[LIVE_SETTINGS.SLOW_LOG_THRESHOLD] = SLOW_LOG_THRESHOLD_US;
  words[LIVE_SETTINGS.SLOW_LOG_LENGTH] = SLOW_LOG_LENGTH;
  words[LIVE_SETTINGS.ACTIVE_EXPIRY] = 1;
}
