// A client as CLIENT LIST and CLIENT INFO show it: one line of `field=value`, with 7.2's fields in
// their order. What Redis has and this server has not (a query buffer of each client's own) is 0;
// `fd` is the number of the connection.

import type { Client } from "./client.ts";
import type { RedisServer } from "./redis-server.ts";

export function describeClient(client: Client, server: RedisServer): string {
  const nowMs = server.clock.elapsedMs();
  const unsentBytes = server.unsentBytes(client);
  const fields: readonly (readonly [name: string, value: string | number])[] = [
    ["id", client.id],
    ["addr", client.address],
    ["laddr", client.localAddress],
    ["fd", client.connection],
    ["name", client.name],
    ["age", secondsBetween(client.connectedMs, nowMs)],
    ["idle", secondsBetween(client.lastCommandMs, nowMs)],
    ["flags", flagsOf(client)],
    ["db", client.database],
    ["sub", 0],
    ["psub", 0],
    ["ssub", 0],
    ["multi", client.queue === null ? -1 : client.queue.length],
    ["qbuf", 0],
    ["qbuf-free", 0],
    ["argv-mem", 0],
    ["multi-mem", client.queueSize],
    ["rbs", 0],
    ["rbp", 0],
    ["obl", 0],
    ["oll", unsentBytes > 0 ? 1 : 0],
    ["omem", unsentBytes],
    ["tot-mem", client.queueSize + unsentBytes],
    ["events", unsentBytes > 0 ? "rw" : "r"],
    ["cmd", client.lastCommand === "" ? "NULL" : client.lastCommand],
    ["user", "default"],
    ["redir", -1],
    ["resp", client.version],
    ["lib-name", client.libraryName],
    ["lib-ver", client.libraryVersion],
  ];
  return `${fields.map(([name, value]) => `${name}=${value}`).join(" ")}\n`;
}

function secondsBetween(beginMs: number, endMs: number): number {
  return Math.max(0, Math.floor((endMs - beginMs) / 1000));
}

function flagsOf(client: Client): string {
  const flags = [
    client.queue !== null && "x",
    client.isDirty && "d",
    client.isClosing && "c",
    client.isUnixSocket && "U",
    client.isEvictionExempt && "e",
    client.isNoTouch && "T",
  ];
  const text = flags.filter((flag) => flag !== false).join("");
  return text === "" ? "N" : text;
}
