// A random stream of steps over two connections, that follows from a seed. What it sends has one
// answer only: nothing depends on the time of day, on the order of a hashtable or on luck.
//
// - Deadlines lie far ahead or have passed; relative ones differ by much (redis-arguments.ts).
// - A key that is set with a deadline that has passed is touched at once, so that it is gone.
// - RANDOMKEY is asked of a database with one key at most.

import { Random } from "./random.ts";
import { RedisArguments } from "./redis-arguments.ts";
import { COMMANDS, type CommandMaker } from "./redis-commands.ts";
import { ENDINGS, INLINES, INLINE_WORDS, NOTHINGS } from "./redis-odd-bytes.ts";
import { commandOf, rawRequest, type Request, type Step, type StepMode } from "./redis-request.ts";

export const CONNECTION_COUNT = 2;

const BAG: readonly CommandMaker[] = COMMANDS.flatMap((maker) =>
  Array<CommandMaker>(maker.weight).fill(maker),
);
/** Relative deadlines that come before the end of a stream, or more than once. */
const SOON = /^\d{1,4}$/;

interface Made {
  readonly requests: readonly Request[];
  readonly mode: StepMode;
}

export class RedisStream {
  readonly #random: Random;
  readonly #arguments: RedisArguments;
  /** Which connections have most likely an open transaction. */
  readonly #isInMulti = [false, false];
  #connection = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#arguments = new RedisArguments(this.#random);
  }

  take(count: number): Step[] {
    return Array.from({ length: count }, () => this.#step());
  }

  #step(): Step {
    const random = this.#random;
    if (random.oneIn(6)) this.#connection = random.below(CONNECTION_COUNT);
    const made = this.#make();
    return {
      connection: this.#connection,
      ...made,
      joinsPrevious: random.oneIn(2),
      cutSeed: random.word(),
    };
  }

  #make(): Made {
    const random = this.#random;
    const kind = random.below(40);
    const transactionKinds = this.#isInMulti[this.#connection]! ? 10 : 4;
    if (kind < 4 || kind >= 44 - transactionKinds) return free(this.#transaction());
    if (kind === 4) return free(...this.#randomKey());
    if (kind === 5) return { requests: [this.#scan()], mode: "scan" };
    if (kind === 6) return free(this.#inline());
    if (kind === 7 && random.oneIn(3)) return free(rawRequest(random.pick(NOTHINGS), "none"));
    if (kind === 8 && random.oneIn(2)) return { requests: this.#silence(), mode: "alone" };
    if (kind === 9 && random.oneIn(4)) return this.#ending();
    if (kind === 10 && random.oneIn(4)) return this.#reset();
    return free(...this.#command());
  }

  #transaction(): Request {
    const random = this.#random;
    const isInMulti = this.#isInMulti[this.#connection]!;
    const watch = ["WATCH", ...this.#arguments.keys(2)];
    const words = isInMulti
      ? random.pick([["EXEC"], ["EXEC"], ["EXEC"], ["DISCARD"], ["MULTI"], watch, ["UNWATCH"]])
      : random.pick([["MULTI"], ["MULTI"], ["MULTI"], watch, watch, ["UNWATCH"], ["EXEC"]]);
    const args = random.oneIn(12) ? this.#garble(words) : words;
    if (args === words && words[0] === "MULTI") this.#isInMulti[this.#connection] = true;
    if (args === words && (words[0] === "EXEC" || words[0] === "DISCARD")) {
      this.#isInMulti[this.#connection] = false;
    }
    return commandOf(this.#cased(args));
  }

  #command(): Request[] {
    const random = this.#random;
    const maker = random.pick(BAG);
    let args = maker.make(this.#arguments, random);
    if (!maker.isFixed && random.oneIn(12)) {
      const garbled = this.#garble(args);
      if (!expiresSoon(garbled)) args = garbled;
    }
    const requests = [commandOf(this.#cased(args), maker.likeness)];
    if (/^set$/i.test(args[0]!) && args.some((arg) => /^p?xat$|^exat$/i.test(arg))) {
      requests.push(commandOf(["EXISTS", args[1] ?? ""]));
    }
    return requests;
  }

  /** One argument less, more, twice, or another. */
  #garble(args: readonly string[]): string[] {
    const random = this.#random;
    const at = random.between(1, args.length + 1);
    const kind = random.below(4);
    if (kind === 0) return args.length > 1 ? args.slice(0, -1) : [...args];
    if (kind === 1) return args.toSpliced(at, 0, this.#arguments.word());
    if (kind === 2) return args.toSpliced(at, 0, args[at] ?? this.#arguments.word());
    return args.toSpliced(at, 1, this.#arguments.word());
  }

  /** The name and the words among the arguments in any case. */
  #cased(args: readonly string[]): string[] {
    return args.map((arg, i) =>
      i === 0 || /^[A-Z-]+$/.test(arg) ? this.#arguments.cased(arg) : arg,
    );
  }

  #scan(): Request {
    const random = this.#random;
    const a = this.#arguments;
    const options = [
      ["MATCH", a.pattern()],
      ["COUNT", random.pick(["1", "3", "10", "1000", "0", "-1", "abc"])],
      ["TYPE", random.pick(["string", "STRING", "list", "nosuch"])],
      [a.word()],
    ];
    const count = random.pick([0, 1, 1, 2, 3]);
    const chosen = Array.from({ length: count }, () =>
      random.oneIn(8) ? random.pick(options) : random.pick(options.slice(0, 3)),
    );
    return commandOf(this.#cased(["SCAN", "0", ...chosen.flat()]), "page");
  }

  #randomKey(): Request[] {
    const key = this.#arguments.key();
    const set = this.#random.oneIn(3) ? [] : [commandOf(["SET", key, "1"])];
    return [commandOf(["FLUSHDB"]), ...set, commandOf(["RANDOMKEY"])];
  }

  #inline(): Request {
    const random = this.#random;
    if (random.oneIn(2)) return rawRequest(random.pick(INLINES));
    const words = Array.from({ length: random.between(1, 4) }, () => random.pick(INLINE_WORDS));
    const line = `GET ${words.join(random.pick([" ", "  ", "\t"]))}`;
    return rawRequest(`${line}${random.pick(["\r\n", "\n"])}`);
  }

  /** CLIENT REPLY, from where replies stop to where they come again. */
  #silence(): Request[] {
    const random = this.#random;
    const hidden = Array.from({ length: random.between(1, 4) }, () =>
      commandOf(["INCRBY", this.#arguments.key(), this.#arguments.integer()], "none"),
    );
    const skip = commandOf(["CLIENT", "REPLY", "SKIP"], "none");
    const shown = commandOf(["MGET", "a", "b", "c"]);
    if (random.oneIn(2)) return [skip, hidden[0]!, shown];
    const off = commandOf(["CLIENT", "REPLY", "OFF"], "none");
    const extra = random.oneIn(3) ? [skip] : [];
    return [off, ...hidden, ...extra, commandOf(["CLIENT", "REPLY", "ON"]), shown];
  }

  #reset(): Made {
    this.#isInMulti[this.#connection] = false;
    const hello = commandOf(["HELLO", this.#random.pick(["2", "3"])], "hello");
    return free(commandOf(["RESET"]), ...(this.#random.oneIn(2) ? [hello] : []));
  }

  #ending(): Made {
    this.#isInMulti[this.#connection] = false;
    return { requests: [rawRequest(this.#random.pick(ENDINGS))], mode: "fatal" };
  }
}

function free(...requests: Request[]): Made {
  return { requests, mode: "free" };
}

/** A garbled command must not set a deadline that comes before the end of the stream. */
function expiresSoon(args: readonly string[]): boolean {
  const words = args.map((arg) => arg.toLowerCase());
  if (words.some((word, i) => /^p?ex$|^px$/.test(word) && SOON.test(words[i + 1] ?? ""))) {
    return true;
  }
  return /^p?expire$|^p?setex$/.test(words[0]!) && SOON.test(words[2] ?? "");
}
