// MULTI, EXEC, DISCARD, WATCH, UNWATCH. What EXEC executes in one go is atomic, because one thread
// executes everything, or has locked everything meanwhile; the keyspace notices what happens to
// watched keys.

import { WATCHED_KEY_COUNT_MAX } from "../store/shared-watches.ts";
import type { Handler, HandlerTable } from "./call.ts";

/** Keys that a client may have watched since its last EXEC; the same key counts again. */
export const WATCHED_COUNT_MAX = 1024 * 1024;

const multi: Handler = ({ client, reply }) => {
  if (client.queue !== null) return reply.error("ERR MULTI calls can not be nested");
  client.queue = [];
  reply.simple("OK");
};

const exec: Handler = (call) => {
  const { client, keys, reply } = call;
  const queue = client.queue;
  if (queue === null) return reply.error("ERR EXEC without MULTI");
  keys.meetWatched(client);
  const { hasQueueError, isDirty } = client;
  // Before anything is executed: it would be noticed as well.
  keys.unwatch(client);
  if (hasQueueError) {
    reply.error("EXECABORT Transaction discarded because of previous errors.");
  } else if (isDirty) {
    reply.nilArray();
  } else {
    reply.array(queue.length);
    for (const command of queue) call.execute(command);
  }
  client.endTransaction();
};

const discard: Handler = ({ client, keys, reply }) => {
  if (client.queue === null) return reply.error("ERR DISCARD without MULTI");
  keys.unwatch(client);
  client.endTransaction();
  reply.simple("OK");
};

const watch: Handler = ({ args, client, keys, reply }) => {
  if (client.queue !== null) return reply.error("ERR WATCH inside MULTI is not allowed");
  // What is lost already need not be watched.
  const count = client.isDirty ? 0 : args.length - 1;
  if (client.watchedCount + count > WATCHED_COUNT_MAX) {
    return reply.error(`ERR more than ${WATCHED_COUNT_MAX} keys are watched`);
  }
  for (const key of args.slice(1, 1 + count)) {
    if (!keys.watch(client.database, key, client)) {
      return reply.error(`ERR all clients together watch ${WATCHED_KEY_COUNT_MAX} keys already`);
    }
    client.watchedCount++;
  }
  reply.simple("OK");
};

const unwatch: Handler = ({ client, keys, reply }) => {
  keys.unwatch(client);
  client.watchedCount = 0;
  client.isDirty = false;
  reply.simple("OK");
};

export const TRANSACTION_HANDLERS: HandlerTable = { discard, exec, multi, unwatch, watch };
