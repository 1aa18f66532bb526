// How much of a virtual machine its host has given to others: the kernel counts it as stolen time
// (proc_stat(5)). What runs meanwhile looks slower than it is, and not all of a round alike.

import { readFileSync } from "node:fs";

export interface ProcessorTimes {
  /** Of all processors since the start, in ticks. */
  readonly totalTicks: number;
  readonly stolenTicks: number;
}

/** `user nice system idle iowait irq softirq steal`; what follows is part of user and nice. */
const FIELD_COUNT = 8;
const STOLEN_FIELD = 7;

export function readProcessorTimes(text = readFileSync("/proc/stat", "utf8")): ProcessorTimes {
  const fields = text
    .slice(0, text.indexOf("\n"))
    .split(/\s+/)
    .slice(1, 1 + FIELD_COUNT);
  const ticks = fields.map(Number);
  return {
    totalTicks: ticks.reduce((sum, count) => sum + count, 0),
    stolenTicks: ticks[STOLEN_FIELD] ?? 0,
  };
}

/** Between two looks, from 0 to 1. */
export function stolenShare(before: ProcessorTimes, after: ProcessorTimes): number {
  const ticks = after.totalTicks - before.totalTicks;
  return ticks === 0 ? 0 : (after.stolenTicks - before.stolenTicks) / ticks;
}
