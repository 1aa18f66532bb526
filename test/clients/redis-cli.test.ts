// redis-cli: single commands, its statistics, its walks over all keys, mass insertion, and a
// session at a terminal.

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { startClientServer, type ClientServer } from "../support/client-server.ts";
import { describeProgram, runProgram } from "../support/debian-program.ts";
import { encodeCommand, RespClient } from "../support/resp-client.ts";

describeProgram("redis-cli", "redis-tools", (path) => {
  let server: ClientServer;
  let client: RespClient;

  beforeAll(async () => {
    server = await startClientServer();
    client = await RespClient.connect(server.port);
  });

  beforeEach(async () => {
    await client.ask("FLUSHALL");
  });

  afterAll(async () => {
    client[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  async function cli(args: readonly string[], stdin = ""): Promise<string> {
    const ran = await runProgram(path, ["-p", `${server.port}`, ...args], { stdin });
    expect(ran.stderr).toBe("");
    expect(ran.exitCode).toBe(0);
    return ran.stdout;
  }

  async function fill(count: number): Promise<void> {
    const pairs = Array.from({ length: count }, (_, i) => [`key:${i}`, "v".repeat(i + 1)]);
    expect(await client.ask("MSET", ...pairs.flat())).toBe("+OK\r\n");
  }

  test("runs a command and shows its reply", async () => {
    expect(await cli(["set", "a", "1", "ex", "1000"])).toBe("OK\n");
    expect(await cli(["--no-raw", "get", "a"])).toBe('"1"\n');
    expect(await cli(["--no-raw", "mget", "a", "b"])).toBe('1) "1"\n2) (nil)\n');
    expect(await cli(["-3", "--no-raw", "config", "get", "databases"])).toBe(
      '1# "databases" => "16"\n',
    );
    expect(await cli(["-r", "3", "incr", "n"])).toBe("1\n2\n3\n");
    expect(await cli(["-n", "4", "dbsize"])).toBe("0\n");
    expect(await cli(["-x", "set", "in"], "from stdin")).toBe("OK\n");
    expect(await cli(["get", "in"])).toBe("from stdin\n");
    expect(await cli(["--csv", "mget", "a", "b", "n"])).toBe('"1",NULL,"3"\n');
    expect(await cli(["-3", "--json", "mget", "a", "b"])).toBe('["1",null]\n');
  });

  test("reads commands from its standard input", async () => {
    const script = 'set "a b" "x\\ny"\nget "a b"\nmulti\nincr n\nincr n\nexec\nnosuch\n';
    expect(await cli([], script)).toBe(
      "OK\nx\ny\nOK\nQUEUED\nQUEUED\n1\n2\n" +
        "ERR unknown command 'nosuch', with args beginning with: \n\n",
    );
  });

  test("names all keys, and those of a pattern", async () => {
    await fill(300);
    const all = (await cli(["--scan"])).trim().split("\n");
    expect(all.toSorted()).toEqual(Array.from({ length: 300 }, (_, i) => `key:${i}`).toSorted());
    const some = (await cli(["--scan", "--pattern", "key:29?"])).trim().split("\n");
    expect(some).toHaveLength(10);
  });

  test("finds the biggest keys", async () => {
    await fill(50);
    const report = await cli(["--bigkeys"]);
    expect(report).toMatch(/Biggest string found '"?key:49"?' has 50 bytes/);
    expect(report).toMatch(/Sampled 50 keys in the keyspace!/);
    expect(report).toMatch(/50 strings with 1275 bytes \(100\.00% of keys, avg size 25\.50\)/);
  });

  test("finds the keys that take most memory", async () => {
    await fill(50);
    await client.ask("SET", "huge", "x".repeat(100_000));
    const report = await cli(["--memkeys"]);
    expect(report).toMatch(/Biggest string found '"?huge"?' has 1\d{5} bytes/);
    expect(report).toMatch(/Sampled 51 keys in the keyspace!/);
  });

  test("inserts in bulk and counts replies and errors", async () => {
    const commands = Array.from({ length: 5000 }, (_, i) =>
      encodeCommand(["SET", `k${i}`, `${i}`]),
    );
    const bad = encodeCommand(["INCR"]);
    const args = ["-p", `${server.port}`, "--pipe"];
    const { stdout, exitCode } = await runProgram(path, args, {
      stdin: Buffer.concat([...commands, bad]),
    });
    expect(stdout).toMatch(/errors: 1, replies: 5001/);
    expect(exitCode).toBe(1);
    expect(await client.ask("DBSIZE")).toBe(":5000\r\n");
    expect(await client.ask("GET", "k4999")).toBe("$4\r\n4999\r\n");
  });

  test("shows statistics as they go", async () => {
    await fill(7);
    // It does not flush what it writes to a pipe.
    const args = ["-oL", path, "-p", `${server.port}`, "--stat", "-i", "0.1"];
    const { stdout: report } = await runProgram("stdbuf", args, { interruptAfterMs: 1000 });
    expect(report).toMatch(/keys\s+mem\s+clients\s+blocked\s+requests\s+connections/);
    expect(report).toMatch(/^7\s+\d+(?:\.\d+)?[BKMG]\s+\d+\s+0\s+\d+ \(\+\d+\)\s+\d+/m);
  });

  test("measures latency", async () => {
    // Written to a pipe, it measures once.
    expect(await cli(["--latency", "-i", "0.2"])).toMatch(/^\d+ \d+ \d+\.\d+ \d+\n$/);
  });

  test("serves at a terminal, with the help of COMMAND DOCS", async () => {
    const typed = 'set a "1 2"\nget a\nmulti\nget a\nexec\nhelp getdel\nexpire\nquit\n';
    // A terminal that can do nothing: on others what is typed ahead is lost.
    const command = `TERM=dumb ${path} -p ${server.port} --no-raw`;
    const { stdout } = await runProgram("script", ["-qec", command, "/dev/null"], { stdin: typed });
    const refusal = "(error) ERR wrong number of arguments for 'expire' command";
    for (const shown of [
      '> "1 2"',
      "(TX)> QUEUED",
      '1) "1 2"',
      "summary:",
      "delete the key",
      refusal,
    ]) {
      expect(stdout).toInclude(shown);
    }
  });
});
