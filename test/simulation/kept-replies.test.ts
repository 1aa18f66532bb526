// What the simulation is made to find and met first: a reply that waits for those of other threads
// leaves in a later turn than its write.

import { expect, test } from "bun:test";
import { Random } from "../support/random.ts";
import { encodeCommand } from "../support/resp-client.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { SimulatedServer } from "../support/simulated-server.ts";

const KEY_COUNT = 40;

test("a write is not acknowledged when the log fails while its reply waits for another's", () => {
  const disk = new SimulatedDisk(new Random(1));
  const threads = { count: 2, mode: "sharded", foreignLocal: "none" } as const;
  const server = new SimulatedServer({ disk, threads });
  const connection = server.connect(0);
  const { figures } = server.threads[0]!.shards!;
  const isForeign = Array.from({ length: KEY_COUNT }, (_, i) => {
    const { foreignCount } = figures;
    server.ask(connection, encodeCommand(["GET", `k${i}`]));
    return figures.foreignCount > foreignCount;
  });
  const [own, foreign] = [`k${isForeign.indexOf(false)}`, `k${isForeign.indexOf(true)}`];
  connection.feed(encodeCommand(["GET", foreign]), encodeCommand(["SET", own, "value"]));
  server.engineOf(0).turn();
  disk.failAt("sync", 1, "EIO", 1000);
  while (server.stepWriters());
  expect(server.durability.failure()).toBe("EIO");
  server.engineOf(1).turn();
  server.engineOf(0).turn();
  expect(connection.take().toString()).toStartWith("-MISCONF");
});
