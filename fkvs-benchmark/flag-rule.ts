// What flags must fulfil together. `findFlagFault` looks at which are given, before defaults are
// filled in; `findPlanFault` at the sizes and counts that came out. Each answers with one sentence
// for the first mistake, or null.

import { formatSize } from "../src/options/size.ts";
import { FRAME_LENGTH_MAX } from "../src/protocol/v1-decoder.ts";
import type { BenchmarkPlan, TestSettings } from "./benchmark-plan.ts";
import { flagOf, type FlagProperty, type GivenFlags } from "./flag-table.ts";
import type { TestName } from "./plan.ts";
import { digitCountOf, isMultiKey, keyCountOf, keyPrefixOf } from "./thread-plan.ts";

/** Flags that exclude each other, and why. */
const EXCLUSIONS: readonly (readonly [FlagProperty, FlagProperty, string])[] = [
  ["requestCount", "durationSeconds", "each says how long a test lasts"],
  ["host", "unix", "each says where to connect to"],
  ["port", "unix", "each says where to connect to"],
  ["isUnique", "keyspace", "one takes every key once and the other random ones"],
  ["isQuiet", "isJson", "there is one form of output"],
  ["isQuiet", "isCsv", "there is one form of output"],
  ["isJson", "isCsv", "there is one form of output"],
  ["isSweep", "ratePerSecond", "a sweep finds the rate by itself"],
  ["isSweep", "requestCount", "a step of a sweep lasts for --duration"],
  ["isSweep", "hdrPath", "a sweep has no latencies of its own, only those of its steps"],
  ["pid", "isWithoutServerCpu", "one names whose CPU time to read and the other forbids it"],
];

/** Flags that mean nothing without another. */
const NEEDS: readonly (readonly [FlagProperty, FlagProperty, string])[] = [
  ["distribution", "keyspace", "it says how often each of that many keys is asked for"],
  ["isPreloaded", "keyspace", "it sets each of that many keys"],
  ["sloMs", "isSweep", "it is what a sweep's p99 may be"],
];

export const VERIFIED_VALUE_SIZE_MIN = 8;
/** Beyond it, setting up takes seconds and arrays of numbers for every key gigabytes. */
export const TRACKED_KEYSPACE_MAX = 1e8;
/** Opcode and the lengths of key and value. */
const FRAME_OVERHEAD = 5;
export const V1_ENTRY_SIZE_MAX = FRAME_LENGTH_MAX - FRAME_OVERHEAD;
export const MEMCACHED_KEY_SIZE_MAX = 250;
export const MEMCACHED_VALUE_SIZE_MAX = 1024 * 1024;
/** The requests that a thread keeps ready to send: offsets into them are 32-bit numbers. */
export const BATCH_BYTES_MAX = 1024 ** 3;
/** What any of the protocols adds to a key and a value, rounded up. */
const REQUEST_OVERHEAD = 64;

export function findFlagFault(given: GivenFlags): string | null {
  for (const [one, other, reason] of EXCLUSIONS) {
    if (given[one] !== undefined && given[other] !== undefined) {
      return `${flagOf(one)} and ${flagOf(other)} exclude each other: ${reason}`;
    }
  }
  for (const [one, other, reason] of NEEDS) {
    if (given[one] !== undefined && given[other] === undefined) {
      return `${flagOf(one)} needs ${flagOf(other)}: ${reason}`;
    }
  }
  return null;
}

export function findPlanFault(plan: BenchmarkPlan, given: GivenFlags): string | null {
  const { tests, settings, sloMs } = plan;
  if (given.readPercent !== undefined && !tests.includes("mixed")) {
    return `--reads needs the test mixed, but -t is ${tests.join(",")}`;
  }
  if (given.keysPerRequest !== undefined && !tests.some(isMultiKey)) {
    return `--keys-per-request needs the test mget or mset, but -t is ${tests.join(",")}`;
  }
  if (settings.keys.kind === "unique" && tests.includes("mixed")) {
    return (
      `-r and the test mixed exclude each other: every request would have a key of its own, so` +
      ` that no GET could find what was set (--keyspace gives random keys)`
    );
  }
  if (sloMs !== null && tests.length > 1) {
    return `--sweep measures one test, but -t is ${tests.join(",")}`;
  }
  if (settings.protocol === "memcached" && tests.includes("incr")) {
    return `-t is ${tests.join(",")}, but memcached has no incr for keys that are not there yet`;
  }
  if (settings.protocol !== "resp" && tests.some(isMultiKey)) {
    return (
      `-t is ${tests.join(",")}, but requests of several keys are only made in the protocol resp` +
      ` (--proto resp)`
    );
  }
  if (settings.threadCount > settings.clientCount) {
    return (
      `--threads is ${settings.threadCount}, but must be at most the number of clients, which` +
      ` is ${settings.clientCount} (-c)`
    );
  }
  return (
    findKeyFault(settings, tests) ?? findSizeFault(settings) ?? findBatchFault(settings, tests)
  );
}

