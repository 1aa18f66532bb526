import { expect, test } from "bun:test";
import { Doorbells, reserveBells, type BellHearing } from "../../src/shard/doorbells.ts";
import { waitUntil } from "../support/wait-until.ts";

function hearing(overrides: Partial<BellHearing> = {}): BellHearing {
  return { descriptor: -1, ringDescriptor: () => {}, heard: () => {}, ...overrides };
}

test("only who sleeps is rung, and once", () => {
  const buffer = reserveBells(2);
  const rung: number[] = [];
  const ringDescriptor = (descriptor: number): number => rung.push(descriptor);
  using first = new Doorbells(buffer, 0, hearing({ descriptor: 40, ringDescriptor }));
  using second = new Doorbells(buffer, 1, hearing({ descriptor: 0, ringDescriptor }));
  first.wake(1);
  expect(rung).toEqual([]);
  second.sleep();
  first.wake(1);
  first.wake(1);
  expect(rung).toEqual([0]);
  first.sleep();
  second.wake(0);
  expect(rung).toEqual([0, 40]);
  second.sleep();
  second.awake();
  first.wake(1);
  expect(rung).toEqual([0, 40]);
  expect([first.wakeUpCount, second.wakeUpCount]).toEqual([1, 1]);
});

test("a thread without a descriptor hears a message, and no other thread does", async () => {
  const buffer = reserveBells(3);
  const heard: number[] = [];
  const bells = [0, 1, 2].map(
    (index) => new Doorbells(buffer, index, hearing({ heard: () => heard.push(index) })),
  );
  for (const bell of bells) bell.sleep();
  bells[0]!.wake(2);
  await waitUntil(
    () => heard.length > 0,
    () => "a message",
  );
  bells[0]!.wake(1);
  await waitUntil(
    () => heard.length > 1,
    () => "a message",
  );
  expect(heard).toEqual([2, 1]);
  for (const bell of bells) bell[Symbol.dispose]();
});

test("servers of one process do not hear each other", () => {
  const salts = [reserveBells(2), reserveBells(2)].map((buffer) => new Int32Array(buffer)[0]);
  expect(salts[0]).not.toBe(salts[1]);
});

test("who is gone is not rung, whoever has its descriptor now", () => {
  const buffer = reserveBells(2);
  const rung: number[] = [];
  const ringDescriptor = (descriptor: number): number => rung.push(descriptor);
  using first = new Doorbells(buffer, 0, hearing({ ringDescriptor }));
  const second = new Doorbells(buffer, 1, hearing({ descriptor: 7 }));
  second.sleep();
  second[Symbol.dispose]();
  first.wake(1);
  expect(rung).toEqual([]);
});

test("all have closed when each has said so", () => {
  const buffer = reserveBells(2);
  using first = new Doorbells(buffer, 0, hearing());
  using second = new Doorbells(buffer, 1, hearing());
  first.noteClosed();
  expect(first.haveAllClosed()).toBe(false);
  second.noteClosed();
  expect([first.haveAllClosed(), second.haveAllClosed()]).toEqual([true, true]);
});
