import { describe, expect, test } from "bun:test";
import { setUpResp } from "../support/resp-fixture.ts";

function setUp() {
  const { peer, thread } = setUpResp({ threads: { index: 0, count: 2, mode: "shared" } });
  const locks = thread.store.locks!;
  const held: number[] = [];
  const also = locks.alsoSegment.bind(locks);
  locks.alsoSegment = (segment) => {
    held.push(segment);
    also(segment);
  };
  /** Segments that one command took. */
  const segmentsOf = (command: string): number[] => {
    held.length = 0;
    peer.ask(command);
    expect(locks.hasStructure).toBe(false);
    return [...held];
  };
  return { peer, locks, segmentsOf };
}

describe("the locks of a command", () => {
  test("are those of its keys, in ascending order", () => {
    const { segmentsOf } = setUp();
    const [one] = segmentsOf("APPEND a x");
    const [other] = segmentsOf("APPEND b x");
    expect(one).not.toBe(other!);
    const both = segmentsOf("MSETNX c 1 d 2").slice(0, 2);
    expect(both).toEqual([...both].sort((left, right) => left - right));
    const renamed = new Set(segmentsOf("RENAME a b"));
    expect(renamed).toEqual(new Set([one!, other!]));
  });

  test("are of the client's database", () => {
    const { peer, segmentsOf } = setUp();
    const first = segmentsOf("APPEND key x");
    peer.ask("SELECT 3");
    expect(segmentsOf("APPEND key x")).not.toEqual(first);
  });

  test.each(["FLUSHALL", "SCAN 0", "KEYS *", "RANDOMKEY", "COPY a b DB 2", "EXEC"])(
    "are all for %s",
    (command) => {
      const { locks, segmentsOf } = setUp();
      expect(segmentsOf(command).length).toBe(locks.segmentCount);
    },
  );

  test("are none of the segments for what touches no key, or only waits for EXEC", () => {
    const { peer, segmentsOf } = setUp();
    for (const command of ["CLIENT ID", "NONSENSE", "APPEND a", "CONFIG GET port", "MULTI"]) {
      expect({ command, segments: segmentsOf(command) }).toEqual({ command, segments: [] });
    }
    expect(segmentsOf("APPEND a x")).toEqual([]);
    expect(peer.ask("EXEC")).toEqual(["*1\r\n:1\r\n"]);
  });

  test("of DURABLE are those of the command that it is given", () => {
    const { segmentsOf } = setUp();
    expect(segmentsOf("DURABLE ALWAYS APPEND a x")).toEqual(segmentsOf("APPEND a x"));
  });
});
