import { expect, test } from "bun:test";
import { WalDoorbell, failureName, failureOf } from "../../src/wal/wal-control.ts";

test("an error's name survives its way through a word", () => {
  for (const code of ["EIO", "ENOSPC", "EROFS", "EMFILE", "EACCES"]) {
    expect(failureOf(code)).toBeGreaterThan(0);
    expect(failureName(failureOf(code))).toBe(code);
  }
  expect(failureName(failureOf("ESTRANGE"))).toBe("EIO");
  expect(() => failureName(0)).toThrow("has a name");
});

test("who sleeps looks again first, and does not sleep if there is work", () => {
  const doorbell = new WalDoorbell();
  const timeouts: number[] = [];
  for (const timeoutMs of [0, -5]) {
    doorbell.sleep(() => {
      timeouts.push(timeoutMs);
      return timeoutMs;
    });
  }
  expect(timeouts).toEqual([0, -5]);
});

test("who is woken while looking does not sleep", () => {
  const doorbell = new WalDoorbell();
  const other = new WalDoorbell(doorbell.buffer);
  doorbell.sleep(() => {
    other.wake();
    return Infinity;
  });
  doorbell.sleep(() => {
    other.call();
    return Infinity;
  });
  expect(doorbell.callCount()).toBe(1);
});

test("another thread wakes who sleeps", async () => {
  const doorbell = new WalDoorbell();
  const source = `
    const words = new Int32Array(workerData);
    while (Atomics.load(words, 0) === 0);
    postMessage("");
    Atomics.store(words, 0, 0);
    Atomics.notify(words, 0);
  `;
  const url = URL.createObjectURL(
    new Blob([`self.onmessage = ({ data: workerData }) => {${source}};`], {
      type: "application/javascript",
    }),
  );
  const worker = new Worker(url);
  try {
    worker.postMessage(doorbell.buffer);
    doorbell.sleep(() => Infinity);
    expect(doorbell.words[0]).toBe(0);
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
});
