import { describe, expect, test } from "bun:test";
import { loadPlan } from "../../fkvs-benchmark/options.ts";
import { OptionError } from "../../src/options/option-error.ts";

const load = (line: string) => loadPlan(line === "" ? [] : line.split(" "), () => 7);

const EXCLUDED = [
  ["-n 5 --duration 2", "-n and --duration exclude each other: each says how long a test lasts"],
  ["-h ::1 -u /a", "-h and -u exclude each other: each says where to connect to"],
  ["-u -p 1", "-p and -u exclude each other: each says where to connect to"],
  [
    "-r --keyspace 9",
    "-r and --keyspace exclude each other: one takes every key once and the other random ones",
  ],
  ["-q --json", "-q and --json exclude each other: there is one form of output"],
  ["-q --csv", "-q and --csv exclude each other: there is one form of output"],
  ["--json --csv", "--json and --csv exclude each other: there is one form of output"],
  ["--sweep -R 5", "--sweep and -R exclude each other: a sweep finds the rate by itself"],
  ["--sweep -n 5", "--sweep and -n exclude each other: a step of a sweep lasts for --duration"],
  [
    "--sweep --hdr a",
    "--sweep and --hdr exclude each other: a sweep has no latencies of its own, only those of" +
      " its steps",
  ],
  [
    "--pid 1 --no-server-cpu",
    "--pid and --no-server-cpu exclude each other: one names whose CPU time to read and the" +
      " other forbids it",
  ],
] as const;

const NEEDED = [
  [
    "--distribution zipf",
    "--distribution needs --keyspace: it says how often each of that many keys is asked for",
  ],
  ["--preload", "--preload needs --keyspace: it sets each of that many keys"],
  ["--slo 2", "--slo needs --sweep: it is what a sweep's p99 may be"],
  [
    "--keys-per-request 5 -t set,get",
    "--keys-per-request needs the test mget or mset, but -t is set,get",
  ],
  ["--reads 50 -t set,get", "--reads needs the test mixed, but -t is set,get"],
] as const;

const BROKEN = [
  [
    "-r -t set,mixed",
    "-r and the test mixed exclude each other: every request would have a key of its own, so" +
      " that no GET could find what was set (--keyspace gives random keys)",
  ],
  ["--sweep -t set,get", "--sweep measures one test, but -t is set,get"],
  [
    "--proto memcached -t set,incr",
    "-t is set,incr, but memcached has no incr for keys that are not there yet",
  ],
  ...["fkvs", "memcached"].flatMap((protocol) =>
    ["mget", "set,mset"].map(
      (tests) =>
        [
          `--proto ${protocol} -t ${tests}`,
          `-t is ${tests}, but requests of several keys are only made in the protocol resp` +
            " (--proto resp)",
        ] as const,
    ),
  ),
  [
    "-c 3 --threads 4",
    "--threads is 4, but must be at most the number of clients, which is 3 (-c)",
  ],
] as const;

/** The first is allowed, the second is one past it. */
const BOUNDS = [
  ["-c 4 --threads 4", "-c 4 --threads 5", "--threads is 5"],
  [
    "-t set --key-size 5",
    "-t set --key-size 4",
    "--key-size is 4, but must be at least 5: the 4 bytes key: and 1 digits",
  ],
  ["-t incr --key-size 9", "-t incr --key-size 8", "the 8 bytes counter: and 1 digits"],
  [
    "-t set --keyspace 1001 --key-size 8",
    "-t set --keyspace 1001 --key-size 7",
    "the 4 bytes key: and 4 digits",
  ],
  ["-t set -r --key-size 18", "-t set -r --key-size 17", "the 8 bytes 00000007 and 10 digits"],
  [
    "-t incr -r --key-size 26",
    "-t incr -r --key-size 25",
    "the 16 bytes counter:00000007 and 10 digits",
  ],
  [
    "-t set --verify -c 11 --key-size 6",
    "-t set --verify -c 11 --key-size 5",
    "the 4 bytes key: and 2 digits",
  ],
  [
    "--verify --value-size 8",
    "--verify --value-size 7",
    "--value-size is 7, but must be at least 8 with --verify",
  ],
  [
    "--verify --keyspace 32",
    "--verify --keyspace 31",
    "--keyspace is 31, but must be at least the number of clients, 32",
  ],
  [
    "--verify --keyspace 100000000",
    "--verify --keyspace 100000001",
    "--keyspace is 100000001, but may be at most 100000000 with --verify",
  ],
  [
    "--distribution zipf --keyspace 100000000",
    "--distribution zipf --keyspace 100000001",
    "may be at most 100000000 with --distribution zipf",
  ],
  [
    "-t set --key-size 29 --value-size 65500",
    "-t set --key-size 29 --value-size 65501",
    "--key-size 29 and --value-size 65501 together may be at most 65529 bytes",
  ],
  [
    "--proto memcached --key-size 250",
    "--proto memcached --key-size 251",
    "--key-size is 251, but may be at most 250 with memcached",
  ],
  [
    "--proto memcached --value-size 1mb",
    "--proto memcached --value-size 1048577",
    "--value-size is 1048577, but may be at most 1048576 with memcached",
  ],
  ["--proto resp --value-size 16mb", "--proto resp --value-size 16777217", "--value-size is"],
  [
    "--proto resp -t mset -r --keys-per-request 1000 --key-size 21",
    "--proto resp -t mset -r --keys-per-request 1000 --key-size 20",
    "the 8 bytes 00000007 and 13 digits",
  ],
  // 1000 keys of 16 + 64 bytes; values are not sent.
  [
    "--proto resp -t mget --keys-per-request 1000 --value-size 16mb -c 13 -P 1032",
    "--proto resp -t mget --keys-per-request 1000 --value-size 16mb -c 13 -P 1033",
    "lower -c, -P or --value-size, --keys-per-request, or raise --threads",
  ],
  // 16 + 32 + 64 bytes a request, 95 clients in a thread.
  [
    "-c 190 --threads 2 -P 100000",
    "-c 192 --threads 2 -P 100000",
    "96 clients of a thread with 100000 requests each under way need about 1GiB",
  ],
] as const;

describe("what flags must fulfil together", () => {
  for (const [line, message] of [...EXCLUDED, ...NEEDED, ...BROKEN]) {
    test(`refuses ${line}`, () => {
      expect(() => load(line)).toThrow(new OptionError(message));
    });
  }

  for (const [good, bad, message] of BOUNDS) {
    test(`allows ${good} and not ${bad}`, () => {
      expect(load(good).kind).toBe("run");
      expect(() => load(bad)).toThrow(OptionError);
      expect(() => load(bad)).toThrow(message);
    });
  }

  test.each([
    "",
    "--verify -r -t set",
    "--verify --keyspace 100 --distribution zipf:0.5 --preload -t mixed",
    "-t ping --key-size 1",
    "--keyspace 1000000000",
    "-R 5k --duration 3 --warmup 1 --hdr a.hdr",
    "--sweep --slo 2 --duration 4 -r -t set",
    "--sweep --json",
    "-u --threads 2 -k",
    "--proto resp -t ping,set,get,incr,del,mixed --reads 5",
    "--proto memcached -t ping,set,get,del,mixed",
    "--proto resp -t set,mget,mset --keys-per-request 1000 --verify --preload --keyspace 5000",
    "--proto resp -t mget --keys-per-request 500 -R 12000",
  ])("allows %s", (line) => {
    expect(load(line).kind).toBe("run");
  });
});
