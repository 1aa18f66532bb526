// A data thread in a process's only thread, because Bun's profiler sees no other. Arguments: the
// server's options, and before them the path of a file whose appearance stops it: an engine with a
// loop of its own hears no signals while it serves.

import { existsSync } from "node:fs";
import { threadClock } from "../../src/lib/clock.ts";
import { loadLibc } from "../../src/lib/libc.ts";
import { loadOptions } from "../../src/options/options.ts";
import { DataThread, TICK_INTERVAL_MS } from "../../src/server/data-thread.ts";
import { ONLY_THREAD } from "../../src/server/thread-setup.ts";
import { RESP_DEFAULTS } from "../../src/server/resp-options.ts";
import { chooseEngine } from "../../src/server/engine-choice.ts";
import { Arena } from "../../src/store/arena.ts";
import { CommitAhead } from "../../src/store/commit-ahead.ts";
import { STORE_DEFAULTS, reserveStore } from "../../src/store/store-buffers.ts";
import { VERSION } from "../../src/version.ts";

async function main(): Promise<void> {
  const [stopPath, ...args] = process.argv.slice(2);
  const loaded = loadOptions(args, {});
  if (loaded.kind === "print" || stopPath === undefined) throw new Error("this is for profiling");
  const { options } = loaded;

  const store = reserveStore(options.maxMemoryBytes, STORE_DEFAULTS.segmentBits);
  const commitAhead = new CommitAhead(new Arena(store.arena), new Int32Array(store.control));
  const commitMemory = (): void => {
    while (commitAhead.step());
  };
  const libc = loadLibc();
  const { make } = chooseEngine(options.io);
  const threadOptions = {
    ...options,
    version: VERSION,
    configFile: "",
    store,
    resp: RESP_DEFAULTS,
    threads: ONLY_THREAD,
  };
  const seeded = { ...threadOptions, seeds: [1, 2, 3] as const };
  const thread = new DataThread(seeded, threadClock(libc), libc, make, {
    wantMemory: commitMemory,
  });
  commitMemory();
  thread.listen([{ kind: "tcp", host: options.host, port: options.port }]);

  const { loop } = thread.engine;
  if (loop !== null) {
    const leaveWhenAsked = (): void => {
      thread.tick();
      if (existsSync(stopPath)) loop.leave();
    };
    loop.run(TICK_INTERVAL_MS, leaveWhenAsked, () => {});
  }
  while (!existsSync(stopPath)) await Bun.sleep(TICK_INTERVAL_MS);
}

// A profile is only written by a process that ends itself.
process.on("SIGTERM", () => {});
await main();
process.exit(0);
