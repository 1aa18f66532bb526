// Asks a running server with fkvs-benchmark, as a process of its own on the client's CPU, and reads
// its JSON.

import type { Contestant } from "./contestant.ts";
import type { Figures } from "./figures.ts";
import { pinTo } from "./running-server.ts";
import type { Situation } from "./situation.ts";
import { readProcessorTimes, stolenShare } from "./stolen-time.ts";

/** What a run may lose to the machine's host; one that loses more is repeated. */
export const STOLEN_SHARE_MAX = 0.05;

const MAIN = new URL("../main.ts", import.meta.url).pathname;

/** A running server, as the contestant that it is asked as. */
export interface AskedServer {
  readonly contestant: Contestant;
  readonly port: number;
  readonly pid: number;
}

export interface LoadSettings {
  readonly clients: number;
  readonly keyCount: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** How often a run is made that others disturb. */
  readonly attemptCount: number;
  /** Null = wherever the system likes. */
  readonly clientCpu: number | null;
}

/** What we read of the JSON document of one test. */
interface TestDocument {
  readonly requestsPerSecond: number;
  readonly latencyUs: { readonly p50: number; readonly p99: number };
  readonly clientCpu: { readonly usPerRequest: number };
  readonly serverCpu: { readonly usPerRequest: number; readonly coreShare: number } | null;
}

/** SETs every key of the keyspace once. */
export async function preload(server: AskedServer, settings: LoadSettings): Promise<void> {
  const { keyCount } = settings;
  const load = ["-t", "ping", "-n", "1", "-c", "1", "--keyspace", `${keyCount}`, "--preload"];
  await runBenchmark(server, settings, load);
}

export async function measure(
  server: AskedServer,
  settings: LoadSettings,
  situation: Situation,
): Promise<Figures> {
  return leastDisturbed(settings.attemptCount, () => measureOnce(server, settings, situation));
}

/** The first run that loses little, or the one of so many that loses least. */
export async function leastDisturbed(
  attemptCount: number,
  run: () => Promise<Figures>,
): Promise<Figures> {
  let best = await run();
  for (let i = 1; i < attemptCount && best.stolenShare > STOLEN_SHARE_MAX; i++) {
    const figures = await run();
    if (figures.stolenShare < best.stolenShare) best = figures;
  }
  return best;
}

async function measureOnce(
  server: AskedServer,
  settings: LoadSettings,
  situation: Situation,
): Promise<Figures> {
  const { test, pipeline, keysPerRequest, ratePerSecond } = situation;
  const { clients = settings.clients, keyCount = settings.keyCount } = situation;
  const { clientThreads } = situation;
  return await runLoad(server, settings, [
    ...["-t", test, "-P", `${pipeline}`, "-c", `${clients}`],
    ...(clientThreads === undefined ? [] : ["--threads", `${clientThreads}`]),
    ...(test === "ping" ? [] : ["--keyspace", `${keyCount}`]),
    ...(keysPerRequest === undefined ? [] : ["--keys-per-request", `${keysPerRequest}`]),
    ...(ratePerSecond === undefined ? [] : ["-R", `${ratePerSecond}`]),
    ...["--duration", `${settings.seconds}`, "--warmup", `${settings.warmupSeconds}`],
  ]);
}

/**
 * The headline run of the roadmap: a million SETs of unique keys by 25 clients; requests a second.
 */
export async function measureHeadline(
  server: AskedServer,
  settings: LoadSettings,
): Promise<Figures> {
  const load = ["-n", "1000000", "-c", "25", "-t", "set", "-r"];
  return await runLoad(server, { ...settings, keySize: 32 }, load);
}

async function runLoad(
  server: AskedServer,
  settings: LoadSettings,
  load: readonly string[],
): Promise<Figures> {
  const before = readProcessorTimes();
  const document = await runBenchmark(server, settings, load);
  return {
    throughput: document.requestsPerSecond,
    serverCpuNs: (document.serverCpu?.usPerRequest ?? 0) * 1000,
    serverShare: document.serverCpu?.coreShare ?? 0,
    clientCpuNs: document.clientCpu.usPerRequest * 1000,
    p50Us: document.latencyUs.p50,
    p99Us: document.latencyUs.p99,
    stolenShare: stolenShare(before, readProcessorTimes()),
  };
}

async function runBenchmark(
  server: AskedServer,
  settings: LoadSettings,
  load: readonly string[],
): Promise<TestDocument> {
  const command = [
    ...[...pinTo(settings.clientCpu), process.execPath, MAIN],
    ...["--json", "-h", "127.0.0.1", "-p", `${server.port}`, "--pid", `${server.pid}`],
    ...["--proto", server.contestant.protocol],
    ...["--key-size", `${settings.keySize}`, "--value-size", `${settings.valueSize}`, ...load],
  ];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  const [text, complaint] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) {
    throw new Error(`${server.contestant.name}: ${complaint.trim()} (${load.join(" ")})`);
  }
  const document = JSON.parse(text) as { readonly tests: readonly TestDocument[] };
  return document.tests[0]!;
}
