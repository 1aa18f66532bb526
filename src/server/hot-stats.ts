// Brings what rows of batches have counted of commands into the statistics that INFO and LATENCY
// read: the hot way counts by opcode, and nothing but numbers.
//
// Calls are timed by samples of whole batches, so all of them get the mean.

import type { Executor } from "../command/executor.ts";
import type { RespRows } from "../command/resp-rows.ts";
import { RESP_OPCODE, RESP_OPCODE_MIN, RESP_OPCODE_NAMES } from "../protocol/resp-opcode.ts";
import type { CommandStats } from "../redis/command-stats.ts";
import type { CommandTable } from "../redis/command-table.ts";

export class HotStats {
  readonly #rows: RespRows;
  readonly #executor: Executor;
  readonly #stats: CommandStats;
  /** Rows of the command table by opcode − RESP_OPCODE_MIN, and how many calls `stats` knows of. */
  readonly #tableRows: readonly number[];
  readonly #knownCalls = new Float64Array(RESP_OPCODE_NAMES.length);
  #knownErrors = 0;
  #knownRefusals = 0;

  constructor(rows: RespRows, executor: Executor, commands: CommandTable, stats: CommandStats) {
    this.#rows = rows;
    this.#executor = executor;
    this.#stats = stats;
    this.#tableRows = RESP_OPCODE_NAMES.map((name) => commands.findFull(name)!.index);
  }

  /** Calls that the statistics do not know of yet. */
  get unknownCalls(): number {
    let count = 0;
    for (const [i, known] of this.#knownCalls.entries()) {
      count += this.#executor.respCommandCount(i) - known;
    }
    return count;
  }

  carryOver(): void {
    const { sampledMs, sampledRowCount } = this.#executor;
    const meanUs = sampledRowCount === 0 ? 0 : (sampledMs * 1000) / sampledRowCount;
    const { errorCount, refusedCount } = this.#rows;
    for (const [i, row] of this.#tableRows.entries()) {
      const calls = this.#executor.respCommandCount(i) - this.#knownCalls[i]!;
      this.#stats.addBatched(row, calls, calls * meanUs);
    }
    const failedCount = errorCount - refusedCount - this.#knownErrors;
    this.#stats.countError("OOM", refusedCount - this.#knownRefusals);
    this.#stats.countError("ERR", failedCount);
    // No other of them fails but for memory.
    this.#stats.fail(this.#tableRows[RESP_OPCODE.INCR - RESP_OPCODE_MIN]!, failedCount);
    this.forget();
  }

  /** What has been counted is no longer to be carried over: the statistics were reset. */
  forget(): void {
    const { errorCount, refusedCount } = this.#rows;
    for (const i of this.#knownCalls.keys()) {
      this.#knownCalls[i] = this.#executor.respCommandCount(i);
    }
    this.#knownRefusals = refusedCount;
    this.#knownErrors = errorCount - refusedCount;
  }
}