function findKeyFault(settings: TestSettings, tests: readonly TestName[]): string | null {
  const { keys, keySize, isVerified, clientCount } = settings;
  for (const test of tests) {
    const prefix = keyPrefixOf(settings, test);
    const sizeMin = prefix.length + digitCountOf(settings, test);
    if (test === "ping" || keySize >= sizeMin) continue;
    return (
      `--key-size is ${keySize}, but must be at least ${sizeMin}: the ${prefix.length} bytes` +
      ` ${prefix} and ${sizeMin - prefix.length} digits`
    );
  }
  if (keys.kind !== "keyspace") return null;
  const { keyspace, distribution } = keys;
  if (isVerified && keyspace < clientCount) {
    return (
      `--keyspace is ${keyspace}, but must be at least the number of clients, ${clientCount}:` +
      ` with --verify each has keys of its own`
    );
  }
  const isTracked = isVerified || distribution.kind === "zipf";
  if (!isTracked || keyspace <= TRACKED_KEYSPACE_MAX) return null;
  const reason = isVerified ? "--verify" : "--distribution zipf";
  return `--keyspace is ${keyspace}, but may be at most ${TRACKED_KEYSPACE_MAX} with ${reason}`;
}

function findSizeFault({ protocol, keySize, valueSize, isVerified }: TestSettings): string | null {
  if (isVerified && valueSize < VERIFIED_VALUE_SIZE_MIN) {
    return (
      `--value-size is ${valueSize}, but must be at least ${VERIFIED_VALUE_SIZE_MIN} with` +
      ` --verify: a value then begins with its version`
    );
  }
  if (protocol === "fkvs" && keySize + valueSize > V1_ENTRY_SIZE_MAX) {
    return (
      `--key-size ${keySize} and --value-size ${valueSize} together may be at most` +
      ` ${V1_ENTRY_SIZE_MAX} bytes: a frame of fkvs holds no more`
    );
  }
  if (protocol === "memcached" && keySize > MEMCACHED_KEY_SIZE_MAX) {
    return `--key-size is ${keySize}, but may be at most ${MEMCACHED_KEY_SIZE_MAX} with memcached`;
  }
  if (protocol === "memcached" && valueSize > MEMCACHED_VALUE_SIZE_MAX) {
    return (
      `--value-size is ${valueSize}, but may be at most ${MEMCACHED_VALUE_SIZE_MAX} with` +
      ` memcached`
    );
  }
  return null;
}

function findBatchFault(settings: TestSettings, tests: readonly TestName[]): string | null {
  const { clientCount, threadCount, pipeline } = settings;
  const perThread = Math.ceil(clientCount / threadCount);
  const requestSize = Math.max(...tests.map((test) => requestSizeMax(settings, test)));
  const batchBytes = perThread * pipeline * requestSize;
  if (batchBytes <= BATCH_BYTES_MAX) return null;
  const size = tests.some(isMultiKey) ? "--value-size, --keys-per-request" : "--value-size";
  return (
    `${perThread} clients of a thread with ${pipeline} requests each under way need about` +
    ` ${formatSize(batchBytes)}, but may need at most ${formatSize(BATCH_BYTES_MAX)}:` +
    ` lower -c, -P or ${size}, or raise --threads`
  );
}

/** Not less than any request of the test takes. */
function requestSizeMax(settings: TestSettings, test: TestName): number {
  const { keySize, valueSize } = settings;
  const partSize = keySize + (test === "mget" ? 0 : valueSize) + REQUEST_OVERHEAD;
  return keyCountOf(settings, test) * partSize;
}
