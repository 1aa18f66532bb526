// On which addresses each data thread listens: the first on what was asked for, the others where it
// has come to listen, as far as its engine can share that.

import type { ListenAddress, Sharing } from "../net/engine.ts";
import type { Options } from "../options/option-table.ts";

/** Of the first thread, which is the only one unless it shares. */
export function firstAddresses(options: Options, isShared: boolean): ListenAddress[] {
  const { host, port, tcp, unix } = options;
  const sharing: { readonly sharing?: Sharing } = isShared ? { sharing: "first" } : {};
  const addresses: ListenAddress[] = [];
  if (tcp) addresses.push({ kind: "tcp", host, port, ...sharing });
  if (unix !== null) addresses.push({ kind: "unix", path: unix, ...sharing });
  return addresses;
}

/** Of the others: a port is known by now; a unix socket has a descriptor if it can be shared. */
export function furtherAddresses(bound: readonly ListenAddress[]): ListenAddress[] {
  return bound
    .filter((address) => address.kind === "tcp" || address.descriptor !== undefined)
    .map((address) => ({ ...address, sharing: "further" }));
}
