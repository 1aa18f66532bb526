import { expect, test } from "bun:test";
import { replyHelp } from "../../src/redis/help-reply.ts";
import { createRedisFixture } from "../support/redis-fixture.ts";

test("replyHelp puts the subcommands between the head and HELP itself", () => {
  const lines = ["LEN", "    Return the length."];
  const fixture = createRedisFixture({ log: ({ reply }) => replyHelp(reply, "LOG", lines) });
  expect(fixture.run(fixture.client(), "LOG")).toBe(
    "*5\r\n+LOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n" +
      "+LEN\r\n+    Return the length.\r\n+HELP\r\n+    Prints this help.\r\n",
  );
});
