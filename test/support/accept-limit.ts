// A process with few descriptors, in which the io_uring engine accepts as long as it can: prints
// its port, "full" when an accept has failed, and "all" when as many connections as asked have
// come.

import { createUringEngine } from "../../src/net/uring-engine.ts";
import { loadUringLibc } from "../../src/uring/uring-libc.ts";
import { TestHandlers } from "./test-handlers.ts";

const POLL_MS = 5;
const wantedCount = Number(process.argv[2]);
const handlers = new TestHandlers(wantedCount);
const engine = createUringEngine(loadUringLibc()!, handlers.windows, handlers, wantedCount);
const address = engine.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
console.log(address.kind === "tcp" ? address.port : 0);

const openedCount = (): number =>
  handlers.events.filter((event) => event.startsWith("opened ")).length;
let isFull = false;
setInterval(() => {
  if (!isFull && engine.acceptFailureCount() > 0) {
    isFull = true;
    console.log("full");
  }
  if (openedCount() === wantedCount) {
    console.log("all");
    process.exit(0);
  }
  // Whoever has ended is let go, so that there are descriptors again.
  for (const event of handlers.events) {
    if (event.startsWith("ended ")) engine.close(Number(event.slice("ended ".length)));
  }
}, POLL_MS);
