import { expect, test } from "bun:test";
import { encodeCommand } from "../support/resp-client.ts";
import { ShardGroup } from "../support/shard-group.ts";

test("a long value is counted once, by the thread that writes it to a socket", () => {
  using group = new ShardGroup(2);
  const client = group.servers[0]!.connect();
  const [own, foreign] = [group.keyOf(0), group.keyOf(1)];
  const value = "v".repeat(20_000);
  for (const key of [own, foreign]) client.feed(encodeCommand(["SET", key, value]));
  group.pump();
  client.take();
  const before = group.servers.map(({ thread }) => thread.sends.sentBytes);
  for (const key of [foreign, own]) client.feed(encodeCommand(["GET", key]));
  group.pump();
  const { length } = client.take();
  expect(length).toBeGreaterThan(2 * value.length);
  const after = group.servers.map(({ thread }) => thread.sends);
  expect(after.map(({ sentBytes }, i) => sentBytes - before[i]!)).toEqual([length, 0]);
  expect(after[1]!.vectoredCount).toBe(0);
});
