import { describe, expect, test } from "bun:test";
import { layOutControl, reserveControl } from "../../src/store/control-memory.ts";
import { PIN_END } from "../../src/store/pin-table.ts";
import { SharedPins } from "../../src/store/shared-pins.ts";
import { StoreLocks } from "../../src/store/store-locks.ts";

const PAGE_COUNT = 16;
/** Of 16 KiB in a page of 128. */
const LONG_VALUES_PER_PAGE = 8;
/** MSET with as many arguments as there may be. */
const WAITING_COUNT = 2 ** 19;

function makeThreads(): readonly [SharedPins, SharedPins] {
  const layout = layOutControl(PAGE_COUNT, 1);
  const control = new Int32Array(reserveControl(layout, true));
  const locks = new StoreLocks(control, layout);
  locks.enter();
  const shared = { control, layout, locks };
  return [new SharedPins(shared), new SharedPins(shared)];
}

describe("SharedPins", () => {
  test("counts the pins of all threads", () => {
    const [first, second] = makeThreads();
    expect(first.add(100)).toBe(1);
    expect(second.add(100)).toBe(2);
    expect(second.orphan(100)).toBe(true);
    expect([first.count, second.count]).toEqual([1, 1]);
    expect(second.remove(100)).toBe(PIN_END.OTHERS_LEFT);
    expect(second.has(100)).toBe(true);
    expect(first.remove(100)).toBe(PIN_END.LAST_OF_ORPHAN);
    expect([first.has(100), second.has(100)]).toEqual([false, false]);
  });

  test("has room for everything that can be pinned at once", () => {
    const [pins] = makeThreads();
    const count = PAGE_COUNT * LONG_VALUES_PER_PAGE + WAITING_COUNT;
    // Entries of 16 bytes, one behind the other.
    for (let i = 1; i <= count; i++) pins.add(2 * i);
    expect(pins.count).toBe(count);
    for (let i = 1; i <= count; i++) pins.remove(2 * i);
    expect(pins.count).toBe(0);
  });
});
