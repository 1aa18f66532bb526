// Single commands to this server and to Debian's redis-server, that random streams do not make:
// what COMMAND tells of each command, texts of help, and everything that may go wrong.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { describeProgram } from "../support/debian-program.ts";
import { startClientServer, type ClientServer } from "../support/client-server.ts";
import { RealRedis } from "../support/real-redis.ts";
import { RespClient } from "../support/resp-client.ts";
import { contentOf, elementsOf } from "../support/resp-reader.ts";

/** Commands of newer versions, and this server's own. */
const NEWER: readonly string[] = [
  ...["client|no-touch", "client|setinfo"],
  ...["client|durability", "durable"],
];
/** Redis 7.0 knows no IFEQ. */
const DOCUMENTED_OTHERWISE: readonly string[] = ["set"];

const COMMANDS: readonly string[] = [
  ...["OBJECT HELP", "SLOWLOG HELP"],
  ...["SLOWLOG LEN", "SLOWLOG GET 0", "SLOWLOG GET -2", "SLOWLOG GET abc", "SLOWLOG GET 1 2"],
  ...["SLOWLOG RESET", "SLOWLOG FOO", "LATENCY LATEST", "LATENCY FOO", "LATENCY HISTOGRAM nosuch"],
  ...["MEMORY USAGE nosuch", "MEMORY USAGE nosuch SAMPLES 5", "MEMORY USAGE nosuch SAMPLES x"],
  ...["MEMORY USAGE nosuch FOO", "MEMORY FOO", "MEMORY"],
  ...["DEBUG", "DEBUG FOO", "DEBUG SLEEP 0", "DEBUG DIGEST", "DEBUG DIGEST-VALUE a b"],
  ...["DEBUG ERROR abc", "DEBUG SET-ACTIVE-EXPIRE 1", "DEBUG OBJECT nosuch", "DEBUG POPULATE x"],
  ...["CLIENT LIST TYPE foo", "CLIENT LIST FOO", "CLIENT LIST ID abc", "CLIENT LIST ID 99999"],
  ...["CLIENT LIST TYPE pubsub", "CLIENT LIST TYPE master", "CLIENT LIST ID", "CLIENT"],
  ...["CLIENT NO-EVICT", "CLIENT SETNAME", "CLIENT GETNAME x", "CLIENT REPLY", "CLIENT ID 1"],
  ...["COMMAND COUNT x", "COMMAND LIST FILTERBY ACLCAT nosuch", "COMMAND LIST FILTERBY FOO x"],
  ...["COMMAND LIST FILTERBY MODULE x", "COMMAND LIST FILTERBY", "COMMAND INFO nosuch"],
  ...["COMMAND LIST FILTERBY PATTERN getr*", "COMMAND DOCS nosuch", "COMMAND INFO client|nosuch"],
  ...["COMMAND GETKEYS", "COMMAND GETKEYS nosuch a", "COMMAND GETKEYS MSET a"],
  ...["COMMAND GETKEYS GET", "COMMAND GETKEYS PING x", "COMMAND GETKEYS COPY a b DB 1"],
  ...["COMMAND GETKEYS CONFIG GET x", "COMMAND GETKEYS MSET a 1 b 2", "COMMAND GETKEYS DEL a b"],
  ...["BGSAVE FOO", "BGSAVE SCHEDULE x", "SAVE x", "LASTSAVE x", "BGREWRITEAOF x"],
  ...["SCRIPT FLUSH FOO", "SCRIPT FLUSH SYNC", "SCRIPT FOO", "SCRIPT"],
  ...["FUNCTION FLUSH FOO", "FUNCTION FLUSH ASYNC x", "FUNCTION FLUSH ASYNC"],
  ...["SHUTDOWN FOO", "SHUTDOWN ABORT", "SHUTDOWN NOSAVE SAVE", "TIME x", "INFO nosuch"],
  ...["CONFIG SET appendonly", "CONFIG SET databases 20", "CONFIG SET maxmemory abc"],
  ...["CONFIG SET slowlog-max-len 10 slowlog-max-len 20", "CONFIG GET [", "CONFIG RESETSTAT"],
  ...["OBJECT", "OBJECT ENCODING", "CONFIG", "WAIT 0 0 0", "RESET x", "HELLO 3 AUTH a"],
  ...["GETRANGE a 0", "SET a 1 EX", "SET a 1 EX 0", "GETEX a EX 0", "SETEX a 0 1", "PSETEX a -1 1"],
  ...["EXPIRE a 1 NX GT", "EXPIRE a 1 GT LT", "EXPIRE a 1 FOO", "COPY a a", "RENAME nosuch b"],
];

describeProgram("redis-server", "redis-server", () => {
  describe.each([2, 3])("answers alike in RESP%d to", (version) => {
    let redis: RealRedis;
    let server: ClientServer;
    let ours: RespClient;
    let theirs: RespClient;

    beforeAll(async () => {
      redis = await RealRedis.start();
      server = await startClientServer();
      ours = await RespClient.connect(server.port);
      theirs = await RespClient.connect(redis.port);
      for (const client of [ours, theirs]) {
        await client.ask("HELLO", `${version}`);
        // A slow machine would fill it, and may have done so with HELLO already.
        await client.ask("CONFIG", "SET", "slowlog-log-slower-than", "-1");
        await client.ask("SLOWLOG", "RESET");
      }
    });

    afterAll(async () => {
      for (const client of [ours, theirs]) client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    });

    async function expectAlike(...args: string[]): Promise<void> {
      expect({ args, reply: await ours.ask(...args) }).toEqual({
        args,
        reply: await theirs.ask(...args),
      });
    }

    /** Without those that list their subcommands, of which there are fewer here, in any order. */
    async function listCommands(): Promise<string[]> {
      const reply = Buffer.from(await ours.ask("COMMAND", "LIST"), "latin1");
      const names = elementsOf(reply)!.map((element) => contentOf(element).toString());
      const isListing = (name: string) => names.some((other) => other.startsWith(`${name}|`));
      return names.filter((name) => !isListing(name) && !NEWER.includes(name));
    }

    test.each(COMMANDS)("%s", async (line) => {
      await expectAlike(...line.split(" "));
    });

    test("COMMAND INFO of every command", async () => {
      const names = await listCommands();
      expect(names.length).toBeGreaterThan(80);
      for (const name of names) await expectAlike("COMMAND", "INFO", name);
    });

    test("COMMAND DOCS of every command", async () => {
      const names = (await listCommands()).filter((name) => !DOCUMENTED_OTHERWISE.includes(name));
      for (const name of names) await expectAlike("COMMAND", "DOCS", name);
    });

    test("DEBUG PROTOCOL of every type", async () => {
      const types = ["string", "integer", "double", "null", "array", "set", "map", "verbatim"];
      for (const type of [...types, "bignum", "true", "false", "attrib", "push", "nosuch"]) {
        await expectAlike("DEBUG", "PROTOCOL", type);
      }
    });
  });
});
