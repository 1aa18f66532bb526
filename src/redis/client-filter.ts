// Which clients CLIENT KILL and CLIENT LIST mean, from their arguments.
//
//   kill address
//   kill ID n ADDR address LADDR address TYPE type USER name SKIPME yes|no      each at will
//   list [TYPE type | ID n …]

import { isWord, readInteger } from "./arguments.ts";
import type { Call } from "./call.ts";
import type { ListedClient } from "./client-elsewhere.ts";
import { describeClient } from "./client-line.ts";
import { USER_NAME } from "./connection-commands.ts";
import { ERROR_TEXT } from "./error-text.ts";

export type ClientFilter = (client: ListedClient) => boolean;

const NORMAL_TYPE = "normal";
/** Types that no client has here are known, as they are to Redis. */
const CLIENT_TYPES = new Set([NORMAL_TYPE, "slave", "replica", "pubsub", "master"]);

/** Null = there was an error, and it is written. */
export function readKillFilter(call: Call): ClientFilter | null {
  const { args, client: caller } = call;
  const conditions: ClientFilter[] = [];
  let isCallerSpared = true;
  for (let index = 2; index < args.length; index += 2) {
    const value = args[index + 1];
    if (value === undefined) return refuse(call, ERROR_TEXT.SYNTAX);
    if (isWord(args[index]!, "skipme")) {
      isCallerSpared = isWord(value, "yes");
      if (!isCallerSpared && !isWord(value, "no")) return refuse(call, ERROR_TEXT.SYNTAX);
    } else {
      const condition = readCondition(call, index);
      if (condition === null) return null;
      conditions.push(condition);
    }
  }
  return (client) =>
    conditions.every((isMet) => isMet(client)) && !(isCallerSpared && client.id === caller.id);
}

/**
 * Lines of CLIENT LIST, in the order asked for, as often as asked for. Null = there was an error,
 * and it is written.
 */
export function readListedClients(call: Call): string[] | null {
  const { args } = call;
  if (args.length === 2) return listAll(call).map(({ line }) => line());
  if (args.length === 4 && isWord(args[2]!, "type")) {
    const isMeant = readType(call, 3);
    if (isMeant === null) return null;
    return listAll(call).flatMap(({ client, line }) => (isMeant(client) ? [line()] : []));
  }
  if (args.length === 3 || !isWord(args[2]!, "id")) return refuse(call, ERROR_TEXT.SYNTAX);
  const byId = new Map(listAll(call).map((listing) => [listing.client.id, listing]));
  const listed: (Listing | undefined)[] = [];
  for (let index = 3; index < args.length; index++) {
    const id = readInteger(call, index, "ERR Invalid client ID");
    if (id === null) return null;
    listed.push(byId.get(Number(id)));
  }
  return listed.filter((listing) => listing !== undefined).map(({ line }) => line());
}

interface Listing {
  readonly client: ListedClient;
  line(): string;
}

/** Clients of all threads, in the order of their ids. */
function listAll({ server }: Call): Listing[] {
  const own = [...server.clients()].map((client): Listing => {
    return { client, line: () => describeClient(client, server) };
  });
  const elsewhere = server.clientsElsewhere();
  if (elsewhere.length === 0) return own;
  const others = elsewhere.map((client): Listing => ({ client, line: () => client.line }));
  return [...own, ...others].sort((left, right) => left.client.id - right.client.id);
}

/** An option of CLIENT KILL and the value after it. */
function readCondition(call: Call, index: number): ClientFilter | null {
  const option = call.args[index]!;
  const value = call.args[index + 1]!.toString("latin1");
  if (isWord(option, "id")) {
    const error = "ERR client-id should be greater than 0";
    const asked = readInteger(call, index + 1, error);
    if (asked === null) return null;
    return asked > 0n ? ({ id }) => id === Number(asked) : refuse(call, error);
  }
  if (isWord(option, "type")) return readType(call, index + 1);
  if (isWord(option, "addr")) return ({ address }) => address === value;
  if (isWord(option, "laddr")) return ({ localAddress }) => localAddress === value;
  if (!isWord(option, "user")) return refuse(call, ERROR_TEXT.SYNTAX);
  if (value !== USER_NAME) return refuse(call, `ERR No such user '${call.args[index + 1]!}'`);
  return ({ isAuthenticated }) => isAuthenticated;
}

function readType(call: Call, index: number): ClientFilter | null {
  const type = call.args[index]!.toString("latin1").toLowerCase();
  if (!CLIENT_TYPES.has(type)) {
    return refuse(call, `ERR Unknown client type '${call.args[index]!}'`);
  }
  return () => type === NORMAL_TYPE;
}

function refuse({ reply }: Call, text: string): null {
  reply.error(text);
  return null;
}
