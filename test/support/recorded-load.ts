// Clients that all work on the same few keys of a server at once, and what they have seen: a
// history for linearizability-checker.ts. It follows from its seed but for who comes first.

import { PROTOCOLS, type HistoryRequest, type Protocol } from "./history-wire.ts";
import type { Operation, Step } from "./linearizability-model.ts";
import { randomStep } from "./linearizability-simulation.ts";
import { Random } from "./random.ts";
import { Recorder, type RecordingClient } from "./recording-client.ts";

export interface LoadOptions {
  readonly seed: number;
  readonly connectionCount: number;
  /** Of each connection. A burst is sent in one write, and the next when it is answered. */
  readonly burstCount: number;
  readonly depthMax: number;
  readonly keyCount: number;
  /** One burst in so many is the last of its client, which is gone before it is answered. */
  readonly vanishingOneIn: number;
}

/** Long enough to leave the server by a vectored write. */
const LONG_LENGTH = 20_000;
const LONG_ONE_IN = 40;
const SEVERAL_ONE_IN = 6;
/** Of those with several keys. */
const FLUSH_ONE_IN = 12;

/** Keys begin with the seed: a server can have several histories, one after the other. */
export async function recordHistory(port: number, options: LoadOptions): Promise<Operation[]> {
  const recorder = new Recorder();
  const keys = Array.from({ length: options.keyCount }, (_, i) => `${options.seed}:k${i}`);
  const clients = Array.from({ length: options.connectionCount }, (_, i) =>
    runClient(port, recorder, keys, i, options),
  );
  await Promise.all(clients);
  return recorder.operations;
}

async function runClient(
  port: number,
  recorder: Recorder,
  keys: readonly string[],
  index: number,
  { seed, burstCount, depthMax, vanishingOneIn }: LoadOptions,
): Promise<void> {
  const random = new Random(1000 * seed + index);
  const protocol = PROTOCOLS[index % PROTOCOLS.length]!;
  let client = await recorder.connect(port, protocol);
  for (let burst = 0; burst < burstCount; burst++) {
    const firstId = 100 * (index * burstCount + burst) + 1;
    const depth = random.between(1, depthMax + 1);
    client.send(
      Array.from({ length: depth }, (_, i) =>
        randomRequest(random, protocol, keys, firstId + 5 * i),
      ),
    );
    if (!random.oneIn(vanishingOneIn)) await client.idle();
    else client = await replace(client, () => recorder.connect(port, protocol), random);
  }
  client.vanish();
}

/** A client goes, at once or a little later, and another one comes. */
async function replace(
  client: RecordingClient,
  connect: () => Promise<RecordingClient>,
  random: Random,
): Promise<RecordingClient> {
  for (let turns = random.below(4); turns > 0; turns--) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.vanish();
  return await connect();
}

function randomRequest(
  random: Random,
  protocol: Protocol,
  keys: readonly string[],
  id: number,
): HistoryRequest {
  if (protocol === "v1") return { form: "single", steps: [v1Step(random, keys, id)] };
  if (!random.oneIn(SEVERAL_ONE_IN)) {
    return { form: "single", steps: [longer(random, randomStep(random, keys, id))] };
  }
  if (random.oneIn(FLUSH_ONE_IN)) {
    return { form: "flush", steps: keys.map((key) => ({ kind: "delete", key })) };
  }
  const form = random.pick(["multi", "multi", "mset", "mget", "del"] as const);
  const some = keys.filter(() => random.oneIn(2));
  const chosen = some.length === 0 ? [keys[0]!] : some;
  if (form === "multi") {
    const count = random.between(1, 5);
    return {
      form,
      steps: Array.from({ length: count }, (_, i) => randomStep(random, keys, id + i)),
    };
  }
  if (form === "mget") return { form, steps: chosen.map((key) => ({ kind: "get", key })) };
  if (form === "del") return { form, steps: chosen.map((key) => ({ kind: "delete", key })) };
  return { form, steps: chosen.map((key) => ({ kind: "set", key, value: `${id * 1000}` })) };
}

function v1Step(random: Random, keys: readonly string[], id: number): Step {
  const step = randomStep(random, keys, id);
  return step.kind === "append" ? { kind: "get", key: step.key } : longer(random, step);
}

/** Now and then a long value. */
function longer(random: Random, step: Step): Step {
  if (step.kind !== "set" || !random.oneIn(LONG_ONE_IN)) return step;
  return { ...step, value: step.value.padEnd(LONG_LENGTH, "~") };
}
