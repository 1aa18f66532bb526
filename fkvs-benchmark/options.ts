// From the arguments to one validated plan. Nothing here prints or ends the program.

import { VERSION } from "../src/version.ts";
import { OptionError } from "../src/options/option-error.ts";
import type {
  BenchmarkPlan,
  KeyPlan,
  OutputForm,
  ServerChoice,
  TestSettings,
} from "./benchmark-plan.ts";
import { PROGRAM_NAME, readCommandLine, renderHelp } from "./command-line.ts";
import { findFlagFault, findPlanFault } from "./flag-rule.ts";
import type { GivenFlags } from "./flag-table.ts";
import type { Target } from "./plan.ts";

export type LoadedPlan =
  | { readonly kind: "run"; readonly plan: BenchmarkPlan }
  | { readonly kind: "print"; readonly text: string };

const REQUEST_COUNT_DEFAULT = 100_000;
const CLIENT_COUNT_DEFAULT = 32;
const KEY_SIZE_DEFAULT = 16;
const UNIQUE_KEY_SIZE_DEFAULT = 32;
const VALUE_SIZE_DEFAULT = 32;
const READ_PERCENT_DEFAULT = 90;
const KEYS_PER_REQUEST_DEFAULT = 10;
const TIMEOUT_SECONDS_DEFAULT = 5;
const SWEEP_STEP_SECONDS_DEFAULT = 2;
/** A fresh load thread is slow at first, and a step is too short to forget it. */
const SWEEP_WARMUP_SECONDS_DEFAULT = 0.5;
const SLO_MS_DEFAULT = 1;

/**
 * `argv` is without the program's own name. Throws OptionError, and nothing else, for what has to
 * be changed.
 */
export function loadPlan(argv: readonly string[], randomSeed: () => number = drawSeed): LoadedPlan {
  const { request, flags } = readCommandLine(argv);
  if (request === "help") return { kind: "print", text: renderHelp() };
  if (request === "version") return { kind: "print", text: `${PROGRAM_NAME} ${VERSION}\n` };

  const flagFault = findFlagFault(flags);
  if (flagFault !== null) throw new OptionError(flagFault);
  const plan = makePlan(flags, randomSeed);
  const planFault = findPlanFault(plan, flags);
  if (planFault !== null) throw new OptionError(planFault);
  return { kind: "run", plan };
}

function makePlan(flags: GivenFlags, randomSeed: () => number): BenchmarkPlan {
  const isSweep = flags.isSweep === true;
  const notes: string[] = [];
  if ((isSweep || flags.ratePerSecond !== undefined) && (flags.pipeline ?? 1) > 1) {
    const flag = isSweep ? "--sweep" : "-R";
    notes.push(`-P ${flags.pipeline} is not used: with ${flag} a client has one request under way`);
  }
  return {
    tests: flags.tests ?? ["ping"],
    settings: makeSettings(flags, randomSeed),
    isPreloaded: flags.isPreloaded === true,
    output: outputOf(flags),
    hdrPath: flags.hdrPath ?? null,
    server: serverOf(flags),
    sloMs: isSweep ? (flags.sloMs ?? SLO_MS_DEFAULT) : null,
    notes,
  };
}

function makeSettings(flags: GivenFlags, randomSeed: () => number): TestSettings {
  const isSweep = flags.isSweep === true;
  const ratePerSecond = flags.ratePerSecond ?? 0;
  const clientCount = flags.clientCount ?? CLIENT_COUNT_DEFAULT;
  const stepSeconds = isSweep ? SWEEP_STEP_SECONDS_DEFAULT : Infinity;
  const durationMs = (flags.durationSeconds ?? stepSeconds) * 1000;
  const requestCount = flags.requestCount ?? REQUEST_COUNT_DEFAULT;
  const isUnique = flags.isUnique === true;
  return {
    target: targetOf(flags),
    protocol: flags.protocol ?? "fkvs",
    io: flags.io ?? "auto",
    clientCount,
    threadCount: flags.threadCount ?? 1,
    requestCount: durationMs === Infinity ? Math.max(requestCount, clientCount) : Infinity,
    durationMs,
    warmupMs: (flags.warmupSeconds ?? (isSweep ? SWEEP_WARMUP_SECONDS_DEFAULT : 0)) * 1000,
    pipeline: isSweep || ratePerSecond > 0 ? 1 : Math.max(1, flags.pipeline ?? 1),
    ratePerSecond,
    keys: keysOf(flags),
    keySize: flags.keySize ?? (isUnique ? UNIQUE_KEY_SIZE_DEFAULT : KEY_SIZE_DEFAULT),
    valueSize: flags.valueSize ?? VALUE_SIZE_DEFAULT,
    readPercent: flags.readPercent ?? READ_PERCENT_DEFAULT,
    keysPerRequest: flags.keysPerRequest ?? KEYS_PER_REQUEST_DEFAULT,
    isVerified: flags.isVerified === true,
    seed: flags.seed ?? randomSeed(),
    timeoutMs: (flags.timeoutSeconds ?? TIMEOUT_SECONDS_DEFAULT) * 1000,
  };
}

function targetOf({ unix, host, port }: GivenFlags): Target {
  if (unix !== undefined && unix !== null) return { kind: "unix", path: unix };
  return { kind: "tcp", host: host ?? "127.0.0.1", port: port ?? 5995 };
}

function keysOf({ isUnique, keyspace, distribution }: GivenFlags): KeyPlan {
  if (isUnique) return { kind: "unique" };
  if (keyspace === undefined) return { kind: "single" };
  return { kind: "keyspace", keyspace, distribution: distribution ?? { kind: "uniform" } };
}

function outputOf({ isQuiet, isJson, isCsv }: GivenFlags): OutputForm {
  if (isQuiet) return "quiet";
  if (isJson) return "json";
  return isCsv ? "csv" : "text";
}

function serverOf({ pid, isWithoutServerCpu }: GivenFlags): ServerChoice {
  if (isWithoutServerCpu) return { kind: "none" };
  return pid === undefined ? { kind: "find" } : { kind: "pid", pid };
}

function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
