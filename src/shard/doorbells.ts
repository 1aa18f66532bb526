// Who of the threads sleeps, and how it is woken. Ringing costs a system call or a message, so only
// who says that it sleeps is rung for, and once.
//
//   sleeper: says so ─▶ looks at its rings again ─▶ waits        others: publish ─▶ does it sleep?
//
// One of the two sees what the other has done: nothing that is published is slept over.
//
//   words:   | salt … | SLEEPING, DESCRIPTOR, CLOSED of thread 0 … | of thread 1 … |
//              a cache line each
//
// A thread whose engine waits in the kernel is rung by its eventfd. One that serves from the event
// loop hears a BroadcastChannel: of what wakes an event loop from another thread it was the
// quickest (14 µs; a MessagePort 1.2 ms, Atomics.waitAsync 400 ms), and needs nothing handed over.

const LINE_WORDS = 16;
const SALT = 0;
const SLEEPING = 0;
/** Descriptor + 1; 0 = it is rung by message. */
const DESCRIPTOR = 1;
/** 1 = it stops, and has no clients any more. */
const CLOSED = 2;

export function reserveBells(count: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer((count + 1) * LINE_WORDS * Int32Array.BYTES_PER_ELEMENT);
  // Several servers of one process must not hear each other's messages.
  crypto.getRandomValues(new Int32Array(1)).forEach((salt) => {
    new Int32Array(buffer)[SALT] = salt;
  });
  return buffer;
}

export interface BellHearing {
  /** An eventfd that wakes this thread, −1 = messages do. */
  readonly descriptor: number;
  /** Rings somebody else's eventfd. */
  readonly ringDescriptor: (descriptor: number) => void;
  /** A message has come. */
  readonly heard: () => void;
}

export class Doorbells implements Disposable {
  /** Times that somebody was woken. */
  wakeUpCount = 0;
  readonly #words: Int32Array;
  readonly #line: number;
  readonly #hearing: BellHearing;
  readonly #own: BroadcastChannel | null;
  readonly #channels = new Map<number, BroadcastChannel>();

  constructor(buffer: SharedArrayBuffer, index: number, hearing: BellHearing) {
    this.#words = new Int32Array(buffer);
    this.#line = lineOf(index);
    this.#hearing = hearing;
    Atomics.store(this.#words, this.#line + DESCRIPTOR, hearing.descriptor + 1);
    this.#own = hearing.descriptor >= 0 ? null : this.#openChannel(index);
    if (this.#own !== null) this.#own.onmessage = () => hearing.heard();
  }

  /** This thread is about to wait; it has to look at its rings once more. */
  sleep(): void {
    Atomics.store(this.#words, this.#line + SLEEPING, 1);
  }

  awake(): void {
    if (this.#words[this.#line + SLEEPING] !== 0) {
      Atomics.store(this.#words, this.#line + SLEEPING, 0);
    }
  }

  /** Wakes a thread if it sleeps. */
  wake(thread: number): void {
    const line = lineOf(thread);
    if (Atomics.exchange(this.#words, line + SLEEPING, 0) === 0) return;
    this.wakeUpCount++;
    const descriptor = Atomics.load(this.#words, line + DESCRIPTOR) - 1;
    if (descriptor >= 0) this.#hearing.ringDescriptor(descriptor);
    else this.#channelOf(thread).postMessage(null);
  }

  /** Says that this thread has no clients, and gets none. */
  noteClosed(): void {
    Atomics.store(this.#words, this.#line + CLOSED, 1);
  }

  /** Whether no thread has. */
  haveAllClosed(): boolean {
    for (let line = LINE_WORDS; line < this.#words.length; line += LINE_WORDS) {
      if (Atomics.load(this.#words, line + CLOSED) === 0) return false;
    }
    return true;
  }

  /** Nobody rings any more: a descriptor may soon be another file's. */
  [Symbol.dispose](): void {
    this.awake();
    Atomics.store(this.#words, this.#line + DESCRIPTOR, 0);
    this.#own?.close();
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }

  #channelOf(thread: number): BroadcastChannel {
    let channel = this.#channels.get(thread);
    if (channel === undefined) {
      channel = this.#openChannel(thread);
      this.#channels.set(thread, channel);
    }
    return channel;
  }

  #openChannel(thread: number): BroadcastChannel {
    const channel = new BroadcastChannel(`shard-bell-${this.#words[SALT]! >>> 0}-${thread}`);
    // It keeps no thread running that has nothing else to do.
    channel.unref();
    return channel;
  }
}

function lineOf(thread: number): number {
  return (thread + 1) * LINE_WORDS;
}
