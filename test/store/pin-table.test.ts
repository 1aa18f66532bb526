import { describe, expect, test } from "bun:test";
import { layOutControl, reserveControl } from "../../src/store/control-memory.ts";
import { LocalPins, PIN_END, type PinEnd, type PinTable } from "../../src/store/pin-table.ts";
import { SharedPins } from "../../src/store/shared-pins.ts";
import { StoreLocks } from "../../src/store/store-locks.ts";
import { Random } from "../support/random.ts";

function makeSharedPins(): SharedPins {
  const layout = layOutControl(2, 1);
  const control = new Int32Array(reserveControl(layout, true));
  const locks = new StoreLocks(control, layout);
  locks.enter();
  return new SharedPins({ control, layout, locks });
}

const TABLES: Readonly<Record<string, () => PinTable>> = {
  LocalPins: () => new LocalPins(),
  SharedPins: makeSharedPins,
};

describe.each(Object.keys(TABLES))("%s", (name) => {
  const make = TABLES[name]!;

  test("counts the pins of an entry, and the entries", () => {
    const pins = make();
    expect([pins.add(100), pins.add(-8), pins.add(100)]).toEqual([1, 1, 2]);
    expect(pins.count).toBe(2);
    expect(pins.remove(100)).toBe(PIN_END.OTHERS_LEFT);
    expect(pins.remove(100)).toBe(PIN_END.LAST);
    expect([pins.has(100), pins.has(-8)]).toEqual([false, true]);
    expect(pins.count).toBe(1);
  });

  test("knows until the last pin that an entry was unlinked", () => {
    const pins = make();
    pins.add(100);
    pins.add(100);
    expect(pins.orphan(100)).toBe(true);
    expect(pins.remove(100)).toBe(PIN_END.OTHERS_LEFT);
    expect(pins.remove(100)).toBe(PIN_END.LAST_OF_ORPHAN);
    pins.add(100);
    expect(pins.remove(100)).toBe(PIN_END.LAST);
  });

  test("says so when there is no pin", () => {
    const pins = make();
    expect(pins.orphan(100)).toBe(false);
    expect(pins.remove(100)).toBe(PIN_END.UNKNOWN);
    expect(pins.count).toBe(0);
  });

  test("agrees with a list of pins, whatever comes and goes", () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = new Random(seed);
      const pins = make();
      const model = new Map<number, { count: number; isOrphan: boolean }>();
      for (let step = 0; step < 2000; step++) {
        const about = `seed ${seed}, step ${step}`;
        const reference = random.between(-20, 20) || 1;
        const pin = model.get(reference);
        const action = random.below(5);
        if (action < 2) {
          const next = { count: (pin?.count ?? 0) + 1, isOrphan: pin?.isOrphan ?? false };
          model.set(reference, next);
          expect(pins.add(reference), about).toBe(next.count);
        } else if (action === 2) {
          expect(pins.orphan(reference), about).toBe(pin !== undefined);
          if (pin !== undefined) pin.isOrphan = true;
        } else {
          expect(pins.remove(reference), about).toBe(endOf(pin));
          if (pin !== undefined && --pin.count === 0) model.delete(reference);
        }
        expect(pins.has(reference), about).toBe(model.has(reference));
        expect(pins.count, about).toBe(model.size);
      }
    }
  });
});

function endOf(pin: { count: number; isOrphan: boolean } | undefined): PinEnd {
  if (pin === undefined) return PIN_END.UNKNOWN;
  if (pin.count > 1) return PIN_END.OTHERS_LEFT;
  return pin.isOrphan ? PIN_END.LAST_OF_ORPHAN : PIN_END.LAST;
}
