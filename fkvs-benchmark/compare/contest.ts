// Starts the contestants, fills them, and asks all of them the same, one after the other in each
// round. What is done is told on standard error.

import type { Contestant } from "./contestant.ts";
import { median, type Comparison, type Figures } from "./figures.ts";
import {
  measure,
  measureHeadline,
  preload,
  type AskedServer,
  type LoadSettings,
} from "./measure.ts";
import { RunningServer, type ServerPlace } from "./running-server.ts";
import { canAnswer, describeSituation, type Situation } from "./situation.ts";
import type { MemoryFigure } from "./tables.ts";

export interface ContestPlan {
  readonly contestants: readonly Contestant[];
  readonly settings: LoadSettings;
  readonly roundCount: number;
  readonly serverPlace: ServerPlace;
}

export async function compareAll(
  plan: ContestPlan,
  situations: readonly Situation[],
): Promise<Comparison[]> {
  await using stack = new AsyncDisposableStack();
  const servers: AskedServer[] = [];
  for (const contestant of plan.contestants) {
    const running = servers.find((server) => server.contestant.name === contestant.sameServerAs);
    if (running === undefined) servers.push(await startFilled(contestant, plan, stack));
    else servers.push({ contestant, port: running.port, pid: running.pid });
  }
  const comparisons: Comparison[] = [];
  for (const situation of situations) {
    const asked = servers.filter(({ contestant }) => canAnswer(contestant, situation));
    comparisons.push({ situation, rounds: await measureRounds(asked, plan, situation) });
    console.error(`${describeSituation(situation)} is measured`);
  }
  return comparisons;
}

/** Fills a fresh server of each kind, one after the other. */
export async function compareMemory(plan: ContestPlan): Promise<MemoryFigure[]> {
  const { contestants, settings, serverPlace } = plan;
  const figures: MemoryFigure[] = [];
  for (const contestant of contestants.filter((one) => one.sameServerAs === undefined)) {
    await using server = await RunningServer.start(contestant, serverPlace);
    const emptyBytes = await server.residentBytes();
    await preload(server, settings);
    const grownBytes = (await server.residentBytes()) - emptyBytes;
    const payloadBytes = settings.keySize + settings.valueSize;
    figures.push({
      name: contestant.name,
      bytesPerKey: grownBytes / settings.keyCount - payloadBytes,
    });
    console.error(`memory of ${contestant.name} is measured`);
  }
  return figures;
}

/** Requests a second of the headline run. */
export async function runHeadline(ours: Contestant, plan: ContestPlan): Promise<number> {
  await using server = await RunningServer.start(ours, plan.serverPlace);
  const rounds: number[] = [];
  for (let round = 0; round < plan.roundCount; round++) {
    rounds.push((await measureHeadline(server, plan.settings)).throughput);
  }
  return median(rounds);
}

async function startFilled(
  contestant: Contestant,
  { settings, serverPlace }: ContestPlan,
  stack: AsyncDisposableStack,
): Promise<RunningServer> {
  const server = stack.use(await RunningServer.start(contestant, serverPlace));
  await preload(server, settings);
  return server;
}

async function measureRounds(
  servers: readonly AskedServer[],
  { settings, roundCount }: ContestPlan,
  situation: Situation,
): Promise<Map<string, Figures[]>> {
  const rounds = new Map<string, Figures[]>(servers.map(({ contestant }) => [contestant.name, []]));
  for (let round = 0; round < roundCount; round++) {
    for (const server of servers) {
      rounds.get(server.contestant.name)!.push(await measure(server, settings, situation));
    }
  }
  return rounds;
}
