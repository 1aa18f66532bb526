// Counts pins by reference: of the only thread here, of several in shared-pins.ts.

/** What the end of a pin leaves. */
export const PIN_END = {
  /** There was none to end. */
  UNKNOWN: 0,
  OTHERS_LEFT: 1,
  LAST: 2,
  /** The entry has been unlinked meanwhile: its block goes back. */
  LAST_OF_ORPHAN: 3,
} as const;
export type PinEnd = (typeof PIN_END)[keyof typeof PIN_END];

export interface PinTable {
  /** Entries that are pinned. */
  readonly count: number;
  has(reference: number): boolean;
  /** One more; how many the entry has now. */
  add(reference: number): number;
  /** Notes that a pinned entry has been unlinked; false when it is not pinned. */
  orphan(reference: number): boolean;
  /** One less. */
  remove(reference: number): PinEnd;
}

interface Pin {
  count: number;
  isOrphan: boolean;
}

/** A map of objects is cheap enough: what is pinned is long, or waits. */
export class LocalPins implements PinTable {
  readonly #pins = new Map<number, Pin>();

  get count(): number {
    return this.#pins.size;
  }

  has(reference: number): boolean {
    return this.#pins.has(reference);
  }

  add(reference: number): number {
    const pin = this.#pins.get(reference);
    if (pin !== undefined) return ++pin.count;
    this.#pins.set(reference, { count: 1, isOrphan: false });
    return 1;
  }

  orphan(reference: number): boolean {
    const pin = this.#pins.get(reference);
    if (pin === undefined) return false;
    pin.isOrphan = true;
    return true;
  }

  remove(reference: number): PinEnd {
    const pin = this.#pins.get(reference);
    if (pin === undefined) return PIN_END.UNKNOWN;
    if (--pin.count > 0) return PIN_END.OTHERS_LEFT;
    this.#pins.delete(reference);
    return pin.isOrphan ? PIN_END.LAST_OF_ORPHAN : PIN_END.LAST;
  }
}
