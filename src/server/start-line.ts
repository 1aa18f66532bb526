// The one line on standard output that says the server serves, and where: scripts wait for it.

import type { ListenAddress } from "../net/engine.ts";
import type { Options } from "../options/option-table.ts";
import { formatSize } from "../options/size.ts";
import { START_ERROR_CODE } from "./start-error.ts";
import type { FailedMessage, ReadyMessage } from "./thread-message.ts";
import type { ThreadSetup } from "./thread-setup.ts";

/** What was asked for, as it turned out. */
export function renderStartLine(
  options: Options,
  version: string,
  { count, mode }: ThreadSetup,
  { addresses, engine, engineReason }: ReadyMessage,
): string {
  const places = addresses.map(formatPlace).join(" ");
  const threads = count === 1 ? "" : ` threads=${count} mode=${mode}`;
  return (
    `fkvs-server ready ${places} engine=${engine}` +
    ` max-memory=${formatSize(options.maxMemoryBytes)}${threads}` +
    ` version=${version} pid=${process.pid} because=${JSON.stringify(engineReason)}`
  );
}

/** The sentence for a server that cannot start. */
export function explainFailure(options: Options, failure: FailedMessage): string {
  const { host, port, unix, dir } = options;
  if (failure.isRecovery) return `cannot recover from ${dir}: ${failure.message}`;
  if (failure.code === START_ERROR_CODE) return failure.message;
  const place = `${formatTcp(host, port)}${unix === null ? "" : ` and ${unix}`}`;
  if (failure.code === "EADDRINUSE") {
    return `cannot listen on ${place}: the address is in use by another program`;
  }
  return `cannot listen on ${place}: ${failure.message}`;
}

function formatPlace(address: ListenAddress): string {
  return address.kind === "tcp"
    ? `tcp=${formatTcp(address.host, address.port)}`
    : `unix=${address.path}`;
}

function formatTcp(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
