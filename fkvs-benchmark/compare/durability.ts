// What the log costs: every promise beside redis with the same one, and partitions beside each
// other.
//
// A server of ours writes its log in a thread of its own, redis with appendfsync always in its only
// one. So no server is kept on one CPU: each has all of them, and the client keeps to one, where it
// takes the time of whomever it asks. Nobody makes snapshots or rewrites files: it is the log that
// is measured.

import type { ContestPart } from "./contest-part.ts";
import { FKVS, REDIS, type Contestant } from "./contestant.ts";
import type { Situation } from "./situation.ts";

const CLIENT_COUNTS = [50, 512];
const PIPELINES = [1, 16];
const PARTITION_COUNT = 4;

const SITUATIONS: readonly Situation[] = CLIENT_COUNTS.flatMap((clients) =>
  PIPELINES.map((pipeline) => ({ test: "set", pipeline, clients })),
);
const REMARKS = [
  "No server is kept on one CPU, because fkvs writes its log in a thread of its own.",
  "Nobody makes snapshots or rewrites its files meanwhile.",
];
const RESP_REMARK = "fkvs RESP is the same server, asked as redis is.";

/** `files` is where the servers' files are. */
export function listDurabilityParts(files: string): ContestPart[] {
  const always = fkvsWithLog("fkvs", "--durability", "always");
  const everysec = fkvsWithLog("fkvs", "--durability", "everysec");
  const unlogged = { ...FKVS, name: "fkvs without log" };
  const respUnlogged = { ...inResp(unlogged), name: "fkvs RESP without log" };
  const onePartition = fkvsWithLog("1 partition", "--durability", "always");
  const shardFlags = ["--durability", "always", "--wal-shards", `${PARTITION_COUNT}`];
  const partitions = fkvsWithLog(`${PARTITION_COUNT} partitions`, ...shardFlags);
  const common = { situations: SITUATIONS };
  const place = `files on ${files}`;
  return [
    {
      ...common,
      name: "always",
      section: "durability-always",
      contestants: [always, inResp(always), redisWithLog("always")],
      yardsticks: ["redis"],
      conditions: ["random keys", "`--durability always` and `appendfsync always`", place],
      remarks: [...REMARKS, RESP_REMARK],
    },
    {
      ...common,
      name: "everysec",
      section: "durability-everysec",
      contestants: [
        ...[everysec, inResp(everysec), redisWithLog("everysec")],
        ...[unlogged, respUnlogged],
      ],
      yardsticks: [
        "redis",
        {
          label: "the same without log",
          of: { [everysec.name]: unlogged.name, [inResp(everysec).name]: respUnlogged.name },
        },
      ],
      conditions: ["random keys", "`--durability everysec` and `appendfsync everysec`", place],
      remarks: [...REMARKS, RESP_REMARK],
    },
    {
      ...common,
      name: "shards",
      section: "durability-shards",
      contestants: [onePartition, partitions],
      yardsticks: [onePartition.name],
      conditions: [`random keys, \`--durability always\`, \`--wal-shards\` 1 and 4`, place],
      remarks: REMARKS,
    },
  ];
}

function fkvsWithLog(name: string, ...flags: readonly string[]): Contestant {
  return {
    ...FKVS,
    name,
    command: (port, folder) => [
      ...[...FKVS.command(port, folder), "--dir", folder],
      ...["--snapshot-wal-size", "0", ...flags],
    ],
  };
}

function inResp(contestant: Contestant): Contestant {
  const { name } = contestant;
  return { ...contestant, name: `${name} RESP`, protocol: "resp", sameServerAs: name };
}

function redisWithLog(policy: "always" | "everysec"): Contestant {
  return {
    ...REDIS,
    command: (port, folder) => [
      ...["redis-server", "--port", `${port}`, "--bind", "127.0.0.1", "--save", ""],
      ...["--dir", folder, "--appendonly", "yes", "--appendfsync", policy],
      ...["--auto-aof-rewrite-percentage", "0"],
    ],
  };
}
