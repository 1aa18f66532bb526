// From which length on a value is better sent from where it lies in the arena than copied to the
// send window: whether SPLICE_LENGTH_MIN is right. The two ways of src/protocol/v1-replies.ts,
//
//   copied    header and value to the window; flush = one plain write
//   spliced   header to the window, a region for the value, pinned; flush = one vectored write
//
// over a real TCP connection on the loopback device. What counts is the time until the flush
// returns, which is what the other clients wait for; the reader drains between samples. A sample is
// no more than what the socket takes at once. Values come in random order from more memory than
// caches hold.

import { SendWindows, FLUSH } from "../src/batch/send-windows.ts";
import { assert } from "../src/lib/assert.ts";
import { copyBytes } from "../src/lib/byte-area.ts";
import { TAG, TEXT_HEADER_SIZE, writeTextHeader } from "../src/protocol/v1-replies.ts";
import { KEY_LENGTH, type KeyStream } from "./key-stream.ts";
import { LoopbackConnection } from "./loopback-connection.ts";
import { measureSection, type Budget, type Section, type TimedCase } from "./measurement.ts";
import { StoreStand } from "./store-stand.ts";

const KIB = 1024;
const WINDOW_SIZE = 64 * KIB;
/** The last fills a window with its header. */
const VALUE_SIZES = [1, 2, 4, 8, 16, 32]
  .map((size) => size * KIB)
  .concat(WINDOW_SIZE - TEXT_HEADER_SIZE);
/** A reply alone, and as many as a window has room for. */
const REPLIES_PER_FLUSH = [1, Infinity];
/** Bytes of a sample: what the socket takes while nobody reads. */
const SAMPLE_SIZE = 64 * KIB;
const FILL_SIZE_MAX = 512 * 2 ** 20;
/** The longest values waste nearly half of their blocks. */
const ARENA_SIZE_MAX = 2 * 2 ** 30;
const ARENA_SIZE_MIN = 64 * 2 ** 20;
const CONNECTION = 0;

export async function measureSplice(keyCount: number, budget: Budget): Promise<Section[]> {
  const arenaSize = ARENA_SIZE_MIN + keyCount * 2 * WINDOW_SIZE;
  const stand = new StoreStand(Math.min(arenaSize, ARENA_SIZE_MAX), keyCount);
  const loopback = await LoopbackConnection.open();
  try {
    const sends = makeSendWindows(stand, loopback);
    const sections: Section[] = [];
    for (const size of VALUE_SIZES) {
      sections.push(await measureSize(stand, sends, loopback, size, keyCount, budget));
    }
    assert(stand.store.pins.count === 0, "what was spliced has been sent");
    return sections;
  } finally {
    loopback.close();
  }
}

function makeSendWindows(stand: StoreStand, loopback: LoopbackConnection): SendWindows {
  const options = {
    connectionCount: 1,
    windowSizeBytes: WINDOW_SIZE,
    spareCount: 1,
    limitBytes: 2 ** 20,
  };
  const sends = new SendWindows(options, stand.store, loopback.engine);
  sends.open(CONNECTION);
  return sends;
}

async function measureSize(
  stand: StoreStand,
  sends: SendWindows,
  loopback: LoopbackConnection,
  size: number,
  keyCount: number,
  budget: Budget,
): Promise<Section> {
  const stream = stand.openStream("k", Math.min(keyCount, Math.floor(FILL_SIZE_MAX / size)));
  stand.fill(stream, size);
  const replySize = TEXT_HEADER_SIZE + size;
  const perWindow = Math.floor(WINDOW_SIZE / replySize);
  const cases: TimedCase[] = [];
  for (const wanted of new Set(REPLIES_PER_FLUSH.map((count) => Math.min(count, perWindow)))) {
    const flushCount = Math.max(1, Math.floor(SAMPLE_SIZE / (replySize * wanted)));
    const sample = new Sample(stand, sends, loopback, stream, { wanted, flushCount, size });
    cases.push(sample.asCase("copied"), sample.asCase("spliced"));
  }
  const title = `sending ${Math.ceil(size / KIB)} KiB`;
  const section = await measureSection(title, "reply", cases, budget);
  stand.empty(stream);
  stand.closeStreams();
  return section;
}

interface SampleShape {
  /** Replies a flush. */
  readonly wanted: number;
  readonly flushCount: number;
  readonly size: number;
}

/** Some flushes with replies of values in the order of a stream. */
class Sample {
  readonly #stand: StoreStand;
  readonly #sends: SendWindows;
  readonly #loopback: LoopbackConnection;
  readonly #stream: KeyStream;
  readonly #shape: SampleShape;
  #next = 0;

  constructor(
    stand: StoreStand,
    sends: SendWindows,
    loopback: LoopbackConnection,
    stream: KeyStream,
    shape: SampleShape,
  ) {
    this.#stand = stand;
    this.#sends = sends;
    this.#loopback = loopback;
    this.#stream = stream;
    this.#shape = shape;
  }

  asCase(way: "copied" | "spliced"): TimedCase {
    const { wanted, flushCount, size } = this.#shape;
    const replyCount = wanted * flushCount;
    const reply = way === "copied" ? this.#copy : this.#splice;
    return {
      name: `${way}, ${wanted} a flush`,
      operationCount: replyCount,
      runTimedNs: async () => {
        const entries = this.#findEntries(replyCount);
        const ns = this.#send(entries, reply);
        await this.#loopback.drained(replyCount * (TEXT_HEADER_SIZE + size));
        return ns;
      },
    };
  }

  /** Finding is not measured; the values stay out of the cache. */
  #findEntries(count: number): number[] {
    const { begin, hashes } = this.#stream;
    return Array.from({ length: count }, () => {
      const i = this.#next;
      this.#next = (i + 1) % this.#stream.count;
      return this.#stand.store.find(begin + i * KEY_LENGTH, KEY_LENGTH, hashes[i]!);
    });
  }

  /** Nanoseconds that replying and flushing took. */
  #send(entries: readonly number[], reply: (entry: number) => void): number {
    const { wanted } = this.#shape;
    const beginNs = Bun.nanoseconds();
    for (let i = 0; i < entries.length;) {
      for (let j = 0; j < wanted; j++) reply(entries[i++]!);
      assert(this.#sends.flush(CONNECTION) === FLUSH.SENT, "the socket takes a sample at once");
    }
    return Bun.nanoseconds() - beginNs;
  }

  readonly #copy = (entry: number): void => {
    const { store } = this.#stand;
    const sends = this.#sends;
    const length = store.valueLength(entry);
    const position = sends.reserve(CONNECTION, TEXT_HEADER_SIZE + length);
    writeTextHeader(sends.area.view, position, TAG.VALUE, length);
    const textOffset = position + TEXT_HEADER_SIZE;
    copyBytes(store.area(entry), store.valueOffset(entry), sends.area, textOffset, length);
    sends.ends[CONNECTION] = textOffset + length;
  };

  readonly #splice = (entry: number): void => {
    const sends = this.#sends;
    const position = sends.reserve(CONNECTION, TEXT_HEADER_SIZE);
    writeTextHeader(sends.area.view, position, TAG.VALUE, this.#stand.store.valueLength(entry));
    sends.ends[CONNECTION] = position + TEXT_HEADER_SIZE;
    sends.splice(CONNECTION, entry);
  };
}
