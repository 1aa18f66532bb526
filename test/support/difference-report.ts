// A difference between two servers as it is printed: the shortest stream that shows it, and both
// replies.

import { showRequest, showText, type Step } from "./redis-request.ts";
import { shrinkStream } from "./shrink-stream.ts";
import type { Difference, TwinServers } from "./twin-servers.ts";

const TRIES_MAX = 150;
const SHOWN_STEPS_MAX = 12;

/** `what` says how to make the stream again. */
export async function reportDifference(
  twins: TwinServers,
  steps: readonly Step[],
  difference: Difference,
  what: string,
): Promise<string> {
  const name = commandName(difference);
  let shown = difference;
  let shortest = steps.slice(0, difference.step + 1);
  const fails = async (candidate: readonly Step[]): Promise<boolean> => {
    const other = await twins.compare(candidate);
    // Not every difference is this one.
    if (other === null || commandName(other) !== name) return false;
    shown = other;
    return true;
  };
  // One that does not come again is shown as it was met.
  if (await fails(shortest)) {
    shortest = [...(await shrinkStream(shortest, fails, TRIES_MAX))];
    await fails(shortest);
  }
  return [
    `${what}, step ${difference.step}: the replies differ`,
    ...shortest.slice(-SHOWN_STEPS_MAX).flatMap(showStep),
    `  at ${showRequest(shown.request)}`,
    `  ours    ${showReply(shown.left)}`,
    `  redis's ${showReply(shown.right)}`,
  ].join("\n");
}

function commandName({ request }: Difference): string {
  return request.args[0]?.toLowerCase() ?? request.bytes.toString("latin1");
}

function showStep({ connection, requests, mode }: Step): string[] {
  const note = mode === "free" ? "" : ` (${mode})`;
  return requests.map((request) => `  ${connection}> ${showRequest(request)}${note}`);
}

function showReply(reply: Buffer | null): string {
  return reply === null ? "none" : showText(reply.toString("latin1"));
}
