// Clients whose connections other data threads have, as those have last shown them: one line of
// JSON each, since no memory but bytes is shared.
//
//   [id, "address", "local address", is authenticated, "line of CLIENT LIST"]

import type { Client } from "./client.ts";

/** What tells clients apart, of whichever thread. */
export interface ListedClient {
  readonly id: number;
  readonly address: string;
  readonly localAddress: string;
  readonly isAuthenticated: boolean;
}

export interface ClientElsewhere extends ListedClient {
  /** As CLIENT LIST shows it, with LF. */
  readonly line: string;
}

/** `line` as CLIENT LIST shows it. */
export function showClient(client: Client, line: string): string {
  const { id, address, localAddress, isAuthenticated } = client;
  return JSON.stringify([id, address, localAddress, isAuthenticated, line]);
}

export function readClientElsewhere(text: string): ClientElsewhere {
  const shown = JSON.parse(text) as [number, string, string, boolean, string];
  const [id, address, localAddress, isAuthenticated, line] = shown;
  return { id, address, localAddress, isAuthenticated, line };
}
