// A session of commands and their replies, for tests of handlers: the replies are compared byte for
// byte. Words are parted by spaces; `""` is the empty one.

import { expect } from "bun:test";
import type { HandlerTable } from "../../src/redis/call.ts";
import type { RedisServer } from "../../src/redis/redis-server.ts";
import { createRedisFixture, type Argument } from "./redis-fixture.ts";

export const OK = "+OK\r\n";
export const NIL = "$-1\r\n";

export const integer = (value: number | bigint | string) => `:${value}\r\n`;
export const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
export const array = (...replies: string[]) => `*${replies.length}\r\n${replies.join("")}`;
export const error = (text: string) => `-${text}\r\n`;

export type Step = readonly [command: string, reply: string];

export function createRedisSession(handlers: HandlerTable, server: Partial<RedisServer> = {}) {
  const fixture = createRedisFixture(handlers, { server });
  const client = fixture.client();
  const run = (...args: readonly Argument[]) => fixture.run(client, ...args);
  return {
    fixture,
    keys: fixture.keys,
    run,
    /** Plays steps one after another. */
    play(...steps: readonly Step[]): void {
      const play = ([command]: Step) => [command, run(...wordsOf(command))];
      expect(steps.map(play)).toEqual(steps.map((step) => [...step]));
    },
    /** Deadline of a key in milliseconds from now, null = none. */
    ttlMs(key: string): number | null {
      const deadlineMs = fixture.keys.find(0, Buffer.from(key))!.deadlineMs;
      return deadlineMs === 0n ? null : Number(deadlineMs) - fixture.keys.nowMs;
    },
  };
}

function wordsOf(command: string): string[] {
  return command.split(" ").map((word) => (word === '""' ? "" : word));
}
