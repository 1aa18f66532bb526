// PING, ECHO, HELLO, AUTH, SELECT, QUIT, RESET.
//
// HELLO is as in 7.2: all its options are looked at before any of them takes effect. In 7.0 those
// before a malformed one did.

import { isWord, readInteger, shownText } from "./arguments.ts";
import type { Call, Handler, HandlerTable } from "./call.ts";
import { CLIENT_NAME_ERROR, isClientName } from "./client-name.ts";
import type { Client } from "./client.ts";
import { ERROR_TEXT } from "./error-text.ts";
import { DATABASE_COUNT } from "./keyspace.ts";

/** The server whose commands are offered: clients decide by it what they send. */
const SERVED_NAME = "redis";
const SERVED_VERSION = "7.2.4";
/** The only user there is. */
export const USER_NAME = "default";
const INT_MAX = 2n ** 31n - 1n;
const INT_MIN = -(2n ** 31n);

const WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";
const NO_PASSWORD_WANTED =
  "ERR AUTH <password> called without any password configured for the default user. " +
  "Are you sure your configuration is correct?";
const LOGIN_WANTED =
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH " +
  "<user> <pass> option can be used to authenticate the client and select the RESP protocol " +
  "version at the same time";
const NO_INT = `ERR value is out of range, value must between ${INT_MIN} and ${INT_MAX}`;

const ping: Handler = ({ args, reply }) => {
  if (args.length > 2) reply.error("ERR wrong number of arguments for 'ping' command");
  else if (args.length === 2) reply.bulk(args[1]!);
  else reply.simple("PONG");
};

const echo: Handler = ({ args, reply }) => reply.bulk(args[1]!);

const auth: Handler = (call) => {
  const { args, client, reply, server } = call;
  if (args.length > 3) return reply.error(ERROR_TEXT.SYNTAX);
  if (args.length === 2 && server.password === null) return reply.error(NO_PASSWORD_WANTED);
  const user = args.length === 3 ? args[1]! : Buffer.from(USER_NAME);
  if (!isLogin(call, user, args.at(-1)!)) return reply.error(WRONG_PASSWORD);
  client.isAuthenticated = true;
  reply.simple("OK");
};

const hello: Handler = (call) => {
  const { args, client, reply } = call;
  let version = client.version;
  if (args.length > 1) {
    const asked = readInteger(call, 1, "ERR Protocol version is not an integer or out of range");
    if (asked === null) return;
    if (asked !== 2n && asked !== 3n) return reply.error("NOPROTO unsupported protocol version");
    version = asked === 2n ? 2 : 3;
  }
  const options = readHelloOptions(call);
  if (options === null) return;
  if (options.login !== null && !isLogin(call, ...options.login)) {
    return reply.error(WRONG_PASSWORD);
  }
  if (options.login === null && !client.isAuthenticated) return reply.error(LOGIN_WANTED);
  client.isAuthenticated = true;
  if (options.name !== null) client.name = options.name;
  client.version = version;
  reply.version = version;
  replyHello(call);
};

const select: Handler = (call) => {
  const { client, reply } = call;
  const database = readInteger(call, 1);
  if (database === null) return;
  if (database < INT_MIN || database > INT_MAX) return reply.error(NO_INT);
  if (database < 0n || database >= DATABASE_COUNT) {
    return reply.error("ERR DB index is out of range");
  }
  client.database = Number(database);
  reply.simple("OK");
};

const quit: Handler = ({ client, reply }) => {
  client.isClosing = true;
  reply.simple("OK");
};

const reset: Handler = ({ client, keys, reply, server }) => {
  client.endTransaction();
  keys.unwatch(client);
  resetClient(client, server.password === null);
  if (server.snapshots !== null) server.setDurability(client);
  reply.version = client.version;
  reply.simple("RESET");
};

export const CONNECTION_HANDLERS: HandlerTable = { auth, echo, hello, ping, quit, reset, select };

interface HelloOptions {
  login: [user: Buffer, password: Buffer] | null;
  name: string | null;
}

/** Null = there was an error, and it is written. */
function readHelloOptions({ args, reply }: Call): HelloOptions | null {
  const options: HelloOptions = { login: null, name: null };
  for (let index = 2; index < args.length;) {
    const option = args[index]!;
    if (isWord(option, "auth") && index + 2 < args.length) {
      options.login = [args[index + 1]!, args[index + 2]!];
      index += 3;
    } else if (isWord(option, "setname") && index + 1 < args.length) {
      const name = args[index + 1]!;
      if (!isClientName(name)) {
        reply.error(CLIENT_NAME_ERROR);
        return null;
      }
      options.name = name.toString("latin1");
      index += 2;
    } else {
      reply.error(`ERR Syntax error in HELLO option '${shownText(option)}'`);
      return null;
    }
  }
  return options;
}

/** The guard is asked about a wrong user as well, so that the answer's time does not tell users. */
function isLogin({ client, server }: Call, user: Buffer, password: Buffer): boolean {
  const isUser = user.toString("latin1") === USER_NAME;
  return server.logins.isLogin(isUser, password, client.address);
}

function replyHello({ client, reply }: Call): void {
  reply.map(7);
  reply.bulk("server");
  reply.bulk(SERVED_NAME);
  reply.bulk("version");
  reply.bulk(SERVED_VERSION);
  reply.bulk("proto");
  reply.integer(client.version);
  reply.bulk("id");
  reply.integer(client.id);
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

/** As 7.2: the name of the client's library stays, and so does a SKIP that covers this command. */
function resetClient(client: Client, isAuthenticated: boolean): void {
  client.version = 2;
  client.database = 0;
  client.isAuthenticated = isAuthenticated;
  client.name = "";
  if (client.replyMode !== "skip") client.replyMode = "on";
  client.durability = null;
  client.isEvictionExempt = false;
  client.isNoTouch = false;
}
