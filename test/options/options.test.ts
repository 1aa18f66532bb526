import { afterAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { renderHelp } from "../../src/options/command-line.ts";
import { loadOptions } from "../../src/options/options.ts";
import { OptionsStand, faultIn, printed, run } from "../support/options-stand.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

const stand = new OptionsStand();
afterAll(() => stand[Symbol.dispose]());
const { folder, configPath, runFile } = stand;

describe("the defaults", () => {
  test("are those of the table", () => {
    expect(run([]).options).toEqual({
      host: "127.0.0.1",
      port: 5995,
      io: "auto",
      threads: 1,
      mode: "shared",
      foreignLocal: "writes",
      unix: null,
      tcp: true,
      config: null,
      maxClients: 10_000,
      maxMemoryBytes: 6 * GIB,
      windowSizeBytes: 64 * 1024,
      spareWindows: 1024,
      sendLimitBytes: MIB,
      maxValueSizeBytes: 16 * MIB,
      stallTimeoutSeconds: 60,
      insecure: false,
      requirepassFile: null,
      v1Trusted: false,
      enableDebugCommand: false,
      dir: null,
      durability: "everysec",
      recover: "strict",
      walShards: 1,
      walThreads: 1,
      walBatch: 8192,
      walFlushIntervalMs: 10,
      walBufferBytes: 16 * MIB,
      walFileSizeBytes: 256 * MIB,
      walTimeoutMs: 5000,
      snapshotIntervalSeconds: 3600,
      snapshotWalSizeBytes: GIB,
      logLevel: "info",
    });
  });

  test("are frozen, and so is where they are from", () => {
    const { options, sources } = run([]);
    expect(Object.isFrozen(options) && Object.isFrozen(sources)).toBe(true);
  });

  test("find the memory of this machine", () => {
    const loaded = loadOptions([], {});
    if (loaded.kind !== "run") throw new Error("the defaults must run");
    expect(loaded.options.maxMemoryBytes).toBeWithin(16 * MIB, 32 * GIB + 1);
  });
});

describe("precedence", () => {
  test("goes from flag to environment to file to default", () => {
    const file = "port = 3\nmax-clients = 3\nspare-windows = 3";
    const environment = { FKVS_PORT: "2", FKVS_MAX_CLIENTS: "2" };
    const { options, sources } = runFile(file, ["--port", "1"], environment);
    expect([options.port, options.maxClients, options.spareWindows]).toEqual([1, 2, 3]);
    expect(options.stallTimeoutSeconds).toBe(60);
    expect(sources.port).toEqual({ level: "flag", place: "--port" });
    expect(sources.maxClients).toEqual({ level: "environment", place: "FKVS_MAX_CLIENTS" });
    expect(sources.spareWindows).toEqual({ level: "file", place: configPath });
    expect(sources.stallTimeoutSeconds).toEqual({ level: "default", place: "default" });
  });

  test("holds for switches", () => {
    expect(runFile("insecure = true").options.insecure).toBe(true);
    expect(runFile("insecure = true", [], { FKVS_INSECURE: "no" }).options.insecure).toBe(false);
    expect(run(["--insecure"], { FKVS_INSECURE: "0" }).options.insecure).toBe(true);
    expect(run(["--no-tcp", "--unix", "/s"], { FKVS_TCP: "yes" }).options.tcp).toBe(false);
  });

  test("holds for the path of the file", () => {
    writeFileSync(configPath, "port = 7");
    expect(run([], { FKVS_CONFIG: configPath }).options.port).toBe(7);
    const { options } = run(["--config", configPath], { FKVS_CONFIG: "/none" });
    expect([options.port, options.config]).toEqual([7, configPath]);
  });

  test("takes the last of a flag given twice", () => {
    expect(run(["--port", "1", "--port", "2"]).options.port).toBe(2);
  });

  test("does not excuse an invalid value that is overridden", () => {
    expect(faultIn(() => run(["--port", "1"], { FKVS_PORT: "x" }))).toStartWith('FKVS_PORT is "x"');
    expect(faultIn(() => runFile("port = -1", ["--port", "1"]))).toStartWith("port in ");
  });
});

describe("the file", () => {
  test("may give a size as an integer or a string, and an integer only as one", () => {
    expect(runFile("send-limit = 65536").options.sendLimitBytes).toBe(65_536);
    expect(runFile('send-limit = "64kb"').options.sendLimitBytes).toBe(65_536);
    expect(faultIn(() => runFile('port = "5995"'))).toBe(
      `port in ${configPath} is the string "5995", but must be an integer from 0 to 65535`,
    );
  });

  const WRONG: readonly [string, string][] = [
    ["port = 65536", "is 65536"],
    ["port = 1.5", "is 1.5"],
    ["port = nan", "is NaN"],
    ["port = true", "is true"],
    ["port = [1]", "is an array"],
    ["[port]", "is a table"],
    ["port = 2026-11-21", "is the date 2026-11-21"],
  ];
  for (const [toml, given] of WRONG) {
    test(`may not say ${toml}`, () => {
      expect(faultIn(() => runFile(toml))).toBe(
        `port in ${configPath} ${given}, but must be an integer from 0 to 65535`,
      );
    });
  }

  test("is an error when missing, named as its path was given", () => {
    const path = join(folder, "none.toml");
    expect(faultIn(() => run([], { FKVS_CONFIG: path }))).toBe(
      `${path}, named by FKVS_CONFIG, cannot be read (ENOENT: no such file or directory)`,
    );
    expect(faultIn(() => run(["--config", path]))).toStartWith(`${path}, named by --config, `);
  });

  test("is an error when its path is empty", () => {
    expect(faultIn(() => run(["--config="]))).toStartWith("--config is empty");
    expect(faultIn(() => run([], { FKVS_CONFIG: "" }))).toStartWith("FKVS_CONFIG is empty");
  });
});

describe("the environment", () => {
  test("may hold anything without the prefix, and variables that are not set", () => {
    const environment = { PATH: "/bin", PORT: "x", fkvs_port: "x", FKVS: "x", FKVS_X: undefined };
    expect(run([], environment).options.port).toBe(5995);
  });

  const UNKNOWN: readonly [string, string][] = [
    ["FKVS_PROT", ", did you mean FKVS_PORT?"],
    ["FKVS_MAXMEMORY", ", did you mean FKVS_MAX_MEMORY?"],
    ["FKVS_SOMETHING_ELSE", ""],
    ["FKVS_", ""],
  ];
  for (const [name, suggestion] of UNKNOWN) {
    test(`may not hold ${name}`, () => {
      expect(faultIn(() => run([], { [name]: "1" }))).toStartWith(
        `${name} is not a known environment variable${suggestion}`,
      );
    });
  }

  test("may not hold what the command line alone can ask for", () => {
    expect(faultIn(() => run([], { FKVS_HELP: "1" }))).toStartWith("FKVS_HELP is not a known");
  });
});

describe("rules on several options", () => {
  test("name each option as it was written", () => {
    const argv = ["--max-clients", "30000"];
    const fault = faultIn(() => runFile('window-size = "1MiB"', argv));
    expect(fault).toEndWith(`lower --max-clients, spare-windows or window-size in ${configPath}`);
    expect(faultIn(() => run([], { FKVS_HOST: "0.0.0.0" }))).toStartWith("FKVS_HOST is ");
    expect(faultIn(() => runFile('host = "::"'))).toStartWith(`host in ${configPath} is "::"`);
    expect(faultIn(() => run(["--no-tcp"]))).toStartWith("--no-tcp turns TCP off");
    expect(faultIn(() => runFile("tcp = false"))).toStartWith(`tcp in ${configPath} turns`);
  });

  test("let an exposed address through with --insecure", () => {
    expect(run(["--host", "0.0.0.0", "--insecure"]).options.host).toBe("0.0.0.0");
  });

  test("let an exposed address through with a password, from wherever it is", () => {
    const argv = ["--host", "0.0.0.0"];
    expect(run([...argv, "--requirepass-file", "/p"]).options.host).toBe("0.0.0.0");
    expect(run(argv, { FKVS_REQUIREPASS: "secret" }).options.host).toBe("0.0.0.0");
    expect(faultIn(() => run(argv, { FKVS_REQUIREPASS: "" }))).toContain("there is no password");
    const trusted = faultIn(() => run([...argv, "--v1-trusted"], { FKVS_REQUIREPASS: "secret" }));
    expect(trusted).toContain("--v1-trusted serves v1 without the password");
  });
});

describe("requests to print", () => {
  test("give the help and the version, whatever else is set", () => {
    const environment = { FKVS_PORT: "x", FKVS_NONE: "1" };
    expect(printed(["--port", "x", "--help"], environment)).toBe(renderHelp());
    expect(printed(["--version"], environment)).toBe(`fkvs-server ${packageJson.version}\n`);
  });

  test("give the options in effect and where each is from", () => {
    writeFileSync(configPath, "spare-windows = 3");
    const text = printed(["--check-config", "--port", "1", "--config", configPath], {
      FKVS_LOG_LEVEL: "warn",
    });
    expect(text.split("\n").slice(1)).toEqual([
      'host = "127.0.0.1"  # default',
      "port = 1  # --port",
      "# unix is not set  # default",
      "tcp = true  # default",
      `# config = "${configPath}"  # --config`,
      "max-clients = 10000  # default",
      'max-memory = "6GiB"  # default',
      'window-size = "64KiB"  # default',
      `spare-windows = 3  # ${configPath}`,
      'send-limit = "1MiB"  # default',
      'max-value-size = "16MiB"  # default',
      "stall-timeout = 60  # default",
      'io = "auto"  # default',
      "threads = 1  # default",
      'mode = "shared"  # default',
      'foreign-local = "writes"  # default',
      "insecure = false  # default",
      "# requirepass-file is not set  # default",
      "v1-trusted = false  # default",
      "enable-debug-command = false  # default",
      "# dir is not set  # default",
      'durability = "everysec"  # default',
      'recover = "strict"  # default',
      "wal-shards = 1  # default",
      "wal-threads = 1  # default",
      "wal-batch = 8192  # default",
      "wal-flush-interval = 10  # default",
      'wal-buffer = "16MiB"  # default',
      'wal-file-size = "256MiB"  # default',
      "wal-timeout = 5000  # default",
      "snapshot-interval = 3600  # default",
      'snapshot-wal-size = "1GiB"  # default',
      'log-level = "warn"  # FKVS_LOG_LEVEL',
      "",
    ]);
  });

  test("never show the password", () => {
    const environment = { FKVS_REQUIREPASS: "opensesame" };
    for (const request of ["--check-config", "--help"]) {
      expect(printed([request], environment)).not.toContain("opensesame");
    }
    const fault = faultIn(() => run(["--port", "x"], environment));
    expect(fault).not.toContain("opensesame");
  });

  test("give options that, read as a file, are the same", () => {
    const argv = ["--unix", '/a "b" \\ é', "--max-memory", "1g", "--host", "::", "--insecure"];
    const { config: _, ...again } = runFile(printed([...argv, "--check-config"])).options;
    const { config: __, ...first } = run(argv).options;
    expect(again).toEqual(first);
  });

  test("do not check what is wrong", () => {
    expect(faultIn(() => printed(["--check-config", "--port", "x"]))).toStartWith("--port is");
    expect(faultIn(() => printed(["--check-config", "--no-tcp"]))).toStartWith("--no-tcp turns");
  });

  test("leave a misspelt flag beside them an error", () => {
    expect(faultIn(() => printed(["--help", "--prot"]))).toStartWith("--prot is not a known");
  });
});
