// Linux perf as two processes: `perf record` while the server runs, `perf script` afterwards.

import { readFileSync } from "node:fs";
import { pinTo } from "../../fkvs-benchmark/compare/running-server.ts";
import { ProfileError } from "./profile-error.ts";

const PARANOID_FILE = "/proc/sys/kernel/perf_event_paranoid";
/** Above it, perf needs privileges to see the kernel. */
const PARANOID_MAX = 1;
const COMPLAINT_LINES_MAX = 3;

const HELP = `perf is a part of Linux; Debian: apt install linux-perf. It also has to be permitted:
be root, or \`sysctl kernel.perf_event_paranoid=${PARANOID_MAX}\`. Without it, --cpu-prof uses
Bun's own profiler, which sees JavaScript and not the kernel.`;

/** Why perf cannot be used here, null = it is there and may be permitted. */
export function findPerfObstacle(): string | null {
  return Bun.which("perf") === null ? "there is no perf here" : null;
}

export function explainPerf(obstacle: string): ProfileError {
  return new ProfileError(`${obstacle}\n${HELP}`);
}

/** Records all threads of a process for some seconds. */
export async function recordPerf(
  { pid, cpu, file }: { pid: number; cpu: number | null; file: string },
  { seconds, frequency }: { seconds: number; frequency: number },
): Promise<void> {
  const child = Bun.spawn(
    [
      // The clock of the processor, not its counters: virtual machines have none. The monotonic
      // clock is what the times in JavaScriptCore's dump are of.
      ...[...pinTo(cpu), "perf", "record", "-k", "mono", "-e", "cpu-clock", "-F", `${frequency}`],
      ...["-g", "-o", file, "-p", `${pid}`, "--", "sleep", `${seconds}`],
    ],
    { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  );
  const complaint = await child.stderr.text();
  if ((await child.exited) !== 0) throw explainPerf(`perf record: ${shorten(complaint)}`);
}

/** The samples as text, for foldPerfScript. */
export async function printPerf(file: string): Promise<string> {
  const child = Bun.spawn(
    ["perf", "script", "--no-inline", "-i", file, "-F", "comm,tid,ip,sym,dso"],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const [text, complaint] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) throw explainPerf(`perf script: ${shorten(complaint)}`);
  return text;
}

/** The value of kernel.perf_event_paranoid, null where it cannot be read. */
function readParanoia(): number | null {
  try {
    return Number(readFileSync(PARANOID_FILE, "utf8"));
  } catch {
    return null;
  }
}

function shorten(complaint: string): string {
  const lines = complaint.split("\n").filter((line) => line.trim() !== "");
  const paranoia = readParanoia();
  const setting = paranoia === null ? "" : ` (kernel.perf_event_paranoid is ${paranoia})`;
  return lines.slice(0, COMPLAINT_LINES_MAX).join("\n") + setting;
}
