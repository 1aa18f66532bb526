// What a writer notices of a server that has not kept what it promised.

import { expect, test } from "bun:test";
import { SoakWriter } from "../../../bench/soak/soak-writer.ts";
import { DataFolder, connectTo, endServer } from "../../support/data-folder.ts";
import { waitUntil } from "../../support/wait-until.ts";

test("a writer finds its own keys, and one that somebody else has changed", async () => {
  using folder = new DataFolder();
  const writer = new SoakWriter({ name: "w", keyCount: 30, seed: 3, isAlways: true });
  await using server = folder.start(["--durability=always"]);
  const running = writer.run(await server.port());
  await waitUntil(
    () => writer.operationCount > 500,
    () => "500 operations",
  );
  await endServer(server);
  await running;
  writer.noteEnd(true);
  expect(writer.problem).toBe("");

  await using again = folder.start(["--durability=always"]);
  await writer.check(await again.port());
  expect(writer.problem).toBe("");
  using client = await connectTo(again);
  // A counter, which is never deleted.
  expect(await client.ask("INCR", "w:0")).toStartWith(":");
  await writer.check(await again.port());
  expect(writer.problem).toMatch(/^w:0 is "\d+" at \d+ to \d+, and must be "\d+"$/);
  await endServer(again);
});

test("a writer says which reply was an error", async () => {
  using folder = new DataFolder();
  await using server = folder.start(["--durability=always"]);
  using client = await connectTo(server);
  const writer = new SoakWriter({ name: "w", keyCount: 8, seed: 3, isAlways: true });
  await client.ask("SET", "w:0", "no number");
  await writer.run(await server.port());
  expect(writer.problem).toStartWith("INCR of w:0 is answered with");
  await endServer(server);
});
